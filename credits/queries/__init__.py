"""Reading credits, by the clock: what is overdue counts as expired whether or not a sweep has written it off yet."""

from .figures import (
    Figures,
    free_by_contact,
    free_by_type,
    free_of_type,
    get_type,
    holders,
    next_end,
    type_figures,
    types,
    types_for,
    types_held,
    types_with_figures,
)
from .lots import MOST_LOTS, LotView, Payer, Payment, TypeSection, get_lot, lots_made_by, payers, section
from .movements import Activity, Line, Reversible, activity, get_entry, line, reversible

__all__ = [
    "MOST_LOTS",
    "Activity",
    "Figures",
    "Line",
    "LotView",
    "Payer",
    "Payment",
    "Reversible",
    "TypeSection",
    "activity",
    "free_by_contact",
    "free_by_type",
    "free_of_type",
    "get_entry",
    "get_lot",
    "get_type",
    "holders",
    "line",
    "lots_made_by",
    "next_end",
    "payers",
    "reversible",
    "section",
    "type_figures",
    "types",
    "types_for",
    "types_held",
    "types_with_figures",
]

"""Credits that end, soonest first: the list behind what the dashboard says of the weeks to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from contacts.views.lookup import contact_url
from credits import wording
from credits.forms import DayField
from credits.models import CreditType
from credits.queries.account_ends import EndingLot, ending_lots, ends
from credits.queries.account_movements import types_moved
from simplero.lib.moments import day
from simplero.tenancy.scope import today
from simplero.web.access import staff
from simplero.web.http import StaffRequest

AHEAD = 365
"""Days that are shown at most, and the sum of which is asked for."""

USUAL = 30


class EndingFilterForm(forms.Form):
    """Credits of which types, and good through which days."""

    type = forms.ChoiceField(label="Credit type", required=False)
    since = DayField(label="Good through, from", required=False)
    until = DayField(label="Through", required=False)

    def __init__(self, data: Any, *, types: Sequence[CreditType], today: date) -> None:
        super().__init__(data)
        self.today = today
        self.types = {str(one.public_id): one for one in types}
        self.fields["type"].choices = [  # type: ignore[attr-defined]
            ("", "All types"),
            *((key, wording.capital(one.name)) for key, one in self.types.items()),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        until = cleaned.get("until")
        if until and until > self.today + timedelta(AHEAD):
            self.add_error("until", f"Choose a day within {AHEAD} days.")
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """As `ending_lots` takes it: without days, the next USUAL ones."""
        self.is_valid()
        cleaned = self.cleaned_data
        return {
            "credit_type": self.types.get(cleaned.get("type") or ""),
            "since": max(cleaned.get("since") or self.today, self.today),
            "until": cleaned.get("until") or self.today + timedelta(USUAL),
        }


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    email: str
    url: str
    lot: EndingLot
    unit: str
    until: str
    when: str


@staff(can="credits.read")
@require_safe
def ending_list(request: StaffRequest) -> HttpResponse:
    this_day = today(request.account)
    form = EndingFilterForm(request.GET, types=types_moved(request.account), today=this_day)
    chosen = form.chosen()
    page = ending_lots(request.account, **chosen, cursor=request.GET.get("later", ""))
    wanted = chosen["credit_type"]
    sums: dict[int, int] = {}
    for one in ends(request.account, until=chosen["until"]):
        if one.last_good_day >= chosen["since"] and (wanted is None or one.credit_type_id == wanted.pk):
            sums[one.credit_type_id] = sums.get(one.credit_type_id, 0) + one.amount
    here = reverse("credits:ends", args=[request.account.slug])
    asked = request.GET.copy()
    asked.pop("later", None)
    first = f"{here}?{asked.urlencode()}" if asked else here
    asked["later"] = page.later
    context = {
        "form": form,
        "rows": [
            Row(
                name=lot.contact.name,
                email=lot.contact.email,
                url=contact_url(request, lot.contact),
                lot=lot,
                unit=wording.unit(lot.amount, lot.credit_type),
                until=wording.capital(wording.good(lot.last_good_day, today=this_day)),
                when=_ahead((lot.last_good_day - this_day).days),
            )
            for lot in page.lots
        ],
        "sums": [(one, sums[one.pk], wording.unit(sums[one.pk], one)) for one in form.types.values() if one.pk in sums],
        "total": sum(sums.values()),
        "since": day(chosen["since"], today=this_day),
        "until": day(chosen["until"], today=this_day),
        "here": here,
        "first": first if request.GET.get("later") else "",
        "later": f"{here}?{asked.urlencode()}" if page.later else "",
    }
    return TemplateResponse(request, "credits/ending_list.html", context, status=200 if form.is_valid() else 422)


def _ahead(days: int) -> str:
    return {0: "today is the last day", 1: "tomorrow is the last day"}.get(days, f"{days} days left")

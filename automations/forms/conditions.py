"""Only if: what must be true of a contact, chosen one condition a row. Steps and triggers ask for it with the same fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from automations.conditions import MOST
from automations.queries import choices
from credits.errors import MOST as MOST_CREDITS
from credits.forms import WholeNumberField
from simplero.tenancy.models import Account

from .choices import ChosenField

HOLDS: dict[str, tuple[str, bool, tuple[str, ...]]] = {
    "tag": ("tag", True, ("tag",)),
    "not-tag": ("tag", False, ("tag",)),
    "credits": ("credits", True, ("least", "credit_type")),
    "not-credits": ("credits", False, ("least", "credit_type")),
    "bought": ("bought", True, ("product",)),
    "not-bought": ("bought", False, ("product",)),
}
"""What may be said of a contact: the kind of condition, which way round, and the fields that belong to it."""

LABELS = (
    ("tag", "has the tag"),
    ("not-tag", "does not have the tag"),
    ("credits", "has at least so many credits"),
    ("not-credits", "has fewer credits than"),
    ("bought", "has bought"),
    ("not-bought", "has not bought"),
)

SPARE = 4
"""Rows left to fill in, beyond those that are."""


class ConditionForm(forms.Form):
    """One condition, or none. What stands in fields that belong to another choice says nothing."""

    use_required_attribute = False  # a browser would ask for the fields of other choices too

    holds = forms.ChoiceField(label="The contact", error_messages={"invalid_choice": "Choose a condition."})
    least = WholeNumberField(most=MOST_CREDITS, label="Number of credits", initial=1)

    def __init__(
        self,
        data: Any = None,
        *,
        account: Account,
        offered: "Offered",
        said: Mapping[str, Any] | None = None,
        prefix: str | None = None,
        blank: str = "No condition",
    ) -> None:
        super().__init__(data, initial=_fields(said), prefix=prefix)
        self.fields["holds"].choices = [("", blank), *LABELS]  # type: ignore[attr-defined]
        self.fields["tag"] = ChosenField(
            label="Tag",
            offered=offered.tags,
            missing="Choose a tag.",
            none="There is no tag yet. Put one on a contact first.",
        )
        self.fields["credit_type"] = ChosenField(
            label="Credit type",
            offered=offered.credit_types,
            missing="Choose a credit type.",
            none="There is no type of credit in use.",
        )
        self.fields["product"] = ChosenField(
            label="Product",
            offered=offered.products,
            missing="Choose a product.",
            none="There is no product yet.",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        wanted = HOLDS[cleaned["holds"]][2] if cleaned.get("holds") else ()
        for name in ("least", "tag", "credit_type", "product"):
            if name not in wanted:
                self.errors.pop(name, None)
        if not self["holds"].value():
            self.errors.pop("holds", None)
        return cleaned

    def said(self) -> dict[str, Any] | None:
        """The condition as it is kept (automations.conditions); None of an empty row."""
        if not self.cleaned_data.get("holds"):
            return None
        kind, way, fields = HOLDS[self.cleaned_data["holds"]]
        return {"kind": kind, **{name: self.cleaned_data[name] for name in fields}, "is": way}


class Offered:
    """What the rows of a form have to choose from, asked for once."""

    def __init__(self, account: Account) -> None:
        self.tags = choices.tags(account)
        self.credit_types = choices.credit_types(account)
        self.products = choices.products(account)


def _fields(said: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the fields of a row hold that says `said`."""
    if not said:
        return {}
    holds = said["kind"] if said["is"] else f"not-{said['kind']}"
    return {**said, "holds": holds}


class ConditionForms:
    """The rows of one form: as many as are filled in, and some to spare. In a template: `automations/_conditions.html`.

    With `required` there must be one. `said` are the conditions to begin with.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        account: Account,
        said: Sequence[Mapping[str, Any]] = (),
        required: bool = False,
        prefix: str = "if",
    ) -> None:
        self.required, self.bound, offered = required, data is not None, Offered(account)
        kept = list(said)
        sent = sum(f"{prefix}{row}-holds" in data for row in range(MOST)) if data is not None else len(kept)
        self.rows = [
            ConditionForm(
                data if data is not None and f"{prefix}{row}-holds" in data else None,
                account=account,
                offered=offered,
                said=kept[row] if row < len(kept) else None,
                prefix=f"{prefix}{row}",
                blank="Choose a condition" if required and not row else "No condition",
            )
            for row in range(min(MOST, max(sent, len(kept) + SPARE)))
        ]

    def is_valid(self) -> bool:
        """Asks every row, so that each says what is wrong with it."""
        valid = [row.is_valid() for row in self.rows if row.is_bound]
        if all(valid) and self.required and not self.said():
            self.rows[0].add_error("holds", "Choose a condition.")
            return False
        return self.bound and all(valid)

    def said(self) -> list[dict[str, Any]]:
        """The conditions as they are kept, those of empty rows left out."""
        found = (row.said() for row in self.rows if row.is_bound)
        return [one for one in found if one is not None]

    @property
    def filled(self) -> int:
        """How many rows are shown from the beginning: those that say something, and one at least."""
        said = [at for at, row in enumerate(self.rows, 1) if row["holds"].value() or row.errors]
        return max(said, default=1)

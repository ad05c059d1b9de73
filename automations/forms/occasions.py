"""What narrows an occasion down: the fields that it has (automations.occasions). Triggers and waits ask for it with the same form."""

from collections.abc import Mapping
from typing import Any

from django import forms

from automations.occasions import HOW, Occasion
from automations.queries import choices
from credits.errors import MOST
from credits.forms import WholeNumberField
from simplero.tenancy.models import Account

from .choices import ChosenField

MOST_DAYS = 366
"""Before credits expire."""


class OccasionForm(forms.Form):
    """The fields of one occasion, those it needs required; left empty, the others mean any.

    `settings` are what was kept. A price says its product too, so where there is one, no product is asked for.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        account: Account,
        occasion: Occasion,
        settings: Mapping[str, Any] | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(data, initial=dict(settings or {}), prefix=prefix)
        self.occasion = occasion
        for name in occasion.fields:
            if name == "product" and "price" in occasion.fields:
                continue
            self.fields[name] = _FIELDS[name](account, name in occasion.needs)
        self._product_of = {}
        if "price" in occasion.fields:
            self._product_of = choices.product_of_price(account)

    def settings(self) -> dict[str, Any]:
        """The occasion's settings as they are kept: what was left empty is left out."""
        said = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", False)}
        if "price" in said:
            said["product"] = self._product_of[said["price"]]
        return said


def _product(account: Account, required: bool) -> forms.Field:
    return ChosenField(
        label="Product",
        offered=choices.products(account),
        required=required,
        blank="" if required else "Any product",
        missing="Choose a product.",
        none="There is no product yet.",
    )


def _price(account: Account, required: bool) -> forms.Field:
    return ChosenField(
        label="Price",
        offered=choices.prices(account),
        required=required,
        blank="" if required else "Any price",
        missing="Choose a price.",
        none="No product has a price yet.",
    )


def _tag(account: Account, required: bool) -> forms.Field:
    return ChosenField(
        label="Tag",
        offered=choices.tags(account),
        required=required,
        blank="" if required else "Any tag",
        missing="Choose a tag.",
        none="There is no tag yet. Put one on a contact first.",
    )


def _credit_type(account: Account, required: bool) -> forms.Field:
    return ChosenField(
        label="Credit type",
        offered=choices.credit_types(account),
        required=required,
        blank="" if required else "Any type",
        missing="Choose a credit type.",
        none="There is no type of credit in use.",
    )


def _automation(account: Account, required: bool) -> forms.Field:
    return ChosenField(
        label="Automation",
        offered=choices.automations(account),
        required=required,
        blank="" if required else "Any automation",
        missing="Choose an automation.",
        none="There is no automation yet.",
    )


def _n(account: Account, required: bool) -> forms.Field:
    return WholeNumberField(
        most=MOST, label="Credits left", required=required, help_text="When so many or fewer are left."
    )


def _days(account: Account, required: bool) -> forms.Field:
    return WholeNumberField(most=MOST_DAYS, label="Days before", required=required)


def _first(account: Account, required: bool) -> forms.Field:
    return forms.BooleanField(label="Only the first time a contact buys it", required=False)


def _how(account: Account, required: bool) -> forms.Field:
    return forms.ChoiceField(
        label="How it ends",
        choices=[("", "In any way"), *((code, f"It {words}") for code, words in HOW.items())],
        required=required,
        error_messages={"invalid_choice": "Choose how it ends."},
    )


_FIELDS = {
    "product": _product,
    "price": _price,
    "tag": _tag,
    "credit_type": _credit_type,
    "automation": _automation,
    "n": _n,
    "days": _days,
    "first": _first,
    "how": _how,
}

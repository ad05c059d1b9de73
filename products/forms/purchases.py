"""What staff typed of purchases, parsed and refused in words. What can be given back, and what is offered, services say."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from credits.forms import NOTE, DayField, OnceForm, text_field
from products.models import Product, State
from products.queries.offering import Choice
from products.queries.sales import Filter
from simplero.web.forms import seen_field

from .catalogue import MoneyField, units_field

LONGEST_SEARCH = 200  # characters


class FilterForm(forms.Form):
    """Which purchases; everything unless said otherwise."""

    q = forms.CharField(
        label="Contact",
        required=False,
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Name, email or reference", "autocomplete": "off"}
        ),
    )
    state = forms.ChoiceField(label="State", choices=[("", "All"), *State.choices], required=False)
    paid_with = forms.ChoiceField(
        label="Paid with",
        choices=[("", "Anything"), ("money", "Money"), ("credits", "Credits"), ("free", "Nothing (free)")],
        required=False,
    )
    since = DayField(label="From", required=False)
    until = DayField(label="Through", required=False)

    field_order = ("q", "product", "state", "paid_with", "since", "until")

    def __init__(self, data: Any, *, products: Sequence[Product]) -> None:
        super().__init__(data)
        self.products = {str(one.public_id): one for one in products}
        self.fields["product"] = forms.ChoiceField(
            label="Product",
            choices=[("", "All"), *((key, one.name) for key, one in self.products.items())],
            required=False,
        )
        self.order_fields(self.field_order)

    def wanted(self, **more: Any) -> Filter:
        """What is not valid filters nothing; the form says so beside it."""
        self.is_valid()
        cleaned = self.cleaned_data
        return Filter(
            state=cleaned.get("state", ""),
            product=self.products.get(cleaned.get("product") or ""),
            paid_with=cleaned.get("paid_with", ""),
            text=cleaned.get("q", "").strip(),
            since=cleaned.get("since"),
            until=cleaned.get("until"),
            **more,
        )


class AddForm(OnceForm):
    """A purchase by hand. `price` names a way to pay by any of its tiers: which one applies, the quantity decides."""

    seen = seen_field()  # what was shown: price, quantity and total
    quantity = units_field("Quantity", required=True)
    paid = forms.BooleanField(label="It is paid already", required=False)

    def __init__(self, data: Any = None, *, choices: Sequence[tuple[Choice, str]], initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        wrong = "Choose a price."
        self.fields["price"] = forms.ChoiceField(
            label="Price",
            choices=[(_value(choice), label) for choice, label in choices],
            widget=forms.RadioSelect,
            error_messages={"required": wrong, "invalid_choice": wrong},
        )

    def value(self, name: str) -> Any:
        """What stands in a field, cleaned; None when that is nothing valid."""
        try:
            return self.fields[name].clean(self[name].value())
        except ValidationError:
            return None


def _value(choice: Choice) -> str:
    """What stands for a way to pay in the form: its lowest tier, which stays while the quantity changes."""
    return str(choice.tiers[0].price.public_id)


class RefundForm(OnceForm):
    """What goes back: money, in full, in part or not at all; and credits."""

    FULL, PART, NOTHING = "full", "part", "none"

    seen = seen_field()  # what was shown: what is left of the money, and of the credits
    withdraw = forms.BooleanField(required=False, initial=True)
    cancel = forms.BooleanField(label="Cancel the purchase too: nothing more is charged", required=False)
    note = text_field(
        most=NOTE, what="The reason", rows=2, label="Reason", required=False, help_text="Only staff read it."
    )

    field_order = ("money", "amount", "way", "withdraw", "cancel", "note")

    def __init__(
        self,
        data: Any = None,
        *,
        left: int,
        currency: str,
        whole: str,
        ways: Sequence[tuple[str, str]],
        withdrawing: str,
        cancels: bool,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={"money": self.FULL, **(initial or {})})
        if left:
            self.fields["money"] = forms.ChoiceField(
                label="Money",
                choices=[(self.FULL, f"All of it, {whole}"), (self.PART, "A part of it"), (self.NOTHING, "Don't touch the money")],
                widget=forms.RadioSelect,
                error_messages={"required": "Say whether money goes back."},
            )  # fmt: skip
            leave = " To leave the credits with the customer, untick the box below." if withdrawing else ""
            self.fields["amount"] = MoneyField(
                currency=currency,
                label="Amount",
                help_text=f"At most {whole}.{leave}",
            )
            self.fields["way"] = forms.ChoiceField(
                label="How it goes back",
                choices=ways,
                widget=forms.RadioSelect,
                initial=ways[0][0],
                error_messages={"required": "Say how it goes back."},
            )
        self.left = left
        if withdrawing:
            self.fields["withdraw"].label = withdrawing
        else:
            del self.fields["withdraw"]
        if not cancels:
            del self.fields["cancel"]
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        money = cleaned.get("money", self.NOTHING)
        if money == self.PART:
            if not str(self.data.get("amount", "")).strip():
                self.errors.pop("amount", None)
                self.add_error("amount", "Enter the amount that goes back.")
        else:
            self.errors.pop("amount", None)  # what another choice has hidden says nothing
            cleaned["amount"] = self.left if money == self.FULL else 0
        if money == self.NOTHING:
            self.errors.pop("way", None)
        cleaned.setdefault("way", "outside")
        return cleaned


class RetryRuleForm(forms.Form):
    """What happens when a renewal cannot be charged."""

    MOST_RETRIES, FURTHEST, LONGEST = 8, 60, 90  # days

    retry_after = forms.CharField(
        label="Try the charge again after",
        help_text="Days after the first charge that failed, such as 1, 3, 5. Left empty, it is not tried again.",
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    give_up_after = forms.IntegerField(
        label="Give up after",
        help_text="Days that the subscription is delinquent. Then it has failed, and the customer has to buy it again.",
        min_value=1,
        max_value=LONGEST,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), f"Enter a number of days from 1 to {LONGEST}."
        ),
    )

    def clean_retry_after(self) -> list[int]:
        words = self.cleaned_data["retry_after"].replace(",", " ").split()
        wrong = f"Enter at most {self.MOST_RETRIES} numbers of days from 1 to {self.FURTHEST}, each later than the one before."
        if not all(word.isascii() and word.isdigit() and len(word) < 4 for word in words):
            raise ValidationError(wrong)
        days = [int(word) for word in words]
        if (
            len(days) > self.MOST_RETRIES
            or days != sorted(set(days))
            or any(not 1 <= day <= self.FURTHEST for day in days)
        ):
            raise ValidationError(wrong)
        return days

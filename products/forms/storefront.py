"""What customers typed into an order or a test card, parsed. What an order may be is decided by `services.ordering`."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from contacts.directory import Details
from contacts.forms import detail_field
from credits.forms import WholeNumberField
from products.models import Product
from products.queries import offering


class QuantityField(WholeNumberField):
    """How many of a product are bought at once, within its limits."""

    def __init__(self, product: Product) -> None:
        self.least, most = offering.smallest(product), offering.largest(product)
        span = f"from {self.least:,} to {most:,}" if self.least < most else f"that is {most:,}"
        super().__init__(most=most, wrong=f"Enter a whole number {span}.", label="Quantity")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "min": self.least}

    def to_python(self, value: Any) -> int | None:
        number = super().to_python(value)
        if number is not None and number < self.least:
            raise ValidationError(self.wrong, code="whole")
        return number


class ChoosingForm(forms.Form):
    """Which price, how many and how to pay, as an address says it; a part that cannot be is as good as none."""

    price = forms.UUIDField(required=False)
    quantity = forms.Field(required=False)
    gateway = forms.CharField(required=False)

    def __init__(self, data: Any, *, product: Product, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["quantity"] = QuantityField(product)


class OrderForm(ChoosingForm):
    """An order as it is sent. Who has not signed in says who they are."""

    def __init__(self, data: Any, *, product: Product, signed_in: bool, **more: Any) -> None:
        super().__init__(data, product=product, **more)
        if not signed_in:
            self.fields["name"] = detail_field("name", label="Your name", widget=_text(autocomplete="name"))
            self.fields["email"] = detail_field(
                "email",
                label="Email",
                widget=_text(autocomplete="email", inputmode="email", spellcheck="false"),
                help_text="Your receipt goes there.",
            )

    def clean_email(self) -> str:
        address: str = self.cleaned_data["email"]
        if not address:
            raise ValidationError("Enter your email address.", code="required")
        return address

    def details(self) -> Details | None:
        """Who buys, of somebody who has not signed in."""
        if "name" not in self.fields:
            return None
        return Details(name=self.cleaned_data["name"], email=self.cleaned_data["email"])


class TestCardForm(forms.Form):
    """A card number for the provider that moves no money; `step`, that the bank's other step was taken."""

    __test__ = False  # pytest would take the name for a test's

    number = forms.CharField(
        label="Card number",
        max_length=40,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": "4242 4242 4242 4242"}
        ),
        error_messages={"required": "Enter one of the test cards."},
    )
    step = forms.BooleanField(required=False, widget=forms.HiddenInput)


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs=attrs)

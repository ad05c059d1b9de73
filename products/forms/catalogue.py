"""What staff typed of products and prices, parsed and refused in words. Rules between products are the services'."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from credits.forms import ExpiryFields, TypeChoiceField, WholeNumberField, of_expiry, text_field
from products import descriptions
from products.models import Kind, Price, PriceKind, Product
from products.models.catalogue import MOST_MINOR, MOST_UNITS, PERIODS
from products.services.catalogue import SLUG, Details, Terms
from simplero.lib import money
from simplero.lib.refusals import Refusal
from simplero.web.forms import KeyField, TextField, seen_field

if TYPE_CHECKING:
    from credits.models import CreditType

NAME, SUMMARY = 120, 200  # characters
MOST_PERIODS = 100  # of a recurring price: every 100 weeks

Offered = Sequence[tuple["CreditType", str]]
"""The credit types one may choose, each with its label."""


class MoneyField(forms.CharField):
    """An amount of `currency` as people write it; cleaned it is in minor units, None when left empty."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        self.currency = currency
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "spellcheck": "false"})
        super().__init__(widget=widget, **kwargs)

    def clean(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text and not self.required:
            return None
        try:
            return money.minor(text, self.currency, most=MOST_MINOR)
        except Refusal as refusal:
            raise ValidationError(refusal.wording) from None


def units_field(label: str, *, required: bool = False, **kwargs: Any) -> WholeNumberField:
    wrong = f"Enter a whole number from 1 to {MOST_UNITS:,}{'' if required else ', or leave it empty'}."
    return WholeNumberField(most=MOST_UNITS, wrong=wrong, label=label, required=required, **kwargs)


def name_field(label: str = "Product name") -> TextField:
    return text_field(most=NAME, what="The name", label=label, missing="Enter a name.")


class ProductAddForm(forms.Form):
    """A new product of one kind: what it is called and, if it is to have one already, its price."""

    key = KeyField()
    name = name_field()

    def __init__(self, data: Any = None, *, kind: str, currency: str, offered: Offered) -> None:
        super().__init__(data)
        self.kind = kind
        of_credits = kind == Kind.CREDIT
        if of_credits:
            self.fields["included"] = units_field(
                "Number of credits included", help_text="Left empty, the customer chooses how many."
            )
        self.fields["price"] = MoneyField(
            currency=currency,
            required=False,
            label="Price per credit" if of_credits else "Price",
            help_text=f"In {currency}. More prices can be added later.",
        )
        if of_credits:
            self.fields["credit_type"] = TypeChoiceField(
                label="Credit type", offered=offered, blank="Choose a type" if len(offered) > 1 else ""
            )

    def command(self) -> dict[str, Any]:
        """As `services.add_product` takes it."""
        data = self.cleaned_data
        return {
            "kind": self.kind,
            "name": data["name"],
            "credit_type": data.get("credit_type"),
            "included": data.get("included"),
            "amount": data["price"],
            "key": data["key"],
        }


class ProductForm(ExpiryFields):
    """Product → Settings → Product."""

    seen = seen_field()
    name = name_field()
    slug = forms.CharField(
        label="Address",
        max_length=200,
        help_text="The end of its address in your shop. Old links stop working when you change it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": f"Enter an address of at most {SLUG} characters, such as pack-of-5."},
    )
    summary = text_field(
        most=SUMMARY, what="The summary", label="Summary", required=False, help_text="One line under its name in your shop."
    )  # fmt: skip
    description = text_field(
        most=descriptions.LONGEST,
        what="The description",
        rows=9,
        label="Description",
        required=False,
        help_text="Leave an empty line between paragraphs. **bold**, *italic*, # heading, - list item, [words](https://link).",
    )
    included = units_field("Number of credits included", help_text="Left empty, the customer chooses how many.")
    minimum = units_field("Minimum quantity")
    maximum = units_field("Maximum quantity")

    def __init__(self, data: Any = None, *, product: Product) -> None:
        details = Details.of(product)
        written = {field: getattr(details, field) for field in Details.__slots__ if field != "expiry"}
        super().__init__(data, initial={**written, **of_expiry(product.expiry), "seen": details.seal})
        if product.kind == Kind.CREDIT:
            self.fields["minimum"].help_text = self.fields["maximum"].help_text = "Counts credits."
        else:
            del self.fields["included"]

    def details(self) -> Details:
        written: dict[str, Any] = {field: self.cleaned_data.get(field) for field in Details.__slots__}
        return Details(**written)


class PictureForm(forms.Form):
    picture = forms.FileField(
        label="Picture",
        help_text="JPEG, PNG, WebP or GIF, at most 8 MB. Wide ones look best.",
        error_messages={"required": "Choose a picture.", "empty": "This file is empty. Choose a picture."},
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )


class IncludeForm(ExpiryFields):
    """Credits that a product issues besides its own units."""

    amount = units_field("Number of credits", required=True, initial=1)

    field_order = ("amount", "credit_type", "good_for", "span", "span_unit")

    def __init__(self, data: Any = None, *, offered: Offered) -> None:
        super().__init__(data)
        self.fields["credit_type"] = TypeChoiceField(
            label="Credit type", offered=offered, blank="Choose a type" if len(offered) > 1 else ""
        )
        self.order_fields(self.field_order)


class PriceForm(forms.Form):
    """A price of one kind. `amount` is money, or how many credits."""

    key = KeyField()

    def __init__(
        self,
        data: Any = None,
        *,
        kind: str,
        product: Product,
        currency: str,
        offered: Offered,
        price: Price | None = None,
    ) -> None:
        super().__init__(data, initial={"minimum": 1, "every": 1, **(_typed(price) if price else {})})
        self.kind = kind
        of_credits = product.kind == Kind.CREDIT
        if kind == PriceKind.CREDIT:
            self.fields["amount"] = units_field(
                "Number of credits", required=True, help_text="For one of the product; the customer pays with these."
            )
            self.fields["credit_type"] = TypeChoiceField(
                label="Credit type", offered=offered, blank="Choose a type" if len(offered) > 1 else ""
            )
        elif kind != PriceKind.FREE:
            self.fields["amount"] = MoneyField(
                currency=currency, label="Price per credit" if of_credits else "Price", help_text=f"In {currency}."
            )
        if kind == PriceKind.RECURRING:
            self.fields["every"] = WholeNumberField(most=MOST_PERIODS, label="Every")
            self.fields["period"] = forms.ChoiceField(
                label="Period", choices=[(one, one) for one in PERIODS], initial="months"
            )
        self.fields["minimum"] = units_field(
            "Minimum quantity",
            required=True,
            help_text=f"The price holds from this many {'credits' if of_credits else 'pieces'} on.",
        )

    def terms(self) -> Terms:
        data = self.cleaned_data
        return Terms(
            kind=self.kind,
            amount=data.get("amount", 0),
            credit_type=data.get("credit_type"),
            every=data.get("every"),
            period=data.get("period", ""),
            minimum=data["minimum"],
        )


def _typed(price: Price) -> dict[str, Any]:
    in_money = price.kind in (PriceKind.SINGLE, PriceKind.RECURRING)
    return {
        "amount": money.typed(price.amount, price.currency) if in_money else price.amount,
        "credit_type": str(price.credit_type.public_id) if price.credit_type else "",
        "every": price.every,
        "period": price.period,
        "minimum": price.minimum,
    }


class WhyForm(forms.Form):
    """Of whom and for how many one wants to know which prices are offered."""

    quantity = units_field("Quantity", required=True, initial=1)
    q = forms.CharField(
        label="Contact",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name or email", "autocomplete": "off"}),
    )

"""Why is a price (not) offered? The judgement that the order form shows, for any contact, with its reason."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from contacts import queries as contacts
from contacts.models import Contact
from contacts.views.lookup import contact_url
from credits.wording import quantity as amount_of
from products import pricing
from products.forms.catalogue import WhyForm
from products.models import Price, Product
from products.queries import catalogue, offering
from products.views.lookup import product_or_404, product_url
from simplero.web.access import staff
from simplero.web.http import StaffRequest, page_or_fragment

from . import rows

FOUND = 8  # contacts shown of a search


@staff(can="products")
@require_safe
def why(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    prices = catalogue.prices(request.account, found)
    back = {"product": found, "url": product_url(request, found)}
    whole = {"why": context(request, found, prices), **back}
    return page_or_fragment(
        request, page="products/product_why.html", fragment="products/_product_why.html", context=whole
    )


def context(request: StaffRequest, product: Product, prices: Sequence[Price]) -> dict[str, Any]:
    """What `products/_product_why.html` shows: a contact picked or looked for, a quantity, and a verdict on every price."""
    smallest = offering.smallest(product)
    form = WhyForm({"quantity": smallest, **request.GET.dict()})
    asked = form.cleaned_data.get("quantity") if form.is_valid() else None
    quantity, here = asked or smallest, product_url(request, product, "why")
    picked, text = _picked(request), form.cleaned_data.get("q", "").strip()
    found = list(contacts.search(request.account, text=text).order_by("name_key", "pk")[: FOUND + 1]) if text else []
    if picked is None and len(found) == 1:
        picked = found[0]
    units = pricing.units(quantity, product.included)
    return {
        "form": form,
        "url": here,
        "picked": picked,
        "picked_url": contact_url(request, picked) if picked else "",
        "anybody_url": f"{here}?quantity={quantity}",
        "searched": bool(text) and picked is None,
        "found": [
            {"contact": one, "url": f"{here}?contact={one.public_id}&quantity={quantity}"} for one in found[:FOUND]
        ]
        if picked is None
        else [],
        "more": len(found) > FOUND,
        "comes_to": rows.units(units, product) if product.included else "",
        "verdicts": [
            _row(verdict, product, quantity, units)
            for verdict in offering.verdicts(request.account, product, contact=picked, quantity=quantity)
        ]
        if prices
        else [],
    }


def _picked(request: StaffRequest) -> Contact | None:
    try:
        return contacts.get_contact(request.account, uuid.UUID(request.GET.get("contact", "")))
    except (ValueError, Contact.DoesNotExist):
        return None


def _row(verdict: offering.Verdict, product: Product, quantity: int, units: int) -> dict[str, Any]:
    price = verdict.price
    since = f", from {rows.units(price.minimum, product)}" if price.minimum > 1 else ""
    return {
        "words": f"{rows.words(price, product)}{since}",
        "kind": price.get_kind_display(),
        "offered": verdict.offered,
        "sentence": verdict.sentence or _granted(verdict, quantity, units),
    }


def _granted(verdict: offering.Verdict, quantity: int, units: int) -> str:
    """What an offered price comes to."""
    price = verdict.price
    comes_to = offering.in_words(offering.total(price, quantity, units), price)
    if verdict.needs and price.credit_type:
        return f"Has {amount_of(verdict.has, price.credit_type)}, this takes {verdict.needs:,}."
    return f"This comes to {comes_to}." if comes_to != "free" else "This costs nothing."

"""Receipts of what a customer bought, to print and as PDF: one for each payment, or one for what asked for no money."""

import uuid

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts.views.customers import ShopRequest, customer, shop_url
from credits.wording import quantity
from products import letters
from products.models import Payment, PaymentState, PriceKind, Purchase
from products.queries import bought
from products.receipts import Receipt, pdf
from simplero.lib.moments import day
from simplero.lib.money import reading

from . import words
from .lookup import own_or_404
from .purchases import issues

BY = {"stripe": "by card", "outside": "by invoice or transfer", "test": "with a test card"}


@require_safe
@customer(signed_in=True)
def receipt(request: ShopRequest, purchase: uuid.UUID, number: int) -> HttpResponse:
    found = own_or_404(request, purchase)
    context = {
        "receipt": receipt_or_404(request, found, number),
        "pdf": shop_url(request, "receipt-pdf", purchase, number),
        "back": shop_url(request, "purchase", purchase),
    }
    return TemplateResponse(request, "shop/receipt.html", context)


@require_safe
@customer(signed_in=True)
def receipt_pdf(request: ShopRequest, purchase: uuid.UUID, number: int) -> HttpResponse:
    found = receipt_or_404(request, own_or_404(request, purchase), number)
    response = HttpResponse(pdf(found), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="receipt-{found.number}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def receipt_or_404(request: ShopRequest, purchase: Purchase, number: int) -> Receipt:
    """The receipt of a period that was paid."""
    payment = next(
        (one for one in bought.payments(request.shop.account, purchase) if one.number == number and is_paid(one)), None
    )
    free = not purchase.currency and purchase.activated_at is not None and number == 1
    if payment is None and not free:
        raise Http404
    at = (payment.paid_at if payment else purchase.activated_at) or purchase.created_at
    zone = request.shop.account.zone
    on = day(at.astimezone(zone).date())
    total = reading(purchase.total, purchase.currency) if payment else letters.price_of(purchase)
    return Receipt(
        number=f"{purchase.reference}-{number}",
        business=request.shop.account.name,
        name=purchase.contact.name,
        email=purchase.contact.email,
        on=on,
        at=at,
        what=letters.named(purchase),
        counted=counted(purchase),
        total=total,
        paid=paid(purchase, payment, on),
        credits=tuple(issues(request, purchase)),
        back=given_back(payment),
    )


def is_paid(payment: Payment) -> bool:
    return payment.state == PaymentState.PAID


def counted(purchase: Purchase) -> str:
    """What the total is made of, as it was agreed."""
    if purchase.price_kind == PriceKind.FREE:
        return "Free"
    each = (
        reading(purchase.each, purchase.currency)
        if purchase.currency
        else quantity(purchase.each, purchase.credit_type)  # type: ignore[arg-type]
    )
    many = words.units(purchase.units, purchase.product) if purchase.currency else f"{purchase.quantity:,}"
    return f"{many} × {each}"


def paid(purchase: Purchase, payment: Payment | None, on: str) -> str:
    if payment is None:
        return f"Paid with credits on {on}." if purchase.price_kind == PriceKind.CREDIT else f"Free of charge, {on}."
    return f"Paid on {on} {BY.get(payment.gateway, '')}".rstrip() + "."


def given_back(payment: Payment | None) -> tuple[str, ...]:
    """What of it went back since."""
    back = payment.given_back if payment else []  # type: ignore[attr-defined]
    return tuple(f"{reading(one.amount, payment.currency)} was given back." for one in back if one.state == "done")  # type: ignore[union-attr]

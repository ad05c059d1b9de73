"""My purchases, and a page for each: what it was, its credits, its payments, its renewals."""

import uuid
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts.views.customers import ShopRequest, customer, shop_url, to_sign_in
from credits.queries.movements import movement
from credits.sentences import sentence
from products import letters
from products.gateways import accounts
from products.models import Payment, PaymentState, PriceKind, Purchase, State
from products.queries import bought
from products.queries import catalogue as shelves
from products.queries import running as subscriptions
from simplero.lib.moments import day
from simplero.lib.money import reading
from simplero.tenancy.scope import now, today

from . import words
from .lookup import purchase_or_404


@require_safe
@customer(signed_in=True)
def purchases(request: ShopRequest) -> HttpResponse:
    account, contact = request.shop.account, request.shop.contact
    assert contact is not None
    found, more = bought.of_contact(account, contact, before=cursor(request.GET.get("before", "")))
    context = {
        "running": running(request) if "before" not in request.GET else [],
        "rows": [row(request, purchase) for purchase in found],
        "older": f"{request.path}?before={found[-1].public_id}" if more else "",
        "newest": request.path if "before" in request.GET else "",
    }
    return TemplateResponse(request, "shop/purchase_list.html", context)


def running(request: ShopRequest) -> list[dict[str, Any]]:
    """The signed-in customer's subscriptions, each with what they can do about it (shop/_running.html)."""
    assert request.shop.contact is not None
    found = subscriptions.of_contact(request.shop.account, request.shop.contact)
    return [row(request, purchase) | {"overdue": overdue(purchase)} for purchase in found]


def overdue(purchase: Purchase) -> bool:
    """Whether a renewal of it was not paid when it was due."""
    return purchase.state == State.DELINQUENT or (purchase.failures > 0 and purchase.state == State.ACTIVE)


def cursor(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def row(request: ShopRequest, purchase: Purchase) -> dict[str, Any]:
    return {
        "purchase": purchase,
        "name": letters.named(purchase),
        "price": letters.price_of(purchase),
        "on": on(request, purchase.created_at),
        "state": words.state(purchase),
        "renewal": renewal(request, purchase),
    }


@require_safe
@customer()
def purchase(request: ShopRequest, purchase: uuid.UUID) -> HttpResponse:
    """For the customer whose it is, and, with less on it, for the browser that ordered it without signing in."""
    shop = request.shop
    try:
        found = purchase_or_404(request, purchase)
    except Http404:
        if shop.contact is None:  # the mails link here
            return to_sign_in(request)
        raise
    own = shop.contact is not None and found.contact_id == shop.contact.pk
    payments = bought.payments(shop.account, found)
    due = bought.payment_due(found, payments)
    is_new = now() - (found.activated_at or found.created_at) < bought.JUST_NOW
    context = row(request, found) | {
        "own": own,
        "thanks": is_new and found.state in (State.NEW, State.ACTIVE) and not pay(found, due),
        "issues": issues(request, found),
        "outside": outside(request, found, due),
        "pay": pay(found, due),
        "reason": due.reason if due and due.state == PaymentState.FAILED else "",
        "overdue": overdue(found),
    }
    if own:
        context |= credits_of(request, found)
        context["payments"] = [paid(request, payment) for payment in payments if payment.state != PaymentState.PENDING]
        context["receipt"] = shop_url(request, "receipt", found.public_id, 1) if has_receipt(found) else ""
    return TemplateResponse(request, "shop/purchase.html", context)


def has_receipt(purchase: Purchase) -> bool:
    """Whether what asked for no money has a receipt: payments have one each."""
    return not purchase.currency and purchase.activated_at is not None


def issues(request: ShopRequest, purchase: Purchase) -> list[str]:
    """What a period of it issues, in words."""
    return [words.issued(issue) for issue in shelves.agreed(request.shop.account, purchase)]


def credits_of(request: ShopRequest, purchase: Purchase) -> dict[str, Any]:
    """What it moved, in sentences."""
    account = request.shop.account
    this_day, moved = today(account), bought.movements(account, purchase)
    used = f"{sentence(movement(moved.use, today=this_day, by=False))}." if moved.use else ""
    return {"used": used, "lots": [f"{words.lot(of, view, today=this_day)}." for of, view in moved.lots]}


def paid(request: ShopRequest, payment: Payment) -> dict[str, Any]:
    """A payment that was made or failed, with what of it went back."""
    is_paid = payment.state == PaymentState.PAID
    receipt = shop_url(request, "receipt", payment.purchase.public_id, payment.number) if is_paid else ""
    return {
        "amount": reading(payment.amount, payment.currency),
        "on": on(request, payment.paid_at or payment.created_at),
        "is_paid": is_paid,
        "reason": payment.reason,
        "receipt": receipt,
        "back": [
            f"{reading(refund.amount, payment.currency)} {'given back' if refund.state == 'done' else 'on its way back'}"
            for refund in payment.given_back  # type: ignore[attr-defined]
        ],
    }


def pay(purchase: Purchase, due: Payment | None) -> bool:
    """Whether the customer can pay for this order by themselves now."""
    waits = purchase.state in (State.NEW, State.FAILED) and not purchase.periods
    return waits and due is not None and due.gateway != "outside"


def outside(request: ShopRequest, purchase: Purchase, due: Payment | None) -> dict[str, Any] | None:
    """How to pay what is paid by invoice or transfer and waited for."""
    if due is None or due.state != PaymentState.PENDING or due.gateway != "outside":
        return None
    return {
        "amount": reading(due.amount, due.currency),
        "instructions": accounts.instructions(request.shop.account),
        "reference": purchase.reference,
    }


def renewal(request: ShopRequest, purchase: Purchase) -> dict[str, Any] | None:
    """How a subscription goes on."""
    if purchase.price_kind != PriceKind.RECURRING or purchase.renews_at is None:
        return None
    when = on(request, purchase.renews_at)
    stopped = purchase.stopped_at is not None
    said = f"Ends on {when}" if stopped else f"Renews on {when}"
    if purchase.retry_at is not None and not stopped:
        said = f"Was to renew on {when}"
    automatic = purchase.gateway != "outside"
    return {"said": said, "stopped": stopped, "card": purchase.card_label, "automatic": automatic}


def on(request: ShopRequest, at: datetime) -> str:
    account = request.shop.account
    return day(at.astimezone(account.zone).date(), today=today(account))

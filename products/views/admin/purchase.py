"""One purchase: all there is to know of it, and the moves it allows."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts import queries as contacts
from contacts.views.letters import shown
from credits import queries as credits
from credits.views.lines import lot_row
from credits.views.lookup import address, may
from credits.wording import quantity
from products import letters, states
from products.errors import WrongMove
from products.models import Payment, PriceKind, Purchase, Refund, RefundState, RefundWay, State
from products.queries import offering, sales
from products.sentences import said
from products.services import payments, refunds, renewals
from simplero.lib.lists import listed
from simplero.lib.moments import day, moment
from simplero.lib.money import reading
from simplero.lib.refusals import Refusal
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now
from simplero.web.access import staff
from simplero.web.http import AGAINST_A_RULE, StaffRequest, page_or_fragment, see_other

from . import sold

TONES = {"paid": "good", "failed": "bad", "pending": "warn", "done": "good"}


@staff(can="purchases")
@require_safe
def purchase_(request: StaffRequest, purchase: uuid.UUID) -> HttpResponse:
    return _page(request, sold.purchase_or_404(request, purchase))


def _page(request: StaffRequest, found: Purchase, *, refusal: str = "", status: int = 200) -> HttpResponse:
    account = request.account
    asked, back = sales.payments(account, found), sales.refunds(account, found)
    preview = refunds.preview(account, found)
    failed = sales.failed_refund(back)
    context = {
        **head(request, found),
        "refusal": refusal,
        "facts": _facts(request, found),
        "each": offering.each(found.price, found.product),
        "issues": listed(sold.issued_words(account, found)),
        "can": _can(found, asked, preview),
        "next": _next(request, found),
        "disputed": next((_money(one) for one in asked if one.dispute == "open"), ""),
        "returning": [_money(one) for one in back if one.state == RefundState.PENDING],
        "failed": _refund(request, failed) if failed else None,
        "payments": [_payment(request, found, one, back) for one in asked],
        "entries": _entries(request, found),
        "lots": [
            {"type": of, "row": lot_row(request, found.contact, lot, next=False, may=may(request))}
            for of, lot in preview.unspent.lots
        ],
        "letters": shown(
            request,
            contacts.letters(account, contact=found.contact, source=letters.SOURCE, source_id=str(found.public_id)),
        ),
        "history": _history(request, found),
    }
    return TemplateResponse(request, "products/purchase.html", context, status=status)


def head(request: StaffRequest, found: Purchase) -> dict[str, Any]:
    """What every page about a purchase shows of it."""
    return {
        **sold.row(request, found),
        "list_url": reverse("products:purchases", args=[request.account.slug]),
        "contact": found.contact,
    }


def _can(found: Purchase, asked: list[Payment], preview: refunds.Preview) -> dict[str, bool]:
    """Which moves the page offers."""
    renews = found.renews_at is not None
    return {
        "pay": sales.waits_outside(asked) is not None,
        "refund": bool(preview.left or preview.unspent.free or preview.reversible),
        "cancel": found.state in states.CANCEL.since,
        "stop": renews and found.stopped_at is None,
        "resume": renews and found.stopped_at is not None,
        "charge": renews and found.failures > 0 and found.gateway != "outside",
    }


def _facts(request: StaffRequest, found: Purchase) -> list[tuple[str, str]]:
    zone, present = request.account.zone, now()
    told = [("Ordered", f"{moment(found.created_at, now=present, zone=zone)}, {_SOURCES[found.source]}")]
    if found.activated_at:
        told.append(("Active since", moment(found.activated_at, now=present, zone=zone)))
    if found.every:
        told.append(("Periods paid", f"{found.periods:,}"))
    if found.ended_at:
        told.append(("Ended", moment(found.ended_at, now=present, zone=zone)))
    if found.price_kind == PriceKind.CREDIT:
        told.append(("Paid with", "Credits"))
    elif found.price_kind == PriceKind.FREE:
        told.append(("Paid with", "Nothing: it is free"))
    else:
        told.append(("Paid by", sold.way_name(found.gateway)))
    if found.card_label:
        told.append(("Card", found.card_label))
    return told


_SOURCES = {"storefront": "in your shop", "staff": "added by staff"}


def _next(request: StaffRequest, found: Purchase) -> dict[str, str] | None:
    """What comes next of a subscription, in a sentence with its tone."""
    due = sales.due_at(found)
    if due is None:
        return None
    what_comes, at = due
    when = day(at.astimezone(request.account.zone).date())
    outside = found.gateway == "outside"
    sentences = {
        "renews": ("info", f"Renews on {when}."),
        "ends": ("warn", f"Renewal is stopped: it ends on {when}."),
        "retries": (
            "warn",
            f"Waits for its payment; delinquent from {when}."
            if outside
            else f"The renewal could not be charged. It is tried again on {when}.",
        ),
        "gives up": ("bad", f"The renewal is not paid. On {when} the subscription is given up."),
    }
    tone, sentence = sentences[what_comes]
    return {"tone": tone, "sentence": sentence}


def _money(one: Payment | Refund) -> str:
    currency = one.currency if isinstance(one, Payment) else one.payment.currency
    return reading(one.amount, currency)


def _payment(request: StaffRequest, found: Purchase, one: Payment, back: list[Refund]) -> dict[str, Any]:
    at = one.paid_at or one.created_at
    return {
        "payment": one,
        "amount": _money(one),
        "refunded": reading(one.refunded, one.currency) if one.refunded else "",
        "when": moment(at, now=now(), zone=request.account.zone),
        "period": f"Period {one.number:,}" if found.every else "",
        "tone": TONES[one.state],
        "way": sold.way_name(one.gateway),
        "reference": one.charge_ref or one.checkout_ref,
        "dispute": {"open": "Disputed", "won": "Dispute won", "lost": "Dispute lost"}.get(one.dispute, ""),
        "refunds": [_refund(request, refund) for refund in back if refund.payment_id == one.pk],
    }


def _refund(request: StaffRequest, one: Refund) -> dict[str, Any]:
    return {
        "refund": one,
        "amount": _money(one),
        "words": f"{_money(one)} {_WAYS[RefundWay(one.way)]}",
        "when": moment(one.done_at or one.created_at, now=now(), zone=request.account.zone),
        "tone": TONES[one.state],
    }


_WAYS = {
    RefundWay.GATEWAY: "sent back the way it came",
    RefundWay.OUTSIDE: "given back outside",
    RefundWay.CHARGEBACK: "taken back by the bank",
}


def _entries(request: StaffRequest, found: Purchase) -> list[dict[str, Any]]:
    """The credits that a purchase moved, each with the way to its line of the credit activity."""
    activity = address(request, found.contact, "activity")
    told = []
    for entry in sales.entries(request.account, found):
        used = entry.verb == "consume"
        line = credits.line(request.account, found.contact, entry.entry_key) if used else None
        told.append(
            {
                "words": f"{quantity(entry.amount, entry.credit_type)} {'used' if used else 'issued'}",
                "period": f"Period {entry.number:,}" if found.every else "",
                "icon": "check" if used else "plus",
                "given_back": line.given_back if line else 0,
                "url": f"{activity}?entry={entry.entry_key}#e-{entry.entry_key}",
            }
        )
    return told


def _history(request: StaffRequest, found: Purchase) -> list[dict[str, Any]]:
    events = sales.history(request.account, found)
    names = actor_names(Actor(event.actor_kind, event.actor_id) for event in events)
    return [
        {
            "said": said(event.kind, event.body),
            "who": names[Actor(event.actor_kind, event.actor_id)],
            "when": moment(event.at, now=now(), zone=request.account.zone),
            "at": event.at.astimezone(request.account.zone).isoformat(timespec="minutes"),
        }
        for event in events
    ]


@staff(can="purchases")
@require_http_methods(["GET", "HEAD", "POST"])
def mark_paid(request: StaffRequest, purchase: uuid.UUID) -> HttpResponse:
    found = sold.purchase_or_404(request, purchase)
    waiting = sales.waits_outside(sales.payments(request.account, found))

    def post() -> str:
        payments.mark_paid(account=request.account, purchase=found, actor=request.actor)
        return f"{_money(waiting)} is noted as paid." if waiting else "Noted as paid."

    context = {
        "waiting": _money(waiting) if waiting else "",
        "issues": listed(sold.issued_words(request.account, found)),
    }
    return _confirmed(request, found, "paid", context, post)


@staff(can="purchases")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: StaffRequest, purchase: uuid.UUID) -> HttpResponse:
    found = sold.purchase_or_404(request, purchase)
    preview = refunds.preview(request.account, found)

    def post() -> str:
        refunds.cancel(account=request.account, purchase=found, actor=request.actor)
        return "The purchase is cancelled."

    context = {
        "over": found.state not in states.CANCEL.since,
        "new": found.state == State.NEW,
        "refund_url": f"{sold.purchase_url(request, found, 'purchase-refund')}?cancel=1"
        if preview.left or preview.unspent.free or preview.reversible
        else "",
    }
    return _confirmed(request, found, "cancel", context, post)


def _confirmed(
    request: StaffRequest, found: Purchase, name: str, context: dict[str, Any], post: Callable[[], str]
) -> HttpResponse:
    """A move that is asked about first. What `post` answers is said on the purchase's page."""
    refusal = ""
    if request.method == "POST":
        try:
            done = post()
        except Refusal as error:
            refusal = error.wording
        else:
            messages.success(request, done)
            return see_other(request, sold.purchase_url(request, found))
    return dialog(
        request, name, {**head(request, found), **context, "refusal": refusal}, AGAINST_A_RULE if refusal else 200
    )


def dialog(request: StaffRequest, name: str, context: dict[str, Any], status: int = 200) -> TemplateResponse:
    """A task about a purchase, as a page or in the dialog."""
    fragment = f"products/_purchase_{name}.html"
    return page_or_fragment(
        request,
        page="products/purchase_dialog.html",
        fragment=fragment,
        context={**context, "fragment": fragment},
        status=status,
    )


@staff(can="purchases")
@require_POST
def stop(request: StaffRequest, purchase: uuid.UUID) -> HttpResponse:
    return _renewal(request, purchase, renewals.stop, "Renewal is stopped. It ends with the period that is paid.")


@staff(can="purchases")
@require_POST
def resume(request: StaffRequest, purchase: uuid.UUID) -> HttpResponse:
    return _renewal(request, purchase, renewals.resume, "It renews again.")


@staff(can="purchases")
@require_POST
def charge(request: StaffRequest, purchase: uuid.UUID) -> HttpResponse:
    def again(**what: Any) -> Purchase:
        if not what["purchase"].failures:
            raise WrongMove(what["purchase"].get_state_display(), "charged: no charge of it has failed")
        return renewals.charge_now(**what)

    return _renewal(request, purchase, again, "The charge is being tried again. Reload the page in a moment to see what came of it.")  # fmt: skip


def _renewal(request: StaffRequest, purchase: uuid.UUID, move: Callable[..., Purchase], done: str) -> HttpResponse:
    found = sold.purchase_or_404(request, purchase)
    try:
        move(account=request.account, purchase=found, actor=request.actor)
    except Refusal as refusal:
        return _page(request, found, refusal=refusal.wording, status=AGAINST_A_RULE)
    messages.success(request, done)
    return see_other(request, sold.purchase_url(request, found))

"""Giving back: money the way it came or outside, unspent credits withdrawn, credits that paid reversed; and cancelling.

What goes back is set aside, and credits move, in one transaction; then the provider is told, by whoever asked and, should they be
killed in between, by a worker. The refund's key is the provider's idempotency key: however often it is told, it pays back once.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from credits import queries as credits
from products import gateways, purchases, returns, states
from products.errors import NothingToRefund, OverRefund, RefundReused
from products.gateways.gateway import RefundWord, Rejected, Unreachable
from products.models import Payment, PaymentState, PriceKind, Purchase, Refund, RefundState, RefundWay, State
from products.returns import Unspent
from simplero.lib.keys import derive_key
from simplero.lib.money import reading
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, scope

from . import payments

logger = logging.getLogger(__name__)

SEND = "products.refund"
"""The kind of the job that sees to it that a refund is told to its provider; its subject is the refund."""

PATIENCE = timedelta(seconds=30)
"""How long the one who asked has for it, before a worker does it too."""

AGAIN = timedelta(hours=1)
"""When a refund that its provider has not finished is looked at again."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund would do (product rules 6 and 7)."""

    left: int  # minor units that can still go back
    currency: str
    automatic: bool  # whether the provider can send it back
    unspent: Unspent
    reversible: int  # of the credits that paid, what can come back


def preview(account: Account, purchase: Purchase) -> Preview:
    """What a refund of `purchase` would do now. Changes nothing."""
    use = purchase.entries.filter(verb="consume").first()
    reversible = credits.reversible(account, purchase.contact, use.entry_key).plainly if use else 0
    return Preview(
        left=sum(payment.amount - payment.refunded for payment in _paid(purchase)),
        currency=purchase.currency,
        automatic=_automatic(purchase.gateway),
        unspent=returns.unspent(account, purchase),
        reversible=reversible,
    )


def _automatic(code: str) -> bool:
    """Whether a gateway sends money back by itself; one that exists here no longer does not."""
    try:
        return bool(code) and gateways.get(code).automatic
    except Rejected:
        return False


def _paid(purchase: Purchase) -> list[Payment]:
    """The newest first: a subscription's latest period is what is given back first."""
    return list(Payment.objects.filter(purchase=purchase, state=PaymentState.PAID).order_by("-number"))


@transaction.atomic
def ask(
    *,
    account: Account,
    purchase: Purchase,
    amount: int,
    way: RefundWay,
    withdraw: bool,
    cancel: bool = False,
    key: uuid.UUID,
    note: str = "",
    actor: Actor,
) -> list[Refund]:
    """Set `amount` minor units aside to go back (0: the money stays), and move the credits; what is to be told to the provider
    (`send`) is the answer. Sent again with its key, it does nothing more.

    `withdraw` takes back what is unspent of the purchase's lots and of no others, and reverses the use that paid for it.
    `cancel` ends what still runs, whatever goes back.
    Raises OverRefund, NothingToRefund, RefundReused.
    """
    purchase = purchases.lock(account=account, purchase_id=purchase.pk)
    paid = _paid(purchase)
    keys = {payment.pk: derive_key("refund", key, payment.pk) for payment in paid}
    if known := list(Refund.objects.filter(key__in=keys.values()).order_by("pk")):
        if sum(refund.amount for refund in known) != amount or any(refund.way != way for refund in known):
            raise RefundReused
        return known
    left = sum(payment.amount - payment.refunded for payment in paid)
    if amount > left:
        rest = (
            f"At most {reading(left, purchase.currency)} can still go back."
            if left
            else "All of the money went back already."
        )
        raise OverRefund(rest, left=left)
    if cancel := cancel and purchase.state in states.CANCEL.since:
        purchases.end(purchase, states.CANCEL, actor=actor)
    refunds = _set_aside(account, purchase, paid, amount, way, keys, actor)
    all_back = returns.fully_refunded(purchase) and bool(paid)
    over = all_back or (withdraw and not amount)
    if over and purchase.state in states.REFUND.since:
        purchases.end(purchase, states.REFUND, actor=actor)
    elif not refunds and not withdraw and not cancel:
        raise NothingToRefund("Choose what to give back: money, credits, or both.")
    moved = 0
    returns.hold(account=account, purchase=purchase)
    if withdraw:
        moved = returns.withdraw_unspent(account=account, purchase=purchase, note=note, actor=actor)
        if purchase.price_kind == PriceKind.CREDIT:
            moved += returns.give_back_credits(account=account, purchase=purchase, note=note, actor=actor)
    if not refunds and not moved and purchase.state == State.REFUNDED and not over:
        raise NothingToRefund
    return refunds


def _set_aside(
    account: Account,
    purchase: Purchase,
    paid: list[Payment],
    amount: int,
    way: RefundWay,
    keys: dict[int, uuid.UUID],
    actor: Actor,
) -> list[Refund]:
    refunds = []
    for payment in paid:
        part = min(amount, payment.amount - payment.refunded)
        if not part:
            continue
        amount -= part
        refund = returns.reserve(purchase, payment, amount=part, way=way, key=keys[payment.pk], actor=actor)
        if way == RefundWay.GATEWAY:
            outbox.schedule(account=account, kind=SEND, subject=refund.pk, due=now() + PATIENCE)
        else:
            returns.done(purchase, refund, actor=actor)
        refunds.append(refund)
    return refunds


def send(*, account: Account, refund_id: int) -> None:
    """Tell the provider of a refund that waits, and note what it says. Called outside any scope.

    Raises Unreachable; then a worker tries again.
    """
    with scope(account):
        refund = Refund.objects.select_related("payment").get(pk=refund_id)
        if refund.state != RefundState.PENDING:
            return
    _tell(account, refund)


def recheck(*, account: Account, payment_id: int) -> None:
    """Ask again about the refunds of a payment that we had the provider make: one that it sent may bounce days later.

    Called outside any scope. Raises Unreachable.
    """
    with scope(account):
        sent = Refund.objects.filter(payment=payment_id, way=RefundWay.GATEWAY).exclude(state=RefundState.FAILED)
        # Those made in the provider's own pages have no name of ours, and asking by ours would make another.
        ours = list(sent.exclude(refund_ref="").select_related("payment").order_by("pk"))
    for refund in ours:
        _tell(account, refund)


def _tell(account: Account, refund: Refund) -> None:
    """Ask the provider for a refund, or what has become of it, and note the answer. Raises Unreachable."""
    payment = refund.payment
    try:
        with scope(account):
            gateway, keys = payments.opened(account, payment.gateway)
        word = gateway.refund(
            keys, charge_ref=payment.charge_ref, amount=refund.amount, currency=payment.currency, key=refund.key
        )
    except Rejected as refusal:
        word = RefundWord("failed" if refund.state == RefundState.PENDING else "pending", reason=refusal.wording)
    _note(account, refund.pk, RefundState(word.state), reason=word.reason, refund_ref=word.refund_ref)


def _note(account: Account, refund_id: int, state: RefundState, *, reason: str = "", refund_ref: str = "") -> None:
    with scope(account), transaction.atomic():
        refund = Refund.objects.select_related("payment").get(pk=refund_id)
        purchase = purchases.lock(account=account, purchase_id=refund.payment.purchase_id)
        refund.refresh_from_db()
        if refund.state == RefundState.FAILED or (refund.state == RefundState.DONE and state != RefundState.FAILED):
            return
        if state == RefundState.DONE:
            actor = Actor(refund.actor_kind, refund.actor_id)
            returns.done(purchase, refund, actor=actor, refund_ref=refund_ref)
        elif state == RefundState.FAILED:
            returns.let_go(refund, reason=reason or "The payment provider could not send it back.")
        else:
            outbox.schedule(account=account, kind=SEND, subject=refund.pk, due=now() + AGAIN)


def send_waiting(*, account_id: int, subject: int) -> None:
    """The errand of a refund: told by now, most likely."""
    send(account=Account.objects.get(pk=account_id), refund_id=subject)


def give_back(*, account: Account, purchase: Purchase, **what: Any) -> list[Refund]:
    """Ask for a refund and tell the provider at once; see `ask`. Called outside any scope. One that the provider cannot be told
    of now stays on its way, and a worker goes on with it."""
    with scope(account):
        refunds = ask(account=account, purchase=purchase, **what)
    for refund in refunds:
        try:
            send(account=account, refund_id=refund.pk)
        except Unreachable:
            logger.warning("refund %s waits: its provider cannot be reached", refund.public_id)
    return refunds


@transaction.atomic
def cancel(*, account: Account, purchase: Purchase, actor: Actor) -> Purchase:
    """End a purchase: nothing more is charged or waited for. What was paid and issued stays. Said twice, it is once.

    Raises WrongMove for one that has ended otherwise.
    """
    purchase = purchases.lock(account=account, purchase_id=purchase.pk)
    if purchase.state != State.CANCELLED:
        purchases.end(purchase, states.CANCEL, actor=actor)
    return purchase

"""Subscriptions: a period is charged when it begins, its credits are issued with the payment, and what fails is tried again.

When is a row: the job of a purchase wakes `renew`, which looks at the clock and at the purchase and does what is due, if
anything is. Woken twice, late or for nothing, it takes no money twice.
"""

import logging

from django.db import transaction

from products import letters, purchases, states
from products.errors import WrongMove
from products.gateways import outside
from products.gateways.gateway import Rejected, Word
from products.models import Payment, Purchase, State
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, scope

from . import payments

logger = logging.getLogger(__name__)

REFUSED = "The payment provider does not take payments for this business at the moment."


def renew(*, account_id: int, subject: int) -> None:
    """The errand of a subscription whose next period, retry or end is due. Raises gateways.Unreachable, to be woken again."""
    _charge(Account.objects.get(pk=account_id), subject, asked=False)


def charge(*, account_id: int, subject: int) -> None:
    """The errand of a failed renewal that somebody wants tried again now. Raises gateways.Unreachable, to be woken again."""
    _charge(Account.objects.get(pk=account_id), subject, asked=True)


def _charge(account: Account, purchase_id: int, *, asked: bool) -> None:
    with scope(account):
        payment = due(account, purchase_id, asked)
    if payment is None:
        return
    try:
        word = _asked(account, payment)
    except Rejected as refusal:
        # The business's own affair, such as a key that was rolled. It is tried again by the rule, and no customer is bothered.
        logger.warning("payment %s cannot be charged: %s", payment.public_id, refusal.wording)
        word = Word("failed", reason=REFUSED, ours=True)
    with scope(account):
        payments.settle(account=account, payment_id=payment.pk, word=word)
        if word.state == "pending":  # a bank that takes its time
            payments.look_later(account, payment)


def _asked(account: Account, payment: Payment) -> Word:
    """What the provider says of a renewal's charge, made now unless it was. Raises gateways.Unreachable, gateways.Rejected."""
    with scope(account):
        gateway, keys = payments.opened(account, payment.gateway)
        order, purchase = payments.order_of(payment), payment.purchase
    if payment.charge_ref:  # asked before and not heard to the end
        return gateway.look(keys, checkout_ref="", charge_ref=payment.charge_ref)
    if purchase.card_ref:
        return gateway.charge(keys, order, payer_ref=purchase.payer_ref, card_ref=purchase.card_ref)
    return Word("failed", reason="There is no card to charge.")


@transaction.atomic
def due(account: Account, purchase_id: int, asked: bool) -> Payment | None:
    """What is to be charged now, asked for; or the end of a subscription that was stopped or given up, and nothing."""
    purchase = purchases.lock(account=account, purchase_id=purchase_id)
    if purchase.state not in states.RENEWING or purchase.renews_at is None or purchase.renews_at > now():
        return None
    if purchase.stopped_at is not None:
        purchases.end(purchase, states.EXPIRE, actor=SYSTEM)
        return None
    waits = purchase.retry_at is not None and purchase.retry_at > now()
    if waits and not asked:
        return None
    if purchase.state == State.DELINQUENT and not waits:
        purchases.end(purchase, states.FAIL, actor=SYSTEM)
        letters.subscription_ended(account=account, purchase=purchase)
        return None
    payment = purchases.payment_due(purchase)
    if payment.gateway == outside.code:
        purchases.wait_for_outside(account=account, purchase=purchase)
        letters.payment_asked(account=account, purchase=purchase, payment=payment)
        return None
    return Payment.objects.select_related("purchase__contact").get(pk=payment.pk)


@transaction.atomic
def stop(*, account: Account, purchase: Purchase, actor: Actor) -> Purchase:
    """Let a subscription end with the period that is paid. Said twice, it is once. Raises WrongMove for one that has ended."""
    purchase = _renewing(account, purchase, "stopped")
    purchases.stop_renewal(account=account, purchase=purchase, actor=actor)
    return purchase


@transaction.atomic
def resume(*, account: Account, purchase: Purchase, actor: Actor) -> Purchase:
    """Let a subscription that was to end go on. Said twice, it is once. Raises WrongMove for one that has ended."""
    purchase = _renewing(account, purchase, "resumed")
    purchases.resume_renewal(account=account, purchase=purchase, actor=actor)
    return purchase


@transaction.atomic
def charge_now(*, account: Account, purchase: Purchase, actor: Actor) -> Purchase:
    """Let a renewal that failed be tried again at once. Raises WrongMove for one that has ended."""
    purchase = _renewing(account, purchase, "charged")
    purchases.retry_now(account=account, purchase=purchase)
    return purchase


def _renewing(account: Account, purchase: Purchase, name: str) -> Purchase:
    found = purchases.lock(account=account, purchase_id=purchase.pk)
    if found.state not in states.RENEWING or found.renews_at is None:
        raise WrongMove(found.get_state_display(), name)
    return found

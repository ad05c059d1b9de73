"""Getting paid. Providers are asked outside any transaction; what they say is noted in one of its own, with what it issues.

What a provider posts to us is a hint only: we ask it how the payment stands now, and make ours the same. So it does not matter
in which order its messages come, or how often; and should none come, a job looks after every payment page that was opened, and
after every charge that was not settled at once.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import Truncator

from contacts.directory import constraint
from products import gateways, purchases, returns, states
from products.errors import PaymentRefused
from products.gateways import vault
from products.gateways.gateway import Gateway, Keys, Order, Rejected, Word
from products.models import GatewayAccount, Payment, PaymentState, ProviderEvent, Purchase, State
from products.wording import what
from simplero.outbox import outbox
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require, scope

logger = logging.getLogger(__name__)


def begin(*, account: Account, payment_id: int, return_url: str, cancel_url: str) -> str:
    """The address of the page where a payment is made, asked from its provider. Called outside any scope.

    Raises PaymentRefused when it is not waiting to be paid, gateways.Unreachable, gateways.Rejected.
    """
    with scope(account):
        payment = _payment(payment_id)
        if payment.state != PaymentState.PENDING:
            raise PaymentRefused("This payment is not waiting to be paid any more.")
        gateway, keys = opened(account, payment.gateway)
        order = _order(payment, return_url, cancel_url)
    if payment.checkout_url:
        return payment.checkout_url
    checkout = gateway.checkout(keys, order)
    with scope(account):
        # Whatever has become of the payment meanwhile: by this name it is found, should somebody pay on that page.
        Payment.objects.filter(pk=payment_id).update(checkout_ref=checkout.reference, checkout_url=checkout.url)
        look_later(account, payment)
    return checkout.url


LOOK = "products.look"
"""The kind of the job that asks how a payment stands which nobody has told us of; its subject is the payment."""

LOOKS = (
    (timedelta(hours=1), timedelta(minutes=10)),
    (timedelta(hours=6), timedelta(hours=1)),
    (timedelta(days=4), timedelta(hours=6)),
)
"""While a payment is younger than the first, it is looked at so often; an older one is not. A page of Stripe's lives a day."""


def look_later(account: Account, payment: Payment) -> None:
    """Let a worker ask how a payment stands, should nobody tell us: less and less often, and for days."""
    age = now() - payment.created_at
    wait = next((often for younger, often in LOOKS if age < younger), None)
    if wait is not None and gateways.get(payment.gateway).automatic:
        outbox.schedule(account=account, kind=LOOK, subject=payment.pk, due=now() + wait)


def look_after(*, account_id: int, subject: int) -> None:
    """The errand of a payment that waits to be heard of. Raises gateways.Unreachable, to be woken again."""
    account = Account.objects.get(pk=account_id)
    try:
        look(account=account, payment_id=subject)
    except Rejected as refusal:  # the keys are not good now; they may be by the next time
        logger.warning("payment %d of account %d cannot be looked at: %s", subject, account_id, refusal.wording)
    with scope(account):
        payment = _payment(subject)
        if payment.state == PaymentState.PENDING:
            look_later(account, payment)


def look(*, account: Account, payment_id: int) -> None:
    """Ask the provider how a payment stands, and make it so. Called outside any scope.

    Raises gateways.Unreachable, gateways.Rejected.
    """
    with scope(account):
        payment = _payment(payment_id)
        gateway, keys = opened(account, payment.gateway)
    if not gateway.automatic:
        return
    word = gateway.look(keys, checkout_ref=payment.checkout_ref, charge_ref=payment.charge_ref)
    with scope(account):
        settle(account=account, payment_id=payment_id, word=word)


def hear(
    *,
    account: Account,
    gateway: str,
    event_id: str,
    kind: str,
    payment: int | None,
    checkout_ref: str = "",
    charge_ref: str = "",
) -> bool:
    """A message of a provider about one of our payments, called outside any scope; False when it had been dealt with before.

    The references are the provider's, as the message names them: of a charge whose answer was lost they are all there is.

    Noted in the transaction that makes the payment what the provider says it is: a message that could not be dealt with is
    not noted, and comes again. Raises gateways.Unreachable, gateways.Rejected.
    """
    with scope(account):
        if ProviderEvent.objects.filter(gateway=gateway, event_id=event_id).exists():
            return False
        found = _payment(payment) if payment is not None else None
        provider, keys = opened(account, gateway)
    word = None
    if found:
        word = provider.look(
            keys, checkout_ref=found.checkout_ref or checkout_ref, charge_ref=found.charge_ref or charge_ref
        )
    try:
        with scope(account):
            if found and word:
                settle(account=account, payment_id=found.pk, word=word)
            ProviderEvent.objects.create(
                account_id=account.pk,
                gateway=gateway,
                event_id=event_id,
                kind=Truncator(kind).chars(80),
                payment_id=payment,
                received_at=now(),
            )
    except IntegrityError as error:  # delivered twice at the same moment, and the other one was first
        if constraint(error) != "provider_event_once":
            raise
        return False
    return True


@transaction.atomic
def settle(*, account: Account, payment_id: int, word: Word, actor: Actor = SYSTEM) -> Purchase:
    """Make a payment what its provider says it is: what is paid is issued here and now."""
    require(account)
    payment = Payment.objects.get(pk=payment_id)
    purchase = purchases.lock(account=account, purchase_id=payment.purchase_id)
    _settle(account, purchase, payment, word, actor)
    return purchase


def _settle(account: Account, purchase: Purchase, payment: Payment, word: Word, actor: Actor) -> None:
    purchases.settle(account=account, purchase=purchase, payment=payment, word=word, actor=actor)
    if payment.state == PaymentState.PAID:
        returns.note(account=account, purchase=purchase, payment=payment, word=word, actor=actor)


@transaction.atomic
def mark_paid(*, account: Account, purchase: Purchase, actor: Actor) -> Purchase:
    """What was to be paid outside has been: staff say so. Said twice, it is once.

    Raises PaymentRefused when nothing is waited for.
    """
    purchase = purchases.lock(account=account, purchase_id=purchase.pk)
    waiting = purchase.payments.filter(state=PaymentState.PENDING, gateway="outside").first()
    if waiting is None:
        raise PaymentRefused("Nothing is waiting to be paid outside. Reload the page to see where it stands.")
    purchases.settle(account=account, purchase=purchase, payment=waiting, word=Word("paid"), actor=actor)
    return purchase


@transaction.atomic
def checked_out(*, account: Account, payment_id: int, checkout_ref: str) -> None:
    """Keep the provider's newest name for a payment that is still waited for; `look` asks by it."""
    require(account)
    Payment.objects.filter(pk=payment_id, state=PaymentState.PENDING).update(checkout_ref=checkout_ref)


@transaction.atomic
def ask_again(*, account: Account, purchase: Purchase) -> Payment:
    """The first payment of an order that was never paid, asked for anew where the last one failed.

    Raises PaymentRefused when the order was paid, or is over.
    """
    purchase = purchases.lock(account=account, purchase_id=purchase.pk)
    if purchase.periods or purchase.state not in (State.NEW, State.FAILED) or not purchase.gateway:
        raise PaymentRefused("This order is not waiting to be paid any more.")
    return purchases.payment_due(purchase)


def change_card(*, account: Account, purchase_id: int, email: str, return_url: str, cancel_url: str) -> str:
    """The address of the page where another card is given for a subscription. Called outside any scope.

    Raises PaymentRefused for a purchase that does not renew, gateways.Unreachable, gateways.Rejected.
    """
    with scope(account):
        purchase = Purchase.objects.get(pk=purchase_id)
        if purchase.state not in states.RENEWING or not purchase.every:
            raise PaymentRefused("This subscription has ended, so there is no card to change.")
        gateway, keys = opened(account, purchase.gateway)
    return gateway.card_checkout(
        keys,
        purchase=purchase.public_id,
        email=email,
        payer_ref=purchase.payer_ref,
        return_url=return_url,
        cancel_url=cancel_url,
    ).url


def card_changed(*, account: Account, purchase_id: int, checkout_ref: str, actor: Actor) -> bool:
    """Keep the card that was given on a `change_card` page, and let an overdue renewal be tried with it at once.

    False when none was given. Called outside any scope. Raises gateways.Unreachable, gateways.Rejected.
    """
    with scope(account):
        purchase = Purchase.objects.get(pk=purchase_id)
        gateway, keys = opened(account, purchase.gateway)
    card = gateway.card_of(keys, checkout_ref=checkout_ref, purchase=purchase.public_id)
    if card is None:
        return False
    payer_ref, card_ref, card_label = card
    with scope(account), transaction.atomic():
        purchase = purchases.lock(account=account, purchase_id=purchase_id)
        purchases.keep_card(
            account=account,
            purchase=purchase,
            payer_ref=payer_ref,
            card_ref=card_ref,
            card_label=card_label,
            actor=actor,
        )
        if purchase.failures and purchase.state in states.RENEWING:
            purchases.retry_now(account=account, purchase=purchase)
    return True


def opened(account: Account, code: str) -> tuple[Gateway, Keys]:
    """A gateway, and the account's keys to it. Raises gateways.Rejected where there is none."""
    gateway = gateways.get(code)
    found = GatewayAccount.objects.filter(account_id=require(account), gateway=code).first()
    return gateway, vault.unseal(found.sealed, account=account, gateway=code) if found else {}


def order_of(payment: Payment) -> Order:
    """What a worker charges to a card that was kept."""
    return _order(payment, "", "")


def _payment(payment_id: int) -> Payment:
    return Payment.objects.select_related("purchase__contact").get(pk=payment_id)


def _order(payment: Payment, return_url: str, cancel_url: str) -> Order:
    purchase = payment.purchase
    return Order(
        payment=payment.public_id,
        amount=payment.amount,
        currency=payment.currency,
        description=_described(purchase),
        email=purchase.contact.email,
        return_url=return_url,
        cancel_url=cancel_url,
        keep_card=bool(purchase.every),
    )


def _described(purchase: Any) -> str:
    return what(purchase.product_name, purchase.quantity)

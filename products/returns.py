"""The building block of what goes back: money set aside and noted, unspent credits withdrawn, credits that paid given back.

Inside the caller's scope and transaction, with the purchase locked. States move first and wallets last: they stay locked until the
commit, so where a purchase touches several, `hold` takes them all at once.
"""

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from credits import ledger
from credits import queries as credits
from credits.ledger import Origin
from simplero.lib.keys import derive_key
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now

from . import events, states
from .gateways.gateway import Word
from .models import Payment, PaymentState, Purchase, PurchaseEntry, Refund, RefundState, RefundWay
from .purchases import SOURCE, end, keep

logger = logging.getLogger(__name__)

DECIDED = ("won", "lost")


def note(*, account: Account, purchase: Purchase, payment: Payment, word: Word, actor: Actor) -> None:
    """Note what the provider says of a paid payment beyond what we know of: a refund made in its own pages, or a dispute.

    A payment that is wholly back takes the unspent credits of its period with it; when all of a purchase's are, it is refunded. A
    lost dispute ends a subscription: its card would only be disputed again.
    """
    # What is decided stays so: of two messages at once, the older word may come last.
    if word.dispute and word.dispute != payment.dispute and payment.dispute not in DECIDED:
        keep(payment, {"dispute": word.dispute})
        disputed = events.PaymentDisputed(
            purchase.contact_id, str(purchase.public_id), word.dispute, payment.amount, payment.currency
        )
        outbox.record(account=account, fact=disputed, actor=actor)
    room = payment.amount - payment.refunded
    by_gateway = Refund.objects.filter(payment=payment, way=RefundWay.GATEWAY).exclude(state=RefundState.FAILED)
    beyond = word.refunded - sum(by_gateway.values_list("amount", flat=True))
    if word.dispute == "lost" and room:
        _note(purchase, payment, room, RefundWay.CHARGEBACK, actor)
    elif beyond > 0 and room:
        _note(purchase, payment, min(beyond, room), RefundWay.GATEWAY, actor)
    else:
        if beyond > 0:
            logger.error("payment %s: its provider gave back %d more than is left of it", payment.public_id, beyond)
        return
    _close(account, purchase, payment, lost=word.dispute == "lost", actor=actor)


def _note(purchase: Purchase, payment: Payment, amount: int, way: RefundWay, actor: Actor) -> None:
    refund = reserve(purchase, payment, amount=amount, way=way, key=uuid.uuid4(), actor=actor)
    done(purchase, refund, actor=actor)


def _close(account: Account, purchase: Purchase, payment: Payment, *, lost: bool, actor: Actor) -> None:
    """What follows when money went back without anybody here asking for it."""
    whole = fully_refunded(purchase)
    if whole and purchase.state in states.REFUND.since:
        end(purchase, states.REFUND, actor=actor)
    elif lost and purchase.state in states.RENEWING:
        end(purchase, states.CANCEL, actor=actor)
    if payment.refunded == payment.amount:
        number = None if whole else payment.number
        withdraw_unspent(account=account, purchase=purchase, number=number, actor=actor)


def reserve(
    purchase: Purchase, payment: Payment, *, amount: int, way: RefundWay, key: uuid.UUID, actor: Actor
) -> Refund:
    """Set `amount` of a payment aside to go back; no other refund can have it."""
    keep(payment, {"refunded": payment.refunded + amount})
    return Refund.objects.create(
        account_id=purchase.account_id,
        key=key,
        payment=payment,
        amount=amount,
        way=way,
        actor_kind=actor.kind,
        actor_id=actor.id,
        created_at=now(),
    )


def done(purchase: Purchase, refund: Refund, *, actor: Actor, refund_ref: str = "") -> None:
    """The money of `refund` went back."""
    keep(refund, {"state": RefundState.DONE, "done_at": now(), "refund_ref": refund_ref, "reason": ""})
    fact = events.MoneyRefunded(
        purchase.contact_id, str(purchase.public_id), refund.amount, purchase.currency, refund.way
    )
    outbox.record(account=purchase.account_id, fact=fact, actor=actor)


def let_go(refund: Refund, *, reason: str) -> None:
    """The money of `refund` did not go back, or came to us again: it may be asked for anew."""
    payment = refund.payment
    payment.refresh_from_db()
    keep(payment, {"refunded": payment.refunded - refund.amount})
    keep(refund, {"state": RefundState.FAILED, "done_at": None, "reason": reason[:200]})


def fully_refunded(purchase: Purchase) -> bool:
    """Whether nothing of what was paid for a purchase is left with the business."""
    paid = Payment.objects.filter(purchase=purchase, state=PaymentState.PAID)
    return all(payment.refunded == payment.amount for payment in paid)


@dataclass(frozen=True, slots=True)
class Unspent:
    """What of a purchase's credits could be withdrawn, lot by lot, and what has been used of them."""

    lots: list[tuple[Any, credits.LotView]]  # credit type and lot

    @property
    def free(self) -> list[tuple[Any, credits.LotView]]:
        return [(of, lot) for of, lot in self.lots if lot.free]

    @property
    def used(self) -> list[tuple[Any, credits.LotView]]:
        return [(of, lot) for of, lot in self.lots if lot.used]


def unspent(account: Account, purchase: Purchase, *, number: int | None = None) -> Unspent:
    """The lots of a purchase, of one period or of all, as they are by the clock."""
    issued = PurchaseEntry.objects.filter(purchase=purchase, verb="issue")
    if number is not None:
        issued = issued.filter(number=number)
    return Unspent(credits.lots_made_by(account, issued.values_list("entry_key", flat=True)))


def hold(*, account: Account, purchase: Purchase) -> None:
    """Lock every wallet that a return of this purchase may touch, in the order in which everybody does."""
    types = {row["credit_type"] for row in purchase.issues}
    if purchase.credit_type_id is not None:
        types.add(purchase.credit_type_id)
    ledger.hold(account=account, contact_id=purchase.contact_id, credit_type_ids=sorted(types))


def withdraw_unspent(
    *, account: Account, purchase: Purchase, number: int | None = None, note: str = "", actor: Actor
) -> int:
    """Withdraw what is unspent of this purchase's lots (of one period, or of all) and of no others (product rule 7); how many credits.
    Done again, it is none."""
    hold(account=account, purchase=purchase)
    withdrawn = 0
    for _, lot in unspent(account, purchase, number=number).free:
        # How much was withdrawn before makes it the same withdrawal, or another one after a reversal brought some back.
        key = derive_key("purchase.withdraw", lot.public_id, lot.withdrawn)
        ledger.withdraw(
            account=account,
            lot=lot.public_id,
            amount=lot.free,
            key=key,
            origin=Origin(actor, SOURCE, str(purchase.public_id), note=note),
        )
        withdrawn += lot.free
    return withdrawn


def give_back_credits(*, account: Account, purchase: Purchase, note: str = "", actor: Actor) -> int:
    """Reverse the use that paid for a purchase, or what is left of it (product rule 7); how many credits."""
    use = PurchaseEntry.objects.filter(purchase=purchase, verb="consume").first()
    if use is None:
        return 0
    hold(account=account, purchase=purchase)
    left = credits.reversible(account, purchase.contact, use.entry_key).plainly
    if left:
        key = derive_key("purchase.reverse", purchase.public_id, left)
        origin = Origin(actor, SOURCE, str(purchase.public_id), note=note)
        ledger.reverse(account=account, use=use.entry_key, amount=left, key=key, origin=origin)
    return left

"""The building block of a purchase: every change to one, inside the caller's scope and transaction.

Credits and the purchase move together: what is paid is issued in the transaction that notes the payment, and what is bought with
credits takes them in the transaction that writes the purchase. Lock the purchase first (`lock`), the wallets last.
"""

import uuid
from datetime import timedelta
from typing import Any

from contacts.models import Contact
from credits import ledger
from credits.ledger import Origin
from simplero.lib.keys import derive_key
from simplero.outbox import outbox
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import events, letters, pricing, states
from .errors import WrongMove
from .gateways.gateway import Word
from .models import (
    Payment,
    PaymentState,
    PriceKind,
    Product,
    Purchase,
    PurchaseEntry,
    SalesSettings,
    State,
)
from .queries.offering import Choice
from .states import Move

SOURCE = "purchase"
RENEW = "products.renew"
"""The kind of the job that renews a subscription; its subject is the purchase."""

RECEIPT, RECEIPT_OF_PAYMENT = "products.receipt", "products.receipt_of_payment"
"""The kinds of the jobs that write a receipt; their subject is the purchase, or the payment."""

CHARGE = "products.charge"
"""The kind of the job that charges a failed renewal again because somebody asked for it."""

RETRY_AFTER = [1, 3, 5]
"""Days after a failed renewal at which its charge is tried again, unless the account says otherwise."""


def lock(*, account: Any, purchase_id: int) -> Purchase:
    """The purchase as it stands now, held until the transaction ends. Raises Purchase.DoesNotExist."""
    require(account)
    return (
        Purchase.objects.select_for_update(of=("self",), no_key=True)
        .select_related("contact", "product", "price", "credit_type")
        .get(pk=purchase_id)
    )


def create(
    *,
    account: Account,
    contact: Contact,
    product: Product,
    choice: Choice,
    key: uuid.UUID,
    gateway: str,
    source: str,
    visitor_digest: str = "",
    actor: Actor,
) -> Purchase:
    """A new purchase at the terms of `choice`. What asks for money waits for its payment; anything else begins here and now: its
    credit price is paid and what it includes is issued, all or nothing.

    Raises InsufficientCredits; IntegrityError when `key` is another purchase's.
    """
    price = choice.price
    asks = price.kind in (PriceKind.SINGLE, PriceKind.RECURRING)
    purchase = Purchase(
        account_id=require(account),
        public_id=uuid.uuid4(),
        key=key,
        contact=contact,
        product=product,
        price=price,
        product_name=product.name,
        price_kind=price.kind,
        quantity=choice.quantity,
        units=choice.units,
        each=price.amount,
        total=choice.total,
        currency=price.currency,
        credit_type_id=price.credit_type_id,
        every=price.every,
        period=price.period,
        issues=[issue.row() for issue in choice.issues],
        state=State.NEW if asks else State.ACTIVE,
        gateway=gateway if asks else "",
        source=source,
        visitor_digest=visitor_digest,
        created_at=now(),
        activated_at=None if asks else now(),
    )
    purchase.save(force_insert=True)
    facts: list[outbox.Fact] = [
        events.PurchaseCreated(contact.pk, str(purchase.public_id), product.pk, price.pk, purchase.quantity)
    ]
    if not asks:
        facts.append(_moved(purchase, first=True))
    outbox.record_all(account=account, facts=facts, actor=actor)
    if asks:
        _ask(purchase, number=1)
    else:
        outbox.schedule(account=account, kind=RECEIPT, subject=purchase.pk, due=now())
        _post(account, purchase, number=1, actor=actor, pay=price.kind == PriceKind.CREDIT)
    return purchase


def _moved(purchase: Purchase, *, first: bool) -> events.PurchaseMoved:
    """The fact that a purchase stands as it does now."""
    return events.MOVED[purchase.state](
        purchase.contact_id, str(purchase.public_id), purchase.product_id, purchase.price_id, first
    )


def _ask(purchase: Purchase, *, number: int, attempt: int = 1) -> Payment:
    """Money asked for a period. Its key is the provider's idempotency key: asked twice, it is taken once."""
    return Payment.objects.create(
        account_id=purchase.account_id,
        key=derive_key("purchase.payment", purchase.public_id, number, attempt),
        purchase=purchase,
        number=number,
        attempt=attempt,
        amount=purchase.total,
        currency=purchase.currency,
        gateway=purchase.gateway,
        created_at=now(),
    )


def payment_due(purchase: Purchase) -> Payment:
    """The payment that is waited for in the period that is next, asked for now unless it was; `purchase` is locked."""
    number = purchase.periods + 1
    of_period = Payment.objects.filter(purchase=purchase, number=number)
    waiting = of_period.filter(state=PaymentState.PENDING).first()
    return waiting or _ask(purchase, number=number, attempt=of_period.count() + 1)


def move(purchase: Purchase, by: Move, *, actor: Actor, **more: Any) -> None:
    """Move a locked purchase, with `more` of its columns. Raises WrongMove from a state that does not allow it."""
    if purchase.state not in by.since:
        raise WrongMove(purchase.get_state_display(), by.name)
    first = purchase.activated_at is None
    columns = {"state": by.to, **more}
    if by.to == State.ACTIVE and first:
        columns["activated_at"] = now()
    if by.to not in states.RENEWING:
        columns |= {"renews_at": None, "retry_at": None}
    columns["ended_at"] = None if by.to in states.RENEWING else purchase.ended_at or now()
    keep(purchase, columns)
    outbox.record(account=purchase.account_id, fact=_moved(purchase, first=first), actor=actor)


def settle(*, account: Account, purchase: Purchase, payment: Payment, word: Word, actor: Actor = SYSTEM) -> None:
    """Make a payment of a locked purchase paid or failed, as its provider says; what it was already changes nothing.

    Paid wins over failed, however late it is heard. What went back is `returns.note`'s to tell.
    """
    payment.refresh_from_db()
    columns: dict[str, Any] = {}
    if word.charge_ref and word.charge_ref != payment.charge_ref:
        columns["charge_ref"] = word.charge_ref
    if word.state == "paid" and payment.state != PaymentState.PAID:
        columns |= {"state": PaymentState.PAID, "paid_at": now(), "reason": ""}
    elif word.state == "failed" and payment.state == PaymentState.PENDING:
        columns |= {"state": PaymentState.FAILED, "reason": word.reason[:200]}
    before = payment.state
    if columns:
        keep(payment, columns)
    if before != payment.state:
        (_paid if payment.state == PaymentState.PAID else _unpaid)(account, purchase, payment, word, actor)


def _paid(account: Account, purchase: Purchase, payment: Payment, word: Word, actor: Actor) -> None:
    fact = events.PaymentReceived(
        purchase.contact_id, str(purchase.public_id), payment.number, payment.amount, payment.currency
    )
    outbox.record(account=account, fact=fact, actor=actor)
    columns: dict[str, Any] = {"periods": max(purchase.periods, payment.number), "failures": 0, "retry_at": None}
    if word.card_ref:
        columns |= {"payer_ref": word.payer_ref, "card_ref": word.card_ref, "card_label": word.card_label[:40]}
    # What somebody cancelled after it had begun stays cancelled; all else that is paid is active.
    ended = purchase.state == State.CANCELLED and purchase.activated_at is not None
    if purchase.state in states.ACTIVATE.since and not ended:
        move(purchase, states.ACTIVATE, actor=actor, **columns)
    else:
        keep(purchase, columns)
    if payment.number > 1:
        renewed = events.PurchaseRenewed(purchase.contact_id, str(purchase.public_id), payment.number)
        outbox.record(account=account, fact=renewed, actor=actor)
    if purchase.state in states.RENEWING and purchase.every:
        _next_period(account, purchase)
    outbox.schedule(account=account, kind=RECEIPT_OF_PAYMENT, subject=payment.pk, due=now())
    _post(account, purchase, number=payment.number, actor=actor)


def _unpaid(account: Account, purchase: Purchase, payment: Payment, word: Word, actor: Actor) -> None:
    """A charge that failed for good: the first ends the order, a later one is tried again by the account's rule."""
    fact = events.PaymentFailed(
        purchase.contact_id, str(purchase.public_id), payment.number, payment.amount, payment.currency
    )
    outbox.record(account=account, fact=fact, actor=actor)
    if payment.number == 1:
        if purchase.state == State.NEW:
            move(purchase, states.FAIL, actor=actor)
        return
    if purchase.state in states.RENEWING:
        _wait_after_failure(account, purchase, payment, actor)
    if not word.ours:
        letters.payment_failed(account=account, purchase=purchase, payment=payment, reason=word.reason)


def _wait_after_failure(account: Account, purchase: Purchase, payment: Payment, actor: Actor) -> None:
    """Retries after so many days from the first charge of the period; after the last one delinquent, and then so many days to find
    a way."""
    rule = sales_settings(account)
    failures = purchase.failures + 1
    first = Payment.objects.get(purchase=purchase, number=payment.number, attempt=1)
    retries = [first.created_at + timedelta(days=days) for days in rule.retry_after]
    later = next((at for at in retries if at > now()), None)  # a try that somebody asked for takes none away
    columns: dict[str, Any] = {"failures": failures, "retry_at": later}
    if later is None and purchase.state == State.ACTIVE:
        columns["retry_at"] = now() + timedelta(days=rule.give_up_after)
        move(purchase, states.MISS, actor=actor, **columns)
    elif later is None:  # a card tried while delinquent: the day on which it is given up stays
        keep(purchase, {"failures": failures})
        return
    else:
        keep(purchase, columns)
    outbox.schedule(account=account, kind=RENEW, subject=purchase.pk, due=columns["retry_at"])


def retry_now(*, account: Account, purchase: Purchase) -> None:
    """Let a renewal that failed be charged again at once, whatever the rule says of when."""
    outbox.schedule(account=account, kind=CHARGE, subject=purchase.pk, due=now())


def wait_for_outside(*, account: Account, purchase: Purchase, actor: Actor = SYSTEM) -> None:
    """A renewal that is paid outside: it has as long as a card would be retried, then it is delinquent, then given up."""
    rule = sales_settings(account)
    if purchase.retry_at is None:
        keep(
            purchase,
            {"retry_at": (purchase.renews_at or now()) + timedelta(days=max(rule.retry_after, default=0) or 1)},
        )
    elif purchase.state == State.ACTIVE:
        move(purchase, states.MISS, actor=actor, retry_at=now() + timedelta(days=rule.give_up_after))
    outbox.schedule(account=account, kind=RENEW, subject=purchase.pk, due=purchase.retry_at or now())


def _next_period(account: Account, purchase: Purchase) -> None:
    """Write down when the period after the ones that are paid begins, and let it be done then."""
    begins = pricing.period_begins(
        purchase.activated_at or now(), purchase.periods, purchase.every or 1, purchase.period, account.zone
    )
    keep(purchase, {"renews_at": begins})
    outbox.schedule(account=account, kind=RENEW, subject=purchase.pk, due=begins)


def sales_settings(account: Account) -> SalesSettings:
    """The account's rule for failed renewals, or the default one."""
    found = SalesSettings.objects.filter(account_id=require(account)).first()
    return found or SalesSettings(account_id=account.pk, retry_after=RETRY_AFTER)


def _post(account: Account, purchase: Purchase, *, number: int, actor: Actor, pay: bool = False) -> None:
    """Move the credits of one period: what pays, then what is issued. Last, for the wallets stay locked until the commit."""
    moves = [(row["credit_type"], "issue", row["amount"], row["expiry"]) for row in purchase.issues]
    if pay:
        moves.insert(0, (purchase.credit_type_id, "consume", purchase.total, ""))
    types = {credit_type_id for credit_type_id, *_ in moves}
    if len(types) > 1:
        ledger.hold(account=account, contact_id=purchase.contact_id, credit_type_ids=sorted(types))
    origin = Origin(actor, SOURCE, str(purchase.public_id))
    rows = []
    for credit_type_id, verb, amount, expiry in moves:
        key = derive_key(f"purchase.{verb}", purchase.public_id, number, credit_type_id)
        common = {
            "account": account,
            "contact_id": purchase.contact_id,
            "credit_type_id": credit_type_id,
            "amount": amount,
            "key": key,
            "origin": origin,
        }
        if verb == "issue":
            ledger.issue(expiry=expiry, **common)
        else:
            ledger.consume(**common)
        rows.append(
            PurchaseEntry(
                account_id=account.pk,
                purchase=purchase,
                number=number,
                verb=verb,
                entry_key=key,
                credit_type_id=credit_type_id,
                amount=amount,
            )
        )
    PurchaseEntry.objects.bulk_create(rows)


def stop_renewal(*, account: Account, purchase: Purchase, actor: Actor) -> bool:
    """Let a locked subscription end with the period that is paid, which is at once where the next one is overdue; False when it was
    to already."""
    if purchase.stopped_at is not None or purchase.renews_at is None:
        return False
    keep(purchase, {"stopped_at": now()})
    stopped = events.RenewalStopped(purchase.contact_id, str(purchase.public_id))
    outbox.record(account=account, fact=stopped, actor=actor)
    if purchase.renews_at <= now():
        end(purchase, states.EXPIRE, actor=actor)
    return True


def resume_renewal(*, account: Account, purchase: Purchase, actor: Actor) -> bool:
    """Let a locked subscription that was to end renew after all; False when it was not to end, or has."""
    if purchase.stopped_at is None or purchase.renews_at is None:
        return False
    keep(purchase, {"stopped_at": None})
    resumed = events.RenewalResumed(purchase.contact_id, str(purchase.public_id))
    outbox.record(account=account, fact=resumed, actor=actor)
    return True


def keep_card(
    *, account: Account, purchase: Purchase, payer_ref: str, card_ref: str, card_label: str, actor: Actor
) -> None:
    """Charge renewals of a locked subscription to another card from now on."""
    if purchase.card_ref == card_ref:
        return
    keep(purchase, {"payer_ref": payer_ref, "card_ref": card_ref, "card_label": card_label[:40]})
    changed = events.CardChanged(purchase.contact_id, str(purchase.public_id))
    outbox.record(account=account, fact=changed, actor=actor)


def end(purchase: Purchase, by: Move, *, actor: Actor) -> None:
    """Move a locked purchase to a state that is an end: nothing is waited for any more. Should it be paid all the same, that still
    counts. Raises WrongMove."""
    move(purchase, by, actor=actor)
    waiting = Payment.objects.filter(purchase=purchase, state=PaymentState.PENDING)
    waiting.update(state=PaymentState.FAILED, reason=f"The purchase was {State(purchase.state).label.lower()}.")


def keep(row: Any, columns: dict[str, Any]) -> None:
    """Write these columns of a row, and no other."""
    for column, value in columns.items():
        setattr(row, column, value)
    row.save(update_fields=list(columns))

"""Use-cases of credits: each is all or nothing, and ends with the one posting that locks the wallet.

Where that posting is all they write, it is their savepoint too (`ledger`); the others are atomic blocks.

`key` is the one its form was rendered with: sent twice, it answers with the first posting. Refusals are `credits.errors`,
with amounts worded in the credit type's own unit.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from contacts import directory
from contacts.models import Contact
from credits import errors, ledger, queries
from credits.ledger import Origin, Posting
from credits.models import CreditType, Entry
from simplero.lib.keys import derive_key
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now

STAFF = "staff"

UNDO_WITHIN = timedelta(minutes=15)
"""How long whoever made a use may undo it (product.md, roles)."""


def issue(
    *,
    account: Account,
    contact: Contact,
    credit_type: CreditType,
    amount: int,
    key: uuid.UUID,
    expiry: str = "",
    note: str = "",
    note_for_customer: bool = False,
    actor: Actor,
) -> Posting:
    """Issue `amount` credits to `contact` as one lot. `expiry`: "" the type's default, "never", "2027-01-31" or "3 months".

    Raises AmountOutOfRange, TypeArchived, DayInPast, KeyReused; Merged and Erased for somebody who is not there any more.
    """
    with _worded_in(credit_type):
        try:
            return ledger.issue(
                account=account,
                contact_id=contact.pk,
                credit_type_id=credit_type.pk,
                amount=amount,
                key=derive_key("staff.issue", key),
                expiry=expiry,
                origin=Origin(actor, STAFF, note=note, note_for_customer=note_for_customer),
            )
        except errors.NotHere:
            directory.check_there(account=account, contact=Contact.objects.get(pk=contact.pk))
            raise


@transaction.atomic
def issue_missing(
    *,
    account: Account,
    contact: Contact,
    credit_type: CreditType,
    wanted: int,
    key: uuid.UUID,
    note: str = "",
    actor: Actor,
) -> Posting | None:
    """Issue what `contact` lacks for `wanted` credits to be free, as one lot that lasts as its type says; None where nothing lacks.

    What is free cannot change in between. Raises AmountOutOfRange, TypeArchived, KeyReused.
    """
    ledger.hold(account=account, contact_id=contact.pk, credit_type_ids=[credit_type.pk])
    free = queries.free_of_type(account, credit_type.pk, [contact.pk]).get(contact.pk, 0)
    if free >= wanted:
        return None
    return issue(
        account=account,
        contact=contact,
        credit_type=credit_type,
        amount=wanted - free,
        key=key,
        note=note,
        actor=actor,
    )


def consume(
    *,
    account: Account,
    contact: Contact,
    credit_type: CreditType,
    amount: int,
    key: uuid.UUID,
    service_date: date | None = None,
    note: str = "",
    note_for_customer: bool = False,
    actor: Actor,
) -> Posting:
    """Use `amount` of the contact's credits for a service on `service_date` (None: today), all of them or none.

    Raises InsufficientCredits, AmountOutOfRange, DayInFuture, DayTooFarBack, KeyReused.
    """
    with _worded_in(credit_type):
        return ledger.consume(
            account=account,
            contact_id=contact.pk,
            credit_type_id=credit_type.pk,
            amount=amount,
            key=derive_key("staff.consume", key),
            service_date=service_date,
            origin=Origin(actor, STAFF, note=note, note_for_customer=note_for_customer),
        )


def reverse(
    *,
    account: Account,
    use: uuid.UUID,
    amount: int,
    key: uuid.UUID,
    revive: bool = False,
    reason: str,
    reason_for_customer: bool = False,
    actor: Actor,
) -> Posting:
    """Give back `amount` of the use with the entry key `use`, to the lots that paid; `revive` also to lots withdrawn since.

    Raises NotHere, OverReversal, AmountOutOfRange, KeyReused.
    """
    with _worded_in(_type_of_entry(use)):
        return ledger.reverse(
            account=account,
            use=use,
            amount=amount,
            key=derive_key("staff.reverse", key),
            revive=revive,
            origin=Origin(actor, STAFF, note=reason, note_for_customer=reason_for_customer),
        )


def undo(*, account: Account, use: uuid.UUID, actor: Actor) -> Posting:
    """Take back a whole use that `actor` made within the last 15 minutes; asked again, answers with the same entry.

    A reversal gives what an expired lot paid as a new lot, so an undo that would is refused: otherwise a use dated back and
    undone would make fresh credits of expired ones, which only staff who may correct a ledger may do.

    Raises NotHere, UndoTooLate, UndoRevives, OverReversal (part of it was reversed meanwhile).
    """
    entry = _entry(use)
    mine = (entry.actor_kind, entry.actor_id) == (actor.kind, actor.id)
    key = derive_key("staff.undo", use)
    done = Entry.objects.filter(key=key).exists()
    if not done and (not mine or entry.happened_at < now() - UNDO_WITHIN):
        raise errors.UndoTooLate
    if not done and entry.allocations.filter(lot__expires_at__lte=now()).exists():
        raise errors.UndoRevives
    with _worded_in(_type_of_entry(use)):
        return ledger.reverse(account=account, use=use, amount=-entry.amount, key=key, origin=Origin(actor, STAFF))


def withdraw(
    *,
    account: Account,
    lot: uuid.UUID,
    amount: int,
    key: uuid.UUID,
    reason: str,
    reason_for_customer: bool = False,
    actor: Actor,
) -> Posting:
    """Take `amount` unused credits out of a lot. Raises NotHere, OverWithdrawal, AmountOutOfRange, KeyReused."""
    with _worded_in(_type_of_lot(lot)):
        return ledger.withdraw(
            account=account,
            lot=lot,
            amount=amount,
            key=derive_key("staff.withdraw", key),
            origin=Origin(actor, STAFF, note=reason, note_for_customer=reason_for_customer),
        )


def redate(
    *,
    account: Account,
    lot: uuid.UUID,
    last_good_day: date | None,
    key: uuid.UUID,
    reason: str,
    reason_for_customer: bool = False,
    actor: Actor,
) -> Posting:
    """Make a lot good through `last_good_day`, None being for ever; what had expired of it comes back.

    Raises NotHere, DayInPast, SameDay, NothingLeft, KeyReused.
    """
    with _worded_in(_type_of_lot(lot)):
        return ledger.redate(
            account=account,
            lot=lot,
            last_good_day=last_good_day,
            key=derive_key("staff.redate", key),
            origin=Origin(actor, STAFF, note=reason, note_for_customer=reason_for_customer),
        )


def expire_due(*, account: Any, limit: int = 1000) -> int:
    """Write overdue expiries of the account, from up to `limit` lots; how many were written. 0 means that none are left."""
    return ledger.expire_due(account=account, limit=limit)


@contextmanager
def _worded_in(credit_type: CreditType) -> Iterator[None]:
    """Let a refusal speak of this type's credits."""
    try:
        yield
    except errors.LedgerRefusal as refusal:
        refusal.unit = credit_type
        raise


def _entry(key: uuid.UUID) -> Entry:
    entry = Entry.objects.filter(key=key, kind="consume").first()
    if entry is None:
        raise errors.NotHere(f"no use {key}")
    return entry


def _type_of_entry(key: uuid.UUID) -> CreditType:
    found = CreditType.objects.filter(wallet__entries__key=key).first()
    if found is None:
        raise errors.NotHere(f"no use {key}")
    return found


def _type_of_lot(public_id: uuid.UUID) -> CreditType:
    found = CreditType.objects.filter(wallet__lots__public_id=public_id).first()
    if found is None:
        raise errors.NotHere(f"no lot {public_id}")
    return found

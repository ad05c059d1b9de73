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

from django.db import IntegrityError, transaction
from django.utils.text import Truncator

from contacts.directory import constraint
from contacts.models import Contact
from simplero.lib.folding import key as folded_key
from simplero.lib.keys import derive_key
from simplero.lib.refusals import Stale
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import errors, events, ledger, queries, wording
from .ledger import Origin, Posting
from .models import CreditType, Entry

STAFF = "staff"

WRITTEN = ("name", "plural", "description", "expires_after", "expires_unit")
"""What staff write of a credit type."""

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

    Raises AmountOutOfRange, TypeArchived, DayInPast, KeyReused.
    """
    with _worded_in(credit_type):
        return ledger.issue(
            account=account,
            contact_id=contact.pk,
            credit_type_id=credit_type.pk,
            amount=amount,
            key=derive_key("staff.issue", key),
            expiry=expiry,
            origin=Origin(actor, STAFF, note=note, note_for_customer=note_for_customer),
        )


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


def name_key(name: str) -> str:
    """What makes two names of a type the same one: case and accents aside."""
    return folded_key(name, longest=errors.NAME)


@transaction.atomic
def add_type(
    *,
    account: Account,
    name: str,
    plural: str,
    description: str = "",
    expires_after: int | None = None,
    expires_unit: str = "",
    actor: Actor,
) -> CreditType:
    """A new type of credit; `expires_after` counts `expires_unit` (days, weeks, months, years), None is never. Raises TypeNameTaken."""
    with _one_of_a_name(name):
        credit_type = CreditType.objects.create(
            account_id=require(account),
            name=name,
            plural=plural,
            name_key=name_key(name),
            description=description,
            expires_after=expires_after,
            expires_unit=expires_unit if expires_after else "",
            created_at=now(),
        )
    credit_type.refresh_from_db(fields=["public_id"])
    outbox.record(account=account, fact=events.CreditTypeCreated(credit_type.pk), actor=actor)
    return credit_type


def type_seal(credit_type: CreditType) -> str:
    """A short name for exactly what staff wrote of a type: a form carries it to tell later whether it is still the same."""
    return seal(*(str(getattr(credit_type, field)) for field in WRITTEN))


@transaction.atomic
def edit_type(
    *,
    account: Account,
    credit_type: CreditType,
    name: str,
    plural: str,
    description: str,
    expires_after: int | None,
    expires_unit: str,
    seen: str,
    actor: Actor,
) -> None:
    """Change a type; `seen` is the seal of what the person started from. Lots already issued keep their last good day.

    Raises Stale when it is no longer that, and TypeNameTaken.
    """
    require(account)
    wanted = {
        "name": name,
        "plural": plural,
        "description": description,
        "expires_after": expires_after,
        "expires_unit": expires_unit if expires_after else "",
    }
    kept = CreditType.objects.select_for_update(no_key=True).get(pk=credit_type.pk)  # edits come one after the other
    changed = [field for field, value in wanted.items() if getattr(kept, field) != value]
    if not changed:
        return
    if seen != type_seal(kept):
        raise Stale(
            f"Somebody else changed this type while you were typing: it now says {_written(kept)}. "
            "What you typed is still here; save again to keep it instead."
        )
    for field in changed:
        setattr(kept, field, wanted[field])
    kept.name_key = name_key(name)
    with _one_of_a_name(name):
        kept.save(update_fields=[*changed, "name_key"])
    outbox.record(account=account, fact=events.CreditTypeChanged(kept.pk, tuple(changed)), actor=actor)


@transaction.atomic
def archive_type(*, account: Account, credit_type: CreditType, actor: Actor) -> None:
    """Issue no more of a type; what was issued can still be used. Doing it again changes nothing."""
    require(account)
    if CreditType.objects.filter(pk=credit_type.pk, archived_at=None).update(archived_at=now()):
        outbox.record(account=account, fact=events.CreditTypeArchived(credit_type.pk), actor=actor)


@transaction.atomic
def bring_back_type(*, account: Account, credit_type: CreditType, actor: Actor) -> None:
    """Undo an archiving. Doing it again changes nothing."""
    require(account)
    if CreditType.objects.filter(pk=credit_type.pk).exclude(archived_at=None).update(archived_at=None):
        outbox.record(account=account, fact=events.CreditTypeBroughtBack(credit_type.pk), actor=actor)


def _written(credit_type: CreditType) -> str:
    description = Truncator(credit_type.description).chars(300)
    lasting = wording.expiration(credit_type.expires_after, credit_type.expires_unit)
    return f"“{credit_type.name}”, “{credit_type.plural}”, {f'“{description}”' if description else 'no description'}, {lasting}"


@contextmanager
def _worded_in(credit_type: CreditType) -> Iterator[None]:
    """Let a refusal speak of this type's credits."""
    try:
        yield
    except errors.LedgerRefusal as refusal:
        refusal.unit = credit_type
        raise


@contextmanager
def _one_of_a_name(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint(error) != "credit_type_name":
            raise
        archived = CreditType.objects.filter(name_key=name_key(name)).exclude(archived_at=None).exists()
        raise errors.TypeNameTaken(name, archived=archived) from error


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

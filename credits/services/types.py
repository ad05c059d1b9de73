"""Credit types: added, changed, archived and brought back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils.text import Truncator

from contacts.directory import constraint
from credits import errors, events, wording
from credits.models import CreditType
from simplero.lib.folding import key as folded_key
from simplero.lib.refusals import Stale
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

WRITTEN = ("name", "plural", "description", "expires_after", "expires_unit")
"""What staff write of a credit type."""


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
def _one_of_a_name(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint(error) != "credit_type_name":
            raise
        archived = CreditType.objects.filter(name_key=name_key(name)).exclude(archived_at=None).exists()
        raise errors.TypeNameTaken(name, archived=archived) from error

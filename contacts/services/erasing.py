"""Erasing a person. What says who it was goes, from every room; what the ledger's numbers hang on stays, under no name."""

from collections.abc import Sequence

from django.db import transaction

from contacts import directory, events, forgetting, joining, queries
from contacts.errors import NotErased
from contacts.models import (
    ERASED,
    Contact,
    ContactNote,
    ContactTag,
    ContactWord,
    CustomerSession,
    Erasure,
    Letter,
    Merge,
    SignIn,
)
from simplero.mail import services as mail
from simplero.outbox import outbox
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require


def hindrances(account: Account, contact: Contact) -> list[str]:
    """What stands against erasing `contact`, each with the way out: sentences. None: nothing does."""
    return _hindrances(account, queries.selves(account, contact))


def _hindrances(account: Account, ids: Sequence[int]) -> list[str]:
    said = [room.hinders(account, ids) for room in forgetting.ROOMS.values() if room.hinders]
    return [sentence for sentence in said if sentence]


@transaction.atomic
def erase(*, account: Account, contact: Contact, actor: Actor) -> None:
    """Erase `contact` and all who were merged into it, for good. Asked twice, it is done once.

    Raises NotErased while a room hinders it, and Merged for somebody who was merged into another: that one is erased.
    """
    ids = _held(account, contact)
    found = Contact.objects.get(pk=contact.pk)
    if found.erased_at is not None:
        return
    directory.check_there(account=account, contact=found)
    if reasons := _hindrances(account, ids):
        raise NotErased(reasons)
    _erase(account, ids, actor)


@transaction.atomic
def erase_again(*, account: Account, contact: Contact) -> bool:
    """Erase somebody whom an older backup has brought back, whatever hinders it; False for somebody erased already."""
    ids = _held(account, contact)
    if Contact.objects.get(pk=contact.pk).erased_at is not None:
        return False
    _erase(account, ids, SYSTEM)
    return True


def _held(account: Account, contact: Contact) -> list[int]:
    """`contact` and all who were merged into it, locked, with what the rooms are going to change."""
    ids = queries.selves(account, contact)
    for room in joining.highest_first():
        if room.hold is not None:
            room.hold(account, ids)
    directory.lock_all(account=account, ids=ids)
    return queries.selves(account, contact)  # nobody is merged into a contact whose row is held


def _erase(account: Account, ids: list[int], actor: Actor) -> None:
    account_id = require(account)
    people = list(Contact.objects.filter(pk__in=ids, erased_at__isnull=True).order_by("pk"))
    for room in reversed(forgetting.ROOMS.values()):
        room.forget(account=account, contacts=ids)
    forget(account=account, contacts=ids)
    Erasure.objects.bulk_create(
        Erasure(
            account_id=account_id,
            contact=person,
            email_digest=directory.erasure_digest(account, person.email),
            at=now(),
            actor_kind=actor.kind,
            actor_id=actor.id,
        )
        for person in people
    )
    Contact.objects.filter(pk__in=[person.pk for person in people]).update(
        name=ERASED,
        name_key=directory.name_key(ERASED),
        email="",
        email_key="",
        phone="",
        company="",
        erased_at=now(),
    )
    facts = [events.ContactErased(person.pk) for person in people]
    outbox.record_all(account=account, facts=facts, actor=actor)


def forget(*, account: Account, contacts: Sequence[int]) -> None:
    """What this room keeps of these contacts beside their rows."""
    account_id = require(account)
    its = {"account_id": account_id, "contact__in": contacts}
    for model in (ContactNote, ContactTag, ContactWord, CustomerSession, SignIn):
        model._default_manager.filter(**its).delete()
    for side in ("source__in", "target__in"):
        Merge.objects.filter(account_id=account_id, **{side: contacts}).update(before={})
    written = Letter.objects.filter(message__isnull=False, **its).values_list("message", flat=True)
    named = Contact.objects.filter(pk__in=contacts).values_list("public_id", flat=True)
    mail.erase(messages=list(written), naming=[str(public_id) for public_id in named])

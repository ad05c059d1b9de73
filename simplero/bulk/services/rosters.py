"""Rosters: who is expected on a day, a tick for each who came, which uses one credit, and the tick taken back.

Every tick and untick of a place is a turn with a number. The form carries the number it was drawn with, and what is posted is named
by it: a double click, a retry or two people at once post once.
"""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import QuerySet

from contacts.models import Contact
from credits import services as credits
from credits.errors import BY_REASON, InsufficientCredits, OverReversal
from simplero.bulk.errors import NotYet, NotYours, Reused, StillTicked, TooMany
from simplero.bulk.models import Place, Roster
from simplero.lib.keys import derive_key
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require, today

if TYPE_CHECKING:
    from credits.models import CreditType

MOST = 500
"""Places of one roster."""

UNDO_WITHIN = credits.UNDO_WITHIN
"""How long whoever ticked may take the tick back."""

SOURCE = "roster"
"""What the ledger calls the uses of a roster; their source id is its public id."""


@transaction.atomic
def add(
    *,
    account: Account,
    name: str,
    credit_type: "CreditType",
    day: date,
    contacts: QuerySet[Contact],
    key: uuid.UUID,
    actor: Actor,
) -> Roster:
    """A roster for `contacts`, which may be nobody yet; `key` is the form's: sent again, it is the same roster.

    Raises TooMany, and Reused where the form was sent before with other values.
    """
    account_id = require(account)
    roster, new = Roster.objects.get_or_create(
        public_id=key,
        defaults={
            "account_id": account_id,
            "name": name,
            "credit_type": credit_type,
            "day": day,
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "created_at": now(),
        },
    )
    if new:
        _write_places(roster, contacts)
    elif (roster.name, roster.credit_type_id, roster.day) != (name, credit_type.pk, day):
        raise Reused
    return roster


def _write_places(roster: Roster, contacts: QuerySet[Contact]) -> None:
    query, arguments = contacts.order_by("name_key", "pk").values_list("pk")[: MOST + 1].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO bulk_place (account_id, roster_id, contact_id) SELECT %s, %s, chosen.id FROM ({query}) AS chosen(id)",  # noqa: S608
            [roster.account_id, roster.pk, *arguments],
        )
        if cursor.rowcount > MOST:
            raise TooMany(MOST)


@transaction.atomic
def expect(*, account: Account, roster: Roster, contact: Contact) -> None:
    """Put a contact on a roster; on it already, nothing changes. Raises TooMany."""
    account_id = require(account)
    Roster.objects.select_for_update(no_key=True).get(pk=roster.pk)
    if Place.objects.filter(roster=roster).count() >= MOST:
        raise TooMany(MOST)
    Place.objects.bulk_create([Place(account_id=account_id, roster=roster, contact=contact)], ignore_conflicts=True)


@transaction.atomic
def dismiss(*, account: Account, roster: Roster, contact: Contact) -> None:
    """Take a contact off a roster. Raises StillTicked where they came: the credit comes back with the tick, not with the place."""
    require(account)
    place = _held(roster, contact)
    if place is None:
        return
    if place.entry:
        raise StillTicked(contact.name)
    place.delete()


@dataclass(frozen=True, slots=True)
class Turned:
    """What came of a click: whether the place is ticked now, and whether this click changed anything."""

    ticked: bool
    changed: bool


@transaction.atomic
def tick(*, account: Account, roster: Roster, contact: Contact, turn: int, actor: Actor) -> Turned:
    """`contact` came: use one credit for the roster's day, if the place stands at `turn`; what stands elsewhere stays as it is.

    Raises Place.DoesNotExist, NotYet, and credits' refusals, InsufficientCredits among them.
    """
    require(account)
    if roster.day > today(account):
        raise NotYet
    place = _held(roster, contact)
    if place is None:
        raise Place.DoesNotExist
    if place.turn != turn or place.entry:
        return Turned(bool(place.entry), changed=False)
    key = derive_key("roster.tick", roster.public_id, place.pk, turn)
    [answer] = credits.consume_many(
        account=account,
        credit_type=roster.credit_type,
        rows=[credits.Wanted(contact.pk, 1, key)],
        service_date=roster.day,
        why=_why(roster, actor),
    )
    if answer.outcome == "short":
        refusal = InsufficientCredits(free=answer.free or 0, asked=1)
        refusal.unit = roster.credit_type
        raise refusal
    if answer.outcome == "refused":
        raise BY_REASON[answer.reason]()
    _turn(place, entry=key, actor=actor)
    return Turned(True, changed=True)


@transaction.atomic
def untick(*, account: Account, roster: Roster, contact: Contact, turn: int, may_correct: bool, actor: Actor) -> Turned:
    """`contact` did not come after all: give the credit back. Whoever ticked may, for 15 minutes; later, and others, who `may_correct`.

    What was given back by hand meanwhile is not given back again. Raises Place.DoesNotExist, NotYours, UndoRevives.
    """
    require(account)
    place = _held(roster, contact)
    if place is None:
        raise Place.DoesNotExist
    if place.turn != turn or not place.entry:
        return Turned(bool(place.entry), changed=False)
    if may_correct:
        key = derive_key("roster.untick", roster.public_id, place.pk, turn)
        credits.reverse_many(account=account, uses=[(place.entry, key)], why=_why(roster, actor))
    else:
        if place.ticked_by != actor.id or place.ticked_at is None or place.ticked_at < now() - UNDO_WITHIN:
            raise NotYours
        try:
            credits.undo(account=account, use=place.entry, actor=actor)
        except OverReversal as refusal:
            if refusal.left or refusal.withdrawn:
                raise
    _turn(place, entry=None, actor=actor)
    return Turned(False, changed=True)


def _held(roster: Roster, contact: Contact) -> Place | None:
    """The contact's place, locked: of two clicks the second waits, and then sees what the first has done."""
    return Place.objects.select_for_update(no_key=True).filter(roster=roster, contact=contact).first()


def _turn(place: Place, *, entry: uuid.UUID | None, actor: Actor) -> None:
    place.turn += 1
    place.entry = entry
    place.ticked_at = now() if entry else None
    place.ticked_by = actor.id if entry else None
    place.save(update_fields=["turn", "entry", "ticked_at", "ticked_by"])


def _why(roster: Roster, actor: Actor) -> credits.Why:
    return credits.Why(actor, SOURCE, str(roster.public_id))


@transaction.atomic
def use_again(*, account: Account, roster: Roster, day: date, key: uuid.UUID, actor: Actor) -> Roster:
    """A new roster of the same name, type and people, on another day, with no ticks. Raises Reused."""
    people = Contact.objects.filter(
        pk__in=Place.objects.filter(roster=roster).values("contact_id"),
        merged_into__isnull=True,
        erased_at__isnull=True,
    )
    return add(
        account=account,
        name=roster.name,
        credit_type=roster.credit_type,
        day=day,
        contacts=people,
        key=key,
        actor=actor,
    )

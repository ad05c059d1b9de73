"""Rosters, and who is on one."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from contacts.models import Contact
from credits import queries as credits
from simplero.bulk.models import Place, Roster
from simplero.lib.keys import uuids
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

PAGE = 50

THERE = Q(contact__merged_into__isnull=True, contact__erased_at__isnull=True) | Q(entry__isnull=False)
"""Places of contacts who are there still, and of those who came and are gone since."""


def get_roster(account: Account, public_id: uuid.UUID) -> Roster:
    """A roster. Raises Roster.DoesNotExist."""
    require(account)
    return Roster.objects.select_related("credit_type").get(public_id=public_id)


@dataclass(frozen=True, slots=True)
class Rosters:
    """A page of rosters, the latest day first, each with how many are on it and how many came; `older` is the next page's cursor."""

    rosters: list[tuple[Roster, int, int]]
    older: uuid.UUID | None


def rosters(account: Account, *, older: uuid.UUID | None = None) -> Rosters:
    require(account)
    found = Roster.objects.select_related("credit_type").order_by("-day", "-pk")
    at = Roster.objects.filter(public_id=older).first() if older else None
    if at is not None:
        found = found.filter(Q(day__lte=at.day) & (Q(day__lt=at.day) | Q(pk__lt=at.pk)))
    taken = list(found[: PAGE + 1])
    shown = taken[:PAGE]
    counted = _counted([roster.pk for roster in shown])
    return Rosters(
        [(roster, *counted.get(roster.pk, (0, 0))) for roster in shown],
        shown[-1].public_id if len(taken) > PAGE else None,
    )


def counts(account: Account, roster: Roster) -> tuple[int, int]:
    """How many are on a roster, and how many of them came."""
    require(account)
    return _counted([roster.pk]).get(roster.pk, (0, 0))


def _counted(ids: Collection[int]) -> dict[int, tuple[int, int]]:
    found = Place.objects.filter(THERE, roster__in=ids).order_by().values_list("roster_id")
    return {pk: (many, came) for pk, many, came in found.annotate(Count("pk"), Count("entry"))}


@dataclass(frozen=True, slots=True)
class Expected:
    """A place, with what its contact has free of the roster's type."""

    place: Place
    free: int


def expected(account: Account, roster: Roster, *, contact: Contact | None = None) -> list[Expected]:
    """Who is on a roster, by name; or the place of one `contact` alone."""
    require(account)
    found = (
        Place.objects.filter(THERE, roster=roster)
        .select_related("contact")
        .order_by("contact__name_key", "contact__pk")
    )
    places = list(found.filter(contact=contact) if contact else found)
    free = credits.free_of_type(account, roster.credit_type_id, [place.contact_id for place in places])
    return [Expected(place, free.get(place.contact_id, 0)) for place in places]


def on(account: Account, roster: Roster, contact_ids: Collection[int]) -> set[int]:
    """Those of these contacts who are on a roster."""
    require(account)
    return set(Place.objects.filter(roster=roster, contact__in=contact_ids).values_list("contact_id", flat=True))


def names(account: Account, ids: Collection[str]) -> Mapping[str, str]:
    """What rosters are called, by public id: for the activity of those who came."""
    require(account)
    found = Roster.objects.filter(public_id__in=uuids(ids)).values_list("public_id", "name")
    return {str(public_id): name for public_id, name in found}

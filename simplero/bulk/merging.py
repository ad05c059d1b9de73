"""Jobs and rosters when two contacts are merged: who waits in a job, or is expected on a roster, goes on as the other.

Where the other is there too, the place stays: a job does nothing with a merged contact, and a roster no longer shows them.
"""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from contacts.joining import Joint, Moved
from contacts.models import Contact
from simplero.bulk.models import UNDER_WAY, Bulk, Outcome, Place, Row
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


def preview(account: Account, source: Contact, target: Contact) -> list[str]:
    places = _places(source.pk, target.pk).count()
    return [f"{places:,} {'roster' if places == 1 else 'rosters'} they are expected on"] if places else []


def hold(account: Account, contacts: list[int]) -> None:
    """No chunk of a job is under way in which one of them waits."""
    require(account)
    waiting = Row.objects.filter(contact__in=contacts, outcome=Outcome.WAITING, bulk__state__in=UNDER_WAY)
    jobs = Bulk.objects.filter(pk__in=waiting.values("bulk")).order_by("pk")
    list(jobs.select_for_update(no_key=True).values_list("pk"))


def join(joint: Joint) -> Moved:
    source, target = joint.source.pk, joint.target.pk
    rows = list(_rows(source, target).values_list("pk", flat=True))
    places = list(_places(source, target).values_list("pk", flat=True))
    _hand_over(rows, places, source, target)
    return {"rows": rows, "places": places}


def part(joint: Joint, moved: Moved) -> None:
    """What has been done with the other meanwhile stays the other's."""
    source, target = joint.source.pk, joint.target.pk
    rows = Row.objects.filter(pk__in=moved["rows"], outcome=Outcome.WAITING)
    places = Place.objects.filter(pk__in=moved["places"], entry__isnull=True)
    _hand_over(list(rows.values_list("pk", flat=True)), list(places.values_list("pk", flat=True)), target, source)


def _hand_over(rows: list[int], places: list[int], source: int, target: int) -> None:
    Row.objects.filter(pk__in=rows, contact=source).update(contact=target)
    Place.objects.filter(pk__in=places, contact=source).update(contact=target)


def _rows(source: int, target: int) -> QuerySet[Any]:
    there = Row.objects.filter(bulk=OuterRef("bulk"), contact=target)
    return Row.objects.filter(~Exists(there), contact=source, outcome=Outcome.WAITING)


def _places(source: int, target: int) -> QuerySet[Any]:
    there = Place.objects.filter(roster=OuterRef("roster"), contact=target)
    return Place.objects.filter(~Exists(there), contact=source, entry__isnull=True)

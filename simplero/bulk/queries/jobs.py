"""Jobs, and what became of each contact in one."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from contacts.models import ContactTag
from simplero.bulk.models import UNDER_WAY, Bulk, Outcome, Row, Undone
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

PAGE = 50

KEPT = "kept"
"""Of the rows of a job that was undone: those that were not taken back whole."""

ONLY: dict[str, Q] = {
    "": Q(),
    "done": Q(outcome=Outcome.DONE),
    "same": Q(outcome=Outcome.SAME),
    "short": Q(outcome=Outcome.SHORT),
    "refused": Q(outcome=Outcome.REFUSED),
    "waiting": Q(outcome=Outcome.WAITING),
    KEPT: Q(outcome=Outcome.DONE, undone__in=[Undone.PART, Undone.NOTHING]),
}
"""The rows that a result may be narrowed down to, by their name in an address."""


def get_bulk(account: Account, public_id: uuid.UUID) -> Bulk:
    """A job. Raises Bulk.DoesNotExist."""
    require(account)
    return Bulk.objects.select_related("credit_type", "tag").get(public_id=public_id)


@dataclass(frozen=True, slots=True)
class Jobs:
    """A page of jobs, the newest first; `older` is the cursor of the next page, None on the last."""

    jobs: list[Bulk]
    older: uuid.UUID | None


def jobs(account: Account, *, older: uuid.UUID | None = None) -> Jobs:
    require(account)
    found = Bulk.objects.select_related("credit_type", "tag").order_by("-pk")
    at = Bulk.objects.filter(public_id=older).first() if older else None
    if at is not None:
        found = found.filter(pk__lt=at.pk)
    taken = list(found[: PAGE + 1])
    return Jobs(taken[:PAGE], taken[PAGE - 1].public_id if len(taken) > PAGE else None)


def under_way(account: Account) -> int:
    """How many jobs are running or being undone."""
    require(account)
    return Bulk.objects.filter(state__in=UNDER_WAY).count()


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a job's rows by name, from behind a contact; `after` is the cursor of the next page, None on the last."""

    rows: list[Row]
    after: uuid.UUID | None


def rows(account: Account, bulk: Bulk, *, only: str = "", after: uuid.UUID | None = None, size: int = PAGE) -> Rows:
    """Rows of `bulk`, with their contacts; `only` is one of ONLY. An unknown cursor means the first page."""
    require(account)
    found = Row.objects.filter(ONLY[only], bulk=bulk)
    at = Row.objects.filter(bulk=bulk, contact__public_id=after).first() if after else None
    if at is not None:
        found = found.filter(pk__gt=at.pk)
    taken = list(found.select_related("contact").order_by("pk")[: size + 1])
    return Rows(taken[:size], taken[size - 1].contact.public_id if len(taken) > size else None)


def entries(bulk: Bulk) -> QuerySet[Any]:
    """The keys of all that a job has posted."""
    return Row.objects.filter(bulk=bulk, outcome=Outcome.DONE, entry__isnull=False).values("entry")


def bearers(account: Account, contacts: QuerySet[Any], tag: int) -> int:
    """How many of `contacts` have a tag, by its id."""
    require(account)
    return ContactTag.objects.filter(tag=tag, contact__in=contacts.order_by().values("pk")).count()


def shown(only: str) -> str:
    """What an address asks for, "" where it is spoiled."""
    return only if only in ONLY else ""


def parts(bulk: Bulk) -> Sequence[tuple[str, int]]:
    """What a job's contacts fall into, each with how many; those that are nobody are left out."""
    found = [("done", bulk.done), ("same", bulk.same), ("short", bulk.short), ("refused", bulk.refused)]
    found.append(("waiting", bulk.total - bulk.looked_at))
    if bulk.undone_at or bulk.taken_back:
        found.append((KEPT, bulk.part + bulk.nothing))
    return [(name, number) for name, number in found if number]

"""What could not be done: runs that wait for a person, grouped by what they share."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from automations.models import Flow, Run, State
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

GROUPS = 20
"""On a page of the inbox."""

SHOWN = 5
"""Runs of a group that the inbox shows; all of them stand on the group's own page."""

PAGE = 50
"""Runs on a page of a group."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which runs; all of them unless said otherwise."""

    flow: Flow | None = None
    step: str | None = None
    reason: str = ""
    until: datetime | None = None  # those that wait since then or longer


@dataclass(slots=True)
class Group:
    """Runs that share their flow, their step and the reason."""

    flow: Flow
    step: str
    reason: str
    number: int
    first: datetime
    newest: datetime
    runs: list[Run]


def waiting(account: Account, wanted: Filter | None = None) -> QuerySet[Run]:
    """Runs that need attention."""
    found = Run.objects.filter(account_id=require(account), state=State.ATTENTION)
    if wanted is None:
        return found
    if wanted.flow:
        found = found.filter(flow=wanted.flow, ended_at__isnull=True)
    if wanted.step is not None:
        found = found.filter(step=wanted.step)
    if wanted.reason:
        found = found.filter(reason=wanted.reason)
    if wanted.until:
        found = found.filter(since__lte=wanted.until)
    return found


def number(account: Account) -> int:
    """How many need attention."""
    return waiting(account).count()


def groups(account: Account, wanted: Filter, *, passed: int = 0) -> list[Group]:
    """The groups whose newest run is newest first, without the first `passed`; one more than GROUPS when there are more. Each with its
    newest runs."""
    found = waiting(account, wanted)
    counted: Any = (
        found.order_by()
        .values("flow_id", "step", "reason")
        .annotate(number=Count("pk"), first=Min("since"), newest=Max("since"))
        .order_by("-newest", "flow_id", "step", "reason")
    )
    rows = list(counted[passed : passed + GROUPS + 1])
    if not rows:
        return []
    flows = Flow.objects.in_bulk({row["flow_id"] for row in rows})
    shown = _newest(found, rows)
    return [
        Group(flows[row["flow_id"]], row["step"], row["reason"], row["number"], row["first"], row["newest"], mine)
        for row in rows
        for mine in [[run for run in shown if (run.flow_id, run.step, run.reason) == _key(row)]]
    ]


def _key(row: dict[str, Any]) -> tuple[int, str, str]:
    return row["flow_id"], row["step"], row["reason"]


def _newest(found: QuerySet[Run], rows: list[dict[str, Any]]) -> list[Run]:
    """The newest of each group, newest first."""
    wanted = Q()
    for row in rows:
        wanted |= Q(flow_id=row["flow_id"], step=row["step"], reason=row["reason"])
    place = Window(
        RowNumber(), partition_by=[F("flow_id"), F("step"), F("reason")], order_by=[F("since").desc(), F("pk").desc()]
    )
    ranked = found.filter(wanted).annotate(place=place).filter(place__lte=SHOWN)
    return list(ranked.select_related("contact", "version").order_by("-since", "-pk"))


def page(found: QuerySet[Run], *, after: Run | None = None, limit: int = PAGE) -> list[Run]:
    """Runs that need attention, the newest first, from behind `after`; one more than `limit` when there is more."""
    if after is not None:
        at = after.since
        found = found.filter(Q(since__lte=at) & (Q(since__lt=at) | Q(pk__lt=after.pk)))
    return list(found.select_related("contact", "flow", "version").order_by("-since", "-pk")[: limit + 1])


def flows(account: Account) -> list[Flow]:
    """The flows in which anything needs attention, by name."""
    return list(Flow.objects.filter(pk__in=waiting(account).order_by().values("flow")).order_by("name", "pk"))


def reasons(account: Account) -> list[str]:
    """The reasons for which anything needs attention."""
    return sorted(waiting(account).order_by().values_list("reason", flat=True).distinct())


def get_flow(account: Account, public_id: uuid.UUID) -> Flow:
    """A flow, deleted ones too: what they left undone is still here. Raises Flow.DoesNotExist."""
    return Flow.objects.get(account_id=require(account), public_id=public_id)

"""Automations as they are listed, and their versions."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q

from automations.models import Flow, Of, Run, State, Version
from automations.programs import walk
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


@dataclass(slots=True)
class Counts:
    """How many contacts are inside a flow, how many of those need attention, and how many have come to its end."""

    inside: int = 0
    attention: int = 0
    finished: int = 0


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of a flow that was published, and how many are inside it."""

    version: Version
    inside: int
    live: bool


def get_flow(account: Account, public_id: uuid.UUID) -> Flow:
    """An automation that is not deleted. Raises Flow.DoesNotExist."""
    return Flow.objects.get(account_id=require(account), public_id=public_id, of=Of.AUTOMATION, deleted_at=None)


def shelf(account: Account, *, after: Flow | None = None, limit: int) -> list[Flow]:
    """The automations by name, from behind `after`; one more than `limit` where there are more."""
    found = Flow.objects.filter(account_id=require(account), of=Of.AUTOMATION, deleted_at=None)
    if after is not None:
        found = found.filter(Q(name__gt=after.name) | Q(name=after.name, pk__gt=after.pk))
    return list(found.order_by("name", "pk")[: limit + 1])


def counts(account: Account, flows: Collection[Flow]) -> dict[int, Counts]:
    """The numbers of these flows, by id. Who has finished is not counted: it is everybody else."""
    found = {flow.pk: Counts(finished=flow.started) for flow in flows}
    runs = Run.objects.filter(account_id=require(account), flow__in=list(found)).order_by()
    inside = runs.filter(ended_at__isnull=True).values_list("flow", "state").annotate(Count("pk"))
    stopped = runs.filter(ended_at__isnull=False, state=State.STOPPED).values_list("flow").annotate(Count("pk"))
    for flow, state, number in inside.order_by():
        one = found[flow]
        one.inside += number
        one.finished -= number
        if state == State.ATTENTION:
            one.attention = number
    for flow, number in stopped.order_by():
        found[flow].finished -= number
    return found


def published(account: Account, flows: Collection[Flow]) -> set[int]:
    """The ids of those of these flows that have a version to go through."""
    found = Version.objects.filter(
        account_id=require(account), flow__in=[one.pk for one in flows], published_at__isnull=False
    )
    return set(found.values_list("flow", flat=True))


def editions(account: Account, flow: Flow) -> list[Edition]:
    """The versions of a flow that were published, the newest first."""
    found = Version.objects.filter(account_id=require(account), flow=flow, published_at__isnull=False).order_by(
        "-number"
    )
    runs = Run.objects.filter(account_id=require(account), flow=flow, ended_at__isnull=True).order_by()
    inside = dict(runs.values_list("version").annotate(Count("pk")).order_by())
    return [Edition(version, inside.get(version.pk, 0), live=at == 0) for at, version in enumerate(found)]


def used_by(account: Account, flow: Flow) -> list[Flow]:
    """The automations and triggers that start or stop `flow` in the steps that are live, by name."""
    versions = Version.objects.filter(account_id=require(account), published_at__isnull=False, flow__deleted_at=None)
    newest = versions.exclude(flow=flow).order_by("flow", "-number").distinct("flow").values_list("pk", flat=True)
    live = Version.objects.filter(pk__in=list(newest)).select_related("flow")
    found = [one.flow for one in live if any(step["settings"].get("flow") == flow.pk for step in walk(one.steps))]
    return sorted(found, key=lambda one: one.name)

"""Who is where in a flow. As many queries for ten thousand contacts as for one."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from automations import programs
from automations.models import INSIDE, Flow, Of, Run, Start, State, Version
from automations.programs import Node
from contacts.models import Contact
from contacts.queries import selves
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

PAGE = 50
"""Contacts on a page of a list."""

RECENT = 5
"""Starts of many that the flow view tells of, those under way besides."""


@dataclass(slots=True)
class At:
    """How many contacts stand at a step, by their state."""

    states: dict[str, int] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return sum(self.states.values())

    def of(self, state: str) -> int:
        return self.states.get(state, 0)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where the contacts of a flow are: by step while inside, and how many came out of it in which way."""

    at: dict[str, At]
    finished: int
    stopped: int

    @property
    def inside(self) -> int:
        return sum(one.number for one in self.at.values())

    def of(self, state: str) -> int:
        return sum(one.of(state) for one in self.at.values())


def numbers(account: Account, flow: Flow) -> Numbers:
    """The numbers of the flow view. Who has finished is not counted: it is everybody else."""
    runs = Run.objects.filter(account_id=require(account), flow=flow).order_by()
    at: dict[str, At] = {}
    for step, state, number in (
        runs.filter(ended_at__isnull=True).values_list("step", "state").annotate(Count("pk")).order_by()
    ):
        at.setdefault(step, At()).states[state] = number
    stopped = runs.filter(ended_at__isnull=False, state=State.STOPPED).count()
    inside = sum(one.number for one in at.values())
    return Numbers(at, finished=max(flow.started - inside - stopped, 0), stopped=stopped)


def former(account: Account, flow: Flow, steps: Collection[str]) -> dict[str, tuple[Version, Node]]:
    """Of steps that the live version does not have, each as the newest version has it that does."""
    found: dict[str, tuple[Version, Node]] = {}
    wanted = set(steps)
    if not wanted:
        return found
    versions = Version.objects.filter(account_id=require(account), flow=flow, published_at__isnull=False)
    for version in versions.order_by("-number").iterator():
        nodes = programs.parse(version.steps).nodes
        for step in wanted & nodes.keys():
            found[step] = (version, nodes[step])
        wanted -= nodes.keys()
        if not wanted:
            break
    return found


def at_step(account: Account, flow: Flow, step: str) -> QuerySet[Run]:
    """The runs that stand at a step, whose `since` is when they came to it."""
    return Run.objects.filter(account_id=require(account), flow=flow, ended_at__isnull=True, step=step)


def ended(account: Account, flow: Flow, state: str) -> QuerySet[Run]:
    """The runs that came to an end in this way."""
    return Run.objects.filter(account_id=require(account), flow=flow, ended_at__isnull=False, state=state)


def page(found: QuerySet[Run], *, by: str, after: Run | None = None, limit: int = PAGE) -> list[Run]:
    """`found` by a column, "since" those who stand there longest first, "ended_at" the newest first; one more than `limit` when there
    is more. With each its contact and version."""
    newest = by == "ended_at"
    if after is not None and getattr(after, by) is not None:
        beyond, at = ("lt" if newest else "gt"), getattr(after, by)
        # The first condition alone bounds the index scan; the second only settles ties.
        found = found.filter(
            Q(**{f"{by}__{beyond}e": at}) & (Q(**{f"{by}__{beyond}": at}) | Q(**{f"pk__{beyond}": after.pk}))
        )
    order = (f"-{by}", "-pk") if newest else (by, "pk")
    return list(found.select_related("contact", "version").order_by(*order)[: limit + 1])


def cursor(account: Account, public_id: uuid.UUID | None) -> Run | None:
    """The run behind which a page begins, wherever it is by now."""
    return Run.objects.filter(account_id=require(account), public_id=public_id).first() if public_id else None


def runs_named(account: Account, public_ids: Iterable[uuid.UUID]) -> list[Run]:
    """These runs, with their contacts, flows and versions."""
    found = Run.objects.filter(account_id=require(account), public_id__in=list(public_ids))
    return list(found.select_related("contact", "flow", "version").order_by("pk"))


def starts(account: Account, flow: Flow) -> list[Start]:
    """Starts of many, the newest first: all that are under way, for each can be stopped, and the last of the others."""
    found = Start.objects.filter(account_id=require(account), flow=flow).order_by("-created_at", "-pk")
    under_way, ended = found.filter(ended_at=None), found.exclude(ended_at=None)[:RECENT]
    return sorted([*under_way, *ended], key=lambda start: (start.created_at, start.pk), reverse=True)


def get_start(account: Account, flow: Flow, public_id: uuid.UUID) -> Start:
    """One of a flow's starts of many. Raises Start.DoesNotExist."""
    return Start.objects.get(account_id=require(account), flow=flow, public_id=public_id)


def startable(account: Account) -> list[Flow]:
    """The automations that contacts may enter now, by name."""
    published = Version.objects.filter(published_at__isnull=False).values("flow")
    found = Flow.objects.filter(account_id=require(account), of=Of.AUTOMATION, enabled=True, pk__in=published)
    return list(found.order_by("name", "pk"))


@dataclass(frozen=True, slots=True)
class OfContact:
    """What a contact is inside, and the newest of what they have been through; `more` where there is more of that."""

    inside: list[Run]
    past: list[Run]
    more: bool


def of_contact(account: Account, contact: Contact, *, most: int = PAGE) -> OfContact:
    """A contact's runs with their flows and versions, the newest first."""
    mine = Run.objects.filter(account_id=require(account), contact__in=selves(account, contact))
    mine = mine.select_related("contact", "flow", "version")
    newest = mine.order_by("-started_at", "-pk")
    past = list(newest.filter(ended_at__isnull=False)[: most + 1])
    return OfContact(list(newest.filter(state__in=INSIDE, ended_at__isnull=True)[:PAGE]), past[:most], len(past) > most)

"""Beginning runs, many at once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from automations.models import Flow, Run, State, Version
from automations.programs import parse
from contacts.queries import selves_of
from simplero.lib.keys import derive_key
from simplero.outbox.outbox import NOBODYS, Cause
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import rows

DEEPEST_CHAIN = 8
"""Events that may follow from one another (product.md, rule 13)."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run to be: whose, under which key, after what. With a `reason` it begins as one that waits for a person."""

    contact_id: int
    key: uuid.UUID
    source_id: str = ""
    cause: Cause = NOBODYS  # of what the run does
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def hold(flow_id: int) -> Flow | None:
    """The flow as it stands now, which nobody switches off, deletes or publishes until the transaction ends; None where nobody
    enters it any more."""
    flow = Flow.objects.filter(pk=flow_id).select_for_update(no_key=True, of=("self",)).first()
    return flow if flow is not None and flow.enabled and flow.deleted_at is None else None


def live_version(flow: Flow) -> Version | None:
    """The version that contacts enter now: the newest published one."""
    return Version.objects.filter(flow=flow, published_at__isnull=False).order_by("-number").first()


def begin(*, account: Account, flow: Flow, beginnings: Sequence[Beginning], source: str, actor: Actor) -> list[Run]:
    """Let contacts enter a flow; the runs that began, which leaves out whoever it does not take (again) and keys that began one.

    Nobody enters a flow that is off, gone or not published. It stays as it is until the transaction ends.
    """
    held = hold(flow.pk) if beginnings else None
    version = live_version(held) if held else None
    if held is None or version is None:
        return []
    flow = held
    account_id, at, first = require(account), now(), parse(version.steps).first
    taken = _not_taken(account, flow, {one.contact_id for one in beginnings})
    wanted = [
        Run(
            account_id=account_id,
            public_id=uuid.uuid4(),
            key=one.key,
            flow=flow,
            version=version,
            contact_id=one.contact_id,
            step=first,
            due=at,
            source=source,
            source_id=one.source_id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            cause_id=one.cause.event_id,
            depth=one.cause.depth,
            once_for=one.contact_id if flow.once else None,
            one_for=None if flow.several else one.contact_id,
            state=State.ACTIVE,
            started_at=at,
            since=at,
        )
        for one in sorted(
            beginnings, key=lambda one: one.contact_id
        )  # of two at once, one waits for the other, and not both
        if one.contact_id not in taken
    ]
    reasons = {one.key: (one.reason, one.detail) for one in beginnings}
    for run in wanted:
        reason, detail = reasons[run.key]
        if run.depth > DEEPEST_CHAIN and not reason:
            reason, detail = "loop", {"depth": run.depth}
        if reason:
            rows.park(run, reason, detail)
    # Of two at once that the flow takes only one of, the second waits here for the first to commit, and then is none.
    Run.objects.bulk_create(wanted, ignore_conflicts=True)
    begun = list(Run.objects.filter(public_id__in=[run.public_id for run in wanted]).order_by("pk"))
    for run in begun:
        run.flow, run.version = flow, version
    if begun:
        Flow.objects.filter(pk=flow.pk).update(started=F("started") + len(begun), last_started_at=at)
        rows.tell(account, "started", begun, actor)
        rows.due(account, begun)
    return begun


def _not_taken(account: Account, flow: Flow, contact_ids: set[int]) -> set[int]:
    """Those whom the flow does not take: who has been through it once, also as somebody merged into them since, or is inside."""
    if not flow.once and flow.several:
        return set()
    as_whom = {one: pk for pk, ones in selves_of(account, contact_ids).items() for one in ones}
    found = Run.objects.filter(flow=flow, contact_id__in=as_whom)
    if not flow.once:
        found = found.filter(ended_at__isnull=True)
    return {as_whom[contact_id] for contact_id in found.values_list("contact_id", flat=True)}


def begin_one(
    *, account: Account, flow: Flow, contact_id: int, key: uuid.UUID, source: str, actor: Actor
) -> Run | None:
    """Let one contact enter by hand; None where the flow does not take them. Asked again with the same key, answers with the same run."""
    named = derive_key("run", flow.public_id, key)
    if done := Run.objects.filter(key=named).first():
        return done
    begun = begin(account=account, flow=flow, beginnings=[Beginning(contact_id, named)], source=source, actor=actor)
    # Of one form sent twice at once, the second has waited for the first.
    return begun[0] if begun else Run.objects.filter(key=named).first()

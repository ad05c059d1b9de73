"""What staff do with automations and their steps. Each is all or nothing, in the account's open scope.

Steps are changed in a draft, and only a published version is gone through: contacts inside go on in the version they entered.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from automations import events, runs
from automations.models import Flow, Of, Run, Version
from automations.occasions import OCCASIONS
from automations.programs import WAIT, Steps, parse, walk
from automations.queries import problems
from automations.waits import EVENT
from simplero.lib.refusals import Refusal, Stale, Unacceptable
from simplero.lib.seals import seal
from simplero.lib.text import fit
from simplero.outbox import outbox
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

NAME = 80
"""Characters."""

CHUNK = 500
"""Runs that one transaction stops or moves; more are left to a worker."""

EMPTY, RENEW = "automations.empty", "automations.renew"
"""Kinds of job: to stop all who are inside a deleted flow, to move those inside older versions of a flow to its newest."""


class NotPublishable(Refusal):
    """Something is wrong with the steps. `found` says what, step by step."""

    def __init__(self, found: problems.Problems) -> None:
        super().__init__(found.summary)
        self.found = found


@dataclass(frozen=True, slots=True)
class Terms:
    """How an automation takes contacts."""

    name: str
    once: bool = False
    several: bool = False

    @classmethod
    def of(cls, flow: Flow) -> "Terms":
        return cls(flow.name, flow.once, flow.several)

    @property
    def seal(self) -> str:
        """A short name for exactly these terms: a form carries it to tell later whether they are still the same."""
        return seal(self.name, str(self.once), str(self.several))


def cleaned_name(name: str) -> str:
    """The name as it is kept. Raises Unacceptable."""
    return fit(name, what="The name", longest=NAME, missing="Enter a name.", field="name")


@transaction.atomic
def add(*, account: Account, terms: Terms, steps: Steps = (), key: uuid.UUID | None = None, actor: Actor) -> Flow:
    """A new automation, switched off, with `steps` as its draft. `key`, made when the form was rendered, makes a form sent twice one
    automation; the same key with another name is another."""
    account_id = _alone(account)
    known = Flow.objects.filter(public_id=key).first() if key else None
    if known is not None and known.name == terms.name and known.of == Of.AUTOMATION and known.deleted_at is None:
        return known
    public_id = uuid.uuid4() if known or key is None else key
    flow = Flow(account_id=account_id, public_id=public_id, of=Of.AUTOMATION, name=terms.name, once=terms.once)
    flow.several = terms.several
    flow.save(force_insert=True)
    Version.objects.create(account_id=account_id, flow=flow, number=1, steps=list(steps))
    flow.refresh_from_db()
    outbox.record(account=account, fact=events.AutomationAdded(flow.pk), actor=actor)
    return flow


@transaction.atomic
def duplicate(*, account: Account, flow: Flow, key: uuid.UUID | None = None, actor: Actor) -> Flow:
    """Another automation with the same steps, as they are in the builder now, switched off."""
    _alone(account)
    held = lock(account, flow)
    name = f"Copy of {held.name}"
    terms = Terms(name if len(name) <= NAME else f"{name[: NAME - 1].rstrip()}…", held.once, held.several)
    return add(account=account, terms=terms, steps=steps_of(held), key=key, actor=actor)


@transaction.atomic
def edit(*, account: Account, flow: Flow, terms: Terms, seen: str, actor: Actor) -> None:
    """Write `terms` over those of an automation; `seen` is the seal of what the person started from. Raises Stale."""
    held = lock(account, flow)
    there = Terms.of(held)
    if there == terms:
        return
    if seen != there.seal:
        raise Stale(
            "Somebody else has changed these settings since you opened them. Look at them, then save yours again."
        )
    held.name, held.once, held.several = terms.name, terms.once, terms.several
    held.save(update_fields=["name", "once", "several"])
    fields = tuple(field for field in Terms.__slots__ if getattr(there, field) != getattr(terms, field))
    outbox.record(account=account, fact=events.AutomationChanged(held.pk, fields), actor=actor)


@transaction.atomic
def switch(*, account: Account, flow: Flow, enabled: bool, actor: Actor) -> None:
    """On: contacts enter. Off: nobody new enters, and who is inside goes on. Raises Unacceptable while nothing is published."""
    held = lock(account, flow)
    if enabled and runs.live_version(held) is None:
        raise Unacceptable("Publish its steps first: until then there is nothing to go through.")
    if Flow.objects.filter(pk=held.pk).exclude(enabled=enabled).update(enabled=enabled):
        outbox.record(account=account, fact=events.AutomationSwitched(held.pk, enabled), actor=actor)


@transaction.atomic
def delete(*, account: Account, flow: Flow, actor: Actor) -> None:
    """Let a flow be gone: nobody enters any more, and all who are inside are stopped by a worker. History stays.

    Not here: somebody inside may be at the step that starts this flow, and wait for it while this would wait for them.
    """
    account_id = _alone(account)
    held = Flow.objects.select_for_update(no_key=True).get(account_id=account_id, pk=flow.pk)
    if held.deleted_at is not None:
        return
    held.enabled, held.deleted_at = False, now()
    held.save(update_fields=["enabled", "deleted_at"])
    Version.objects.filter(flow=held, published_at=None).delete()
    outbox.schedule(account=account, kind=EMPTY, subject=held.pk, due=now())
    outbox.record(account=account, fact=events.AutomationDeleted(held.pk), actor=actor)
    listen(account)


def empty(*, account: Account, flow_id: int) -> bool:
    """Stop a chunk of those inside a deleted flow; False while there are more."""
    inside = _inside(Flow.objects.get(pk=flow_id, deleted_at__isnull=False))
    chunk = list(inside.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    runs.stop(account=account, runs=chunk, actor=SYSTEM, reason="deleted")
    return len(chunk) < CHUNK


# Versions


def draft_of(flow: Flow) -> Version | None:
    """What is being changed and not live yet."""
    return Version.objects.filter(flow=flow, published_at=None).first()


def steps_of(flow: Flow) -> Steps:
    """The steps as the builder shows them: of the draft, or of what is live."""
    version = draft_of(flow) or runs.live_version(flow)
    return version.steps if version else []


def seen_of(flow: Flow) -> str:
    """A short name for the steps as the builder shows them: a form carries it, to tell later whether they are still the same."""
    draft, live = draft_of(flow), runs.live_version(flow)
    return seal(str(draft.pk), str(draft.revision)) if draft else seal(str(live.pk if live else 0))


@transaction.atomic
def change(
    *, account: Account, flow: Flow, seen: str, how: Callable[[Steps], list[dict[str, Any]]], actor: Actor
) -> Version:
    """Change the steps in the draft, begun with the first change: `how` makes the new ones of those that are there
    (automations.programs). Raises Stale when they are not the ones `seen`, and what `how` raises."""
    held = _held(account, flow, seen)
    draft = draft_of(held) or Version(account_id=held.account_id, flow=held, number=_next(held), steps=steps_of(held))
    draft.steps = how(draft.steps)
    draft.revision = (draft.revision or 0) + 1 if draft.pk else 1
    draft.save()
    return draft


@transaction.atomic
def discard(*, account: Account, flow: Flow, seen: str, actor: Actor) -> None:
    """Go back to the steps that are live; without any there is nothing to go back to. Raises Stale."""
    held = _held(account, flow, seen)
    if runs.live_version(held) is not None:
        Version.objects.filter(flow=held, published_at=None).delete()


@transaction.atomic
def publish(*, account: Account, flow: Flow, seen: str, actor: Actor) -> Version | None:
    """Make the draft the version that contacts enter from now on, for ever as it is; None where nothing was changed.

    Raises Stale, and NotPublishable where something is wrong with a step.
    """
    _alone(account)
    held = _held(account, flow, seen)
    draft, live = draft_of(held), runs.live_version(held)
    if draft is None or (live is not None and draft.steps == live.steps):
        return None
    found = problems.problems(account, held, draft.steps)
    if found:
        raise NotPublishable(found)
    draft.published_at = now()
    draft.save(update_fields=["published_at"])
    outbox.record(account=account, fact=events.AutomationPublished(held.pk, draft.number), actor=actor)
    listen(account)
    return draft


def listen(account: Account) -> None:
    """Hear of the events that somebody may wait for: those named in what is live, and in what somebody is inside of."""
    _alone(account)  # or two who publish at once would each forget what the other waits for
    published = Version.objects.filter(published_at__isnull=False, flow__deleted_at=None)
    newest = published.order_by("flow", "-number").distinct("flow").values_list("pk", flat=True)
    inside = Run.objects.filter(ended_at__isnull=True).order_by().values_list("version_id", flat=True).distinct()
    wanted = set(newest) | set(inside)
    kinds = {
        kind
        for version in published.filter(pk__in=wanted)
        for step in walk(version.steps)
        if step["kind"] == WAIT and step["settings"].get("for") == EVENT
        for kind in OCCASIONS[step["settings"]["occasion"]].kinds
    }
    outbox.listen(account=account, who="automations", kinds=kinds)


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of moving contacts to the newest version: how many were moved, are being moved by a worker, and stay."""

    moved: int
    later: int
    stay: int


@transaction.atomic
def move_to_newest(*, account: Account, flow: Flow, actor: Actor) -> Moved:
    """Let all who are inside older versions go on in the newest. Who stands at a step that it does not have stays.

    The automation is not held meanwhile: one of those inside may be about to start it again, and wait for it.
    """
    require(account)
    held = Flow.objects.get(pk=flow.pk)
    live = runs.live_version(held)
    if live is None or held.deleted_at is not None:
        raise Unacceptable("Nothing is published yet.")
    older = _inside(held).exclude(version=live)
    there = _movable(held, live)
    many, all_inside = there.count(), older.count()
    if many:
        outbox.record(account=account, fact=events.AutomationMoved(held.pk, many), actor=actor)
    if many > CHUNK:
        outbox.schedule(account=account, kind=RENEW, subject=held.pk, due=now())
        return Moved(0, many, all_inside - many)
    moved = runs.move(account=account, runs=list(there.values_list("pk", flat=True)), to=live, actor=actor)
    return Moved(len(moved), 0, all_inside - len(moved))


def renew(*, account: Account, flow_id: int) -> bool:
    """Move a chunk of those inside older versions to the newest; False while there are more."""
    flow = Flow.objects.get(pk=flow_id)
    live = runs.live_version(flow)
    if live is None or flow.deleted_at is not None:
        return True
    chunk = list(_movable(flow, live).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    runs.move(account=account, runs=chunk, to=live, actor=SYSTEM)
    return len(chunk) < CHUNK


def _movable(flow: Flow, live: Version) -> QuerySet[Run]:
    """Those inside older versions at a step that the live one has too."""
    return _inside(flow).exclude(version=live).filter(step__in=["", *parse(live.steps).nodes])


def _inside(flow: Flow) -> QuerySet[Run]:
    return Run.objects.filter(account_id=flow.account_id, flow=flow, ended_at__isnull=True).order_by()


def _alone(account: Account) -> int:
    """The account's id, its row held until the transaction ends: who comes here does so one after the other. Taken before any flow is,
    as triggers do, or two would wait for each other."""
    return Account.objects.select_for_update(no_key=True).get(pk=require(account)).pk


def lock(account: Account, flow: Flow) -> Flow:
    """The automation as it stands now, held until the transaction ends. Raises Unacceptable where it has been deleted."""
    held = Flow.objects.select_for_update(no_key=True).get(account_id=require(account), pk=flow.pk)
    if held.deleted_at is not None:
        raise Unacceptable("This automation has been deleted.")
    return held


def _held(account: Account, flow: Flow, seen: str) -> Flow:
    held = lock(account, flow)
    if seen != seen_of(held):
        raise Stale("Somebody else has changed the steps since you opened this. Look at them, then do it again.")
    return held


def _next(flow: Flow) -> int:
    return (Version.objects.filter(flow=flow).aggregate(last=Max("number"))["last"] or 0) + 1

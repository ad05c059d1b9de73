"""What people, and events that are waited for, do to runs under way. Each takes any number of them, locked, in a few statements.

What a run is not in a state for is left alone: the answer holds the runs that it was done to.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from automations.models import Flow, Outcome, Run, State, Version, Visit
from automations.occasions import OCCASIONS, matches
from automations.programs import STOP, WAIT, Program, parse
from contacts.models import Contact
from contacts.queries import stand_for
from simplero.outbox.models import Event
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import rows


def lock(account: Account, run_ids: Iterable[int], *states: str) -> list[Run]:
    """These runs as they stand now, those in one of `states`, held until the transaction ends."""
    require(account)
    wanted = Run.objects.filter(pk__in=list(run_ids), state__in=states).order_by("pk")
    # Locked alone: joined, a row that was waited for would be looked for beside the version it had before.
    found = list(wanted.select_for_update(no_key=True))
    flows, versions = (
        Flow.objects.in_bulk({run.flow_id for run in found}),
        Version.objects.in_bulk({run.version_id for run in found}),
    )
    contacts = Contact.objects.in_bulk({run.contact_id for run in found})
    for run in found:
        run.flow, run.version, run.contact = flows[run.flow_id], versions[run.version_id], contacts[run.contact_id]
    return found


def pause(*, account: Account, runs: Iterable[int], actor: Actor) -> list[Run]:
    """Let them stand where they are until they are resumed. The time of a wait runs on meanwhile."""
    found = lock(account, runs, State.ACTIVE)
    for run in found:
        run.state, run.alone, run.detail = State.PAUSED, False, {**run.detail, "paused": now().isoformat()}
    return _written(account, found)


def resume(*, account: Account, runs: Iterable[int], actor: Actor) -> list[Run]:
    """Let paused ones go on: at once where what they waited for is over."""
    found = lock(account, runs, State.PAUSED)
    for run in found:
        run.state, run.due = State.ACTIVE, run.due or now()
    return _written(account, found)


def hurry(*, account: Account, runs: Iterable[int], actor: Actor) -> list[Run]:
    """Let those who wait go on now, paused ones too."""
    found = [run for run in lock(account, runs, State.ACTIVE, State.PAUSED) if run.waiting]
    for run in found:
        run.state, run.due, run.alone, run.detail = State.ACTIVE, now(), False, {"hurried": _by(actor)}
    return _written(account, found)


def stop(*, account: Account, runs: Iterable[int], actor: Actor, reason: str = "stopped") -> list[Run]:
    """Take them out for good, wherever they are."""
    found = lock(account, runs, State.ACTIVE, State.PAUSED, State.ATTENTION)
    _note(account, found, Outcome.STOPPED, {"by": _by(actor)})
    for run in found:
        rows.end(run, State.STOPPED, reason)
    _written(account, found)
    rows.tell(account, "stopped", found, actor)
    return found


def retry(*, account: Account, runs: Iterable[int], actor: Actor) -> list[Run]:
    """Try the step again at which they need attention, under the key it had."""
    found = lock(account, runs, State.ATTENTION)
    for run in found:
        _again(run)
        run.attempt += 1
    return _written(account, found)


def skip(*, account: Account, runs: Iterable[int], actor: Actor) -> list[Run]:
    """Go on behind the step at which they need attention."""
    found = lock(account, runs, State.ATTENTION)
    programs = {run.version_id: parse(run.version.steps) for run in found}
    for run in found:
        run.attempt += 1
    _note(account, found, Outcome.SKIPPED, {"by": _by(actor)})
    for run in found:
        program = programs[run.version_id]
        _again(run)
        if run.step in program.nodes:
            run.step = program.after(run.step)
        run.visit, run.attempt, run.since = run.visit + 1, 1, now()
    return _written(account, found)


def move(*, account: Account, runs: Iterable[int], to: Version, actor: Actor) -> list[Run]:
    """Let them go on in another version of their flow, at the step they are at; those whose step it does not have stay.

    A wait is reckoned anew, from when they came to it.
    """
    program = parse(to.steps)
    found = [
        run
        for run in lock(account, runs, State.ACTIVE, State.PAUSED, State.ATTENTION)
        if run.flow_id == to.flow_id and run.version_id != to.pk and (not run.step or run.step in program.nodes)
    ]
    for run in found:
        run.version, run.alone = to, False
        if run.waiting:
            run.due = now()
    return _written(account, found)


def wake(account: Account, events: Sequence[Event]) -> None:
    """Let runs go on that wait for one of these events."""
    codes = {event.kind: [one.code for one in OCCASIONS.values() if event.kind in one.kinds] for event in events}
    awaited = {code for event in events for code in codes[event.kind]}
    whose = stand_for(account, {event.contact_id for event in events if event.contact_id})
    waiting = Run.objects.filter(awaits__in=awaited, contact_id__in=whose.values(), waiting=True)
    found = lock(account, waiting.values_list("pk", flat=True), State.ACTIVE, State.PAUSED)
    programs = {run.version_id: parse(run.version.steps) for run in found}
    woken = []
    for run in found:
        node = programs[run.version_id].nodes.get(run.step)
        if node is None or node.kind != WAIT or not run.awaits:
            continue
        wanted, before = node.settings.get("event", {}), run.detail.get("before", ())
        if any(
            whose.get(event.contact_id or 0) == run.contact_id
            and event.pk not in before
            and matches(run.awaits, wanted, event)
            for event in events
        ):
            run.awaits, run.due, run.alone, run.detail = "", now(), False, {"came": True}
            woken.append(run)
    _written(account, woken)


def _again(run: Run) -> None:
    run.state, run.reason, run.detail, run.due, run.hops = State.ACTIVE, "", {}, now(), 0
    run.waiting = run.alone = False


def _written(account: Account, runs: list[Run]) -> list[Run]:
    rows.write(account, runs)
    rows.due(account, runs)
    return runs


def _note(account: Account, runs: Sequence[Run], outcome: Outcome, detail: dict[str, Any]) -> None:
    """What a person did with the step these runs are at."""
    programs = {run.version_id: parse(run.version.steps) for run in runs}
    Visit.objects.bulk_create(
        Visit(
            account_id=account.pk,
            run=run,
            number=run.visit,
            attempt=run.attempt + 1 if outcome == Outcome.STOPPED and run.state == State.ATTENTION else run.attempt,
            step=run.step,
            kind=_kind(run, programs),
            outcome=outcome,
            detail=detail,
            began_at=run.since,
            at=now(),
        )
        for run in runs
    )


def _kind(run: Run, programs: Mapping[int, Program]) -> str:
    node = programs[run.version_id].nodes.get(run.step)
    return node.kind if node else STOP


def _by(actor: Actor) -> list[Any]:
    return [actor.kind, actor.id]

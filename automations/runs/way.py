"""The way of one chunk of runs from step to step, in one transaction.

What the step does, its ledger entries, what came of it and where each run goes next commit together. A run does at most one action
in a transaction; the steps that only decide how it goes on (condition, jump, wait, stop) are passed in the same one.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from automations import conditions, programs, waits
from automations.actions import ACTIONS
from automations.actions.action import Result, Turn
from automations.models import Flow, Of, Outcome, Run, State, Visit
from automations.occasions import OCCASIONS, matches
from automations.programs import Node
from credits.queries import next_end
from simplero.lib.keys import derive_key
from simplero.outbox.models import Delivery, Event
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now

from . import rows
from .beginning import Beginning, begin, hold

A_MOMENT = timedelta(seconds=1)
"""Before what somebody else holds is looked at again."""

A_WHILE = timedelta(minutes=1)
"""A wait that lasted so long lets a run take all its hops again: what goes round faster goes round in a circle."""

LOOK_BACK = timedelta(minutes=10)
"""How old an event may be that was being written down while a run came to wait for it."""

LOOK_AGAIN = {waits.EVENT: timedelta(seconds=5), waits.EXPIRY: timedelta(days=1)}
"""A wait for an event looks back once, at what was delivered before anybody could see that it waits; a wait for the end of credits
looks every day, whether others end sooner by now."""

LATER = Result(Outcome.NOTHING)
"""Of a turn that is to be taken again."""


class Way:
    """One chunk of runs of one version, on their way from step to step."""

    def __init__(self, account: Account, runs: Sequence[Run]) -> None:
        self.account, self.runs, self.at = account, runs, now()
        self.flow: Flow = runs[0].flow
        self.program = programs.parse(runs[0].version.steps)
        self.visits: list[Visit] = []
        self.acted: set[int] = set()
        self.finished: list[Run] = []

    def take(self) -> None:
        """Take the runs as far as they go now, and write it all down. Those of an automation that was deleted go no further."""
        if self.flow.of == Of.AUTOMATION and self.flow.deleted_at is not None:
            for run in self.runs:
                rows.end(run, State.STOPPED, "deleted")
            rows.write(self.account, self.runs)
            rows.tell(self.account, "stopped", self.runs, SYSTEM)
            return
        here = {self.runs[0].step: list(self.runs)}
        while here:
            step = next(iter(here))
            onward = self._step(step, here.pop(step))
            for to, runs in onward.items():
                here.setdefault(to, []).extend(runs)
        rows.write(self.account, self.runs)
        Visit.objects.bulk_create(self.visits)
        rows.tell(self.account, "finished", self.finished, SYSTEM)
        rows.due(self.account, self.runs, later_than=self.at)

    def _step(self, step: str, runs: list[Run]) -> dict[str, list[Run]]:
        """Do a step for these runs; where each that can go on at once stands then."""
        if not step:
            self._finish(runs)
            return {}
        node = self.program.nodes.get(step)
        if node is None:
            for run in runs:
                rows.park(run, "gone", {"step": step})
            return {}
        if node.kind not in programs.FLOWING:
            return self._act(node, runs)
        onward: dict[str, list[Run]] = defaultdict(list)
        for to, run in _FLOWING[node.kind](self, node, runs):
            onward[to].append(run)
        return onward

    def _finish(self, runs: list[Run]) -> None:
        for run in runs:
            rows.end(run, State.FINISHED)
        self.finished += runs

    def _leave(
        self, run: Run, node: Node, outcome: str, to: str, detail: dict[str, Any] | None = None, entry: Any = None
    ) -> bool:
        """Note what came of a step and go on to the next; False where the run has gone round in a circle and waits for a person."""
        self._note(run, node, outcome, detail, entry)
        lasted = outcome == Outcome.WAITED and self.at - run.since >= A_WHILE
        run.visit, run.attempt, run.hops, run.step = run.visit + 1, 1, 0 if lasted else run.hops + 1, to
        run.since, run.due, run.waiting, run.awaits, run.detail = self.at, self.at, False, "", {}
        if to and run.hops > programs.MOST_HOPS:
            rows.park(run, "hops", {"most": programs.MOST_HOPS})
            run.hops = 0
            return False
        return True

    def _note(
        self, run: Run, node: Node, outcome: str, detail: dict[str, Any] | None = None, entry: Any = None
    ) -> None:
        self.visits.append(
            Visit(
                account_id=self.account.pk,
                run=run,
                number=run.visit,
                attempt=run.attempt,
                step=node.key,
                kind=node.kind,
                outcome=outcome,
                detail=detail or {},
                entry=entry,
                began_at=run.since,
                at=self.at,
            )
        )

    def _act(self, node: Node, runs: list[Run]) -> dict[str, list[Run]]:
        turns = [Turn(run, derive_key("run", run.key, run.visit)) for run in runs if run.pk not in self.acted]
        self.acted.update(turn.run.pk for turn in turns)
        results = ACTIONS[node.kind].perform(self.account, node.settings, turns) if turns else []
        onward: dict[str, list[Run]] = defaultdict(list)
        results = self._carry_out(turns, results)
        for turn, result in zip(turns, results, strict=True):
            run, detail = turn.run, dict(result.detail)
            if result is LATER:
                run.due = self.at + A_MOMENT
                continue
            if result.outcome == Outcome.REFUSED:
                self._note(run, node, result.outcome, {**detail, "reason": result.reason})
                rows.park(run, result.reason, detail)
                continue
            to = (
                self.program.into(node.key, "no")
                if result.outcome == Outcome.BRANCHED
                else self.program.after(node.key)
            )
            if self._leave(run, node, result.outcome, to, detail, result.entry):
                onward[to].append(run)
        return onward

    def _carry_out(self, turns: list[Turn], results: list[Result]) -> list[Result]:
        """Start and stop what the results ask for; where there was nothing to start or stop, that is what came of it."""
        done = list(results)
        for flow_id in {result.begin for result in results if result.begin is not None}:
            self._begin(flow_id, turns, [at for at, result in enumerate(results) if result.begin == flow_id], done)
        for flow_id in {result.halt for result in results if result.halt is not None}:
            self._halt(flow_id, turns, [at for at, result in enumerate(results) if result.halt == flow_id], done)
        return done

    def _begin(self, flow_id: int, turns: list[Turn], asked: list[int], done: list[Result]) -> None:
        """Let the contacts of these turns enter a flow."""
        flow = hold(flow_id)
        if flow is None:  # switched off or deleted since the action looked
            for at in asked:
                done[at] = Result(Outcome.REFUSED, {"flow": flow_id}, "off")
            return
        beginnings = {
            at: Beginning(
                turns[at].contact_id,
                derive_key("run", turns[at].key, flow_id),
                source_id=str(self.flow.public_id),
                cause=rows.deeper(turns[at].run),
            )
            for at in asked
        }
        wanted = list(beginnings.values())
        begun = begin(account=self.account, flow=flow, beginnings=wanted, source=self.flow.of, actor=SYSTEM)
        keys = {run.key for run in begun}
        for at, beginning in beginnings.items():
            if beginning.key not in keys:
                done[at] = Result(Outcome.NOTHING, {**done[at].detail, "why": "inside"})

    def _halt(self, flow_id: int, turns: list[Turn], asked: list[int], done: list[Result]) -> None:
        """Stop what the contacts of these turns have under way in a flow, except the runs of this chunk: they are written at the end,
        over whatever is said of them meanwhile. Whom somebody else holds is stopped a moment later: waiting for them here, while
        they may wait for us, would be waiting for ever."""
        contacts = {turns[at].contact_id for at in asked}
        inside = Run.objects.filter(flow_id=flow_id, contact_id__in=contacts, ended_at=None)
        inside = inside.exclude(pk__in=[run.pk for run in self.runs]).order_by("pk")
        wanted = dict(inside.values_list("pk", "contact_id"))
        found = list(Run.objects.filter(pk__in=wanted).select_for_update(skip_locked=True, no_key=True))
        held = {wanted[pk] for pk in wanted.keys() - {run.pk for run in found}}
        ended = [run for run in found if run.ended_at is None and run.contact_id not in held]
        flow = Flow.objects.get(pk=flow_id)
        for run in ended:
            run.flow = flow
            rows.end(run, State.STOPPED, "halted")
        rows.write(self.account, ended)
        rows.tell(self.account, "stopped", ended, SYSTEM)
        stopped = {run.contact_id for run in ended}
        for at in asked:
            if turns[at].contact_id in held:
                done[at] = LATER
            elif turns[at].contact_id not in stopped:
                done[at] = Result(Outcome.NOTHING, {**done[at].detail, "why": "not_inside"})

    def _condition(self, node: Node, runs: list[Run]) -> list[tuple[str, Run]]:
        met = conditions.met(self.account, node.settings["conditions"], {run.contact_id for run in runs})
        gone_on = []
        for run in runs:
            branch = "yes" if run.contact_id in met else "no"
            to = self.program.into(node.key, branch)
            if self._leave(run, node, Outcome(branch), to):
                gone_on.append((to, run))
        return gone_on

    def _jump(self, node: Node, runs: list[Run]) -> list[tuple[str, Run]]:
        to = node.settings["to"]
        return [(to, run) for run in runs if self._leave(run, node, Outcome.DONE, to)]

    def _stop(self, node: Node, runs: list[Run]) -> list[tuple[str, Run]]:
        for run in runs:
            self._leave(run, node, Outcome.STOPPED, "")
        self._finish(runs)
        return []

    def _wait(self, node: Node, runs: list[Run]) -> list[tuple[str, Run]]:
        """Let those who come to the wait stand there, and those whose wait is over go on."""
        kind, to = node.settings["for"], self.program.after(node.key)
        ends = self._ends(node, runs) if kind == waits.EXPIRY else {}
        known = self._known(node, [run for run in runs if not _looked(run)]) if kind == waits.EVENT else {}
        gone_on = []
        for run in runs:
            detail: dict[str, Any] = {}
            if hurried := run.detail.get("hurried"):
                detail = {"hurried": hurried}
            elif run.waiting and kind == waits.EVENT and run.detail.get("came"):
                detail = {"came": True}
            elif self._stands(run, node, ends.get(run.contact_id), known.get(run.pk, [])):
                continue
            elif run.waiting and kind == waits.EVENT:
                detail = {"came": run.detail.get("came", False)}
            if self._leave(run, node, Outcome.WAITED, to, detail):
                gone_on.append((to, run))
        return gone_on

    def _stands(self, run: Run, node: Node, end: datetime | None, known: Sequence[Event]) -> bool:
        """Whether the run waits, or waits on; then it is due at the end of its wait, or when it is to be looked at again.

        `end` is when its contact's credits end, `known` are its contact's events: what a wait for either has to know."""
        kind, awaited = node.settings["for"], node.settings.get("occasion", "")
        before = run.detail.get("before") if run.awaits == awaited else None
        if before is not None and any(
            event.pk not in before and matches(awaited, node.settings.get("event", {}), event) for event in known
        ):
            run.detail["came"] = True  # unseen
            return False
        until = waits.until(node.settings, since=run.since, zone=self.account.zone, end=end)
        if until is None or until <= self.at:
            return False
        again = LOOK_AGAIN.get(kind) if before is None else None
        run.due = min(until, self.at + again) if again else until
        run.waiting, run.awaits, run.detail = True, awaited, {"until": until.isoformat()}
        if kind == waits.EVENT:
            run.detail |= {"before": [e.pk for e in known]} if before is None else {"before": before, "looked": True}
        return True

    def _ends(self, node: Node, runs: list[Run]) -> dict[int, datetime]:
        return next_end(self.account, node.settings["credit_type"], {run.contact_id for run in runs})

    def _known(self, node: Node, runs: list[Run]) -> dict[int, list[Event]]:
        """By run, the events of its contact that may be what the step waits for and that everybody can see: not delivered yet, or
        written not long before it came to the wait. For who comes to it they were before it; for who stands there, some may have
        come unseen."""
        if not runs:
            return {}
        kinds, since = OCCASIONS[node.settings["occasion"]].kinds, min(run.since for run in runs) - LOOK_BACK
        found = Event.objects.filter(kind__in=kinds, contact_id__in={run.contact_id for run in runs})
        found = found.annotate(waiting=Exists(Delivery.objects.filter(event=OuterRef("pk"))))
        of_contact: dict[int, list[Event]] = defaultdict(list)
        for event in found.filter(Q(at__gte=since) | Q(waiting=True)).order_by("pk"):
            of_contact[event.contact_id or 0].append(event)
        return {
            run.pk: [e for e in of_contact[run.contact_id] if e.waiting or e.at >= run.since - LOOK_BACK]  # type: ignore[attr-defined]
            for run in runs
        }


def _looked(run: Run) -> bool:
    """Whether a run has looked back already at what came unseen to its wait."""
    return bool(run.waiting and run.detail.get("looked"))


_FLOWING = {
    programs.CONDITION: Way._condition,
    programs.JUMP: Way._jump,
    programs.STOP: Way._stop,
    programs.WAIT: Way._wait,
}

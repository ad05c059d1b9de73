"""Taking runs on: each chunk of runs that are due at the same step, in one transaction.

What the step does, its ledger entries, what came of it and where each run goes next commit together. A run does at most one action
in a transaction; the steps that only decide how it goes on (condition, jump, wait, stop) are passed in the same one.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from automations import conditions, programs, waits
from automations.actions import ACTIONS
from automations.actions.action import Result, Turn
from automations.models import Flow, Outcome, Run, State, Visit
from automations.programs import Node
from credits.queries import next_end
from simplero.lib.keys import derive_key
from simplero.outbox.models import Job
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import rows
from .beginning import Beginning, begin
from .rows import ADVANCE_ONE

CHUNK = 500
"""Runs that one transaction takes on."""

MOST_ATTEMPTS = 5
"""After which a step that fails, or takes its worker with it, waits for a person."""


def advance(account: Account, *, limit: int = CHUNK) -> bool:
    """Take on up to `limit` of the account's runs that are due; False while there is more to do at once."""
    if chunk := _claim(account, limit):
        _Way(account, chunk).take()
    return not _due(account).exists()


def set_apart(account: Account) -> bool:
    """After a worker did not come back from a chunk: give each of its runs a job of its own, so that the one which fails, or takes
    its worker with it, holds up nobody else. False while there is more to do at once."""
    chunk = _claim(account, CHUNK)
    for run in chunk:
        run.alone = True
    rows.write(account, chunk)
    jobs = [Job(account_id=account.pk, kind=ADVANCE_ONE, subject=run.pk, due=now()) for run in chunk]
    Job.objects.bulk_create(jobs, ignore_conflicts=True)
    return not _due(account).exists()


def advance_one(account: Account, run_id: int, *, attempts: int) -> None:
    """Take on a run that was set apart, or let it wait for a person once that has been tried MOST_ATTEMPTS times."""
    waiting = Run.objects.filter(pk=run_id, alone=True, state=State.ACTIVE, due__lte=now())
    run = waiting.select_related("flow", "version", "contact").select_for_update(of=("self",), no_key=True).first()
    if run is None:
        return
    if attempts > MOST_ATTEMPTS:
        rows.park(run, "failed", {"attempts": MOST_ATTEMPTS})
        rows.write(account, [run])
        return
    run.alone = False
    _Way(account, [run]).take()
    rows.due(account, [run])


def _due(account: Account) -> Any:
    return Run.objects.filter(account_id=require(account), state=State.ACTIVE, due__lte=now(), alone=False)


def _claim(account: Account, limit: int) -> list[Run]:
    """The runs that have been due longest, as many as are at the step of the first. What somebody else holds is theirs for now."""
    locking = {"skip_locked": True, "no_key": True, "of": ("self",)}
    first = _due(account).order_by("due", "pk").select_for_update(**locking).first()
    if first is None:
        return []
    alike = _due(account).filter(version_id=first.version_id, step=first.step).order_by("due", "pk")
    chunk = list(alike.select_for_update(**locking)[:limit])
    for run in chunk:
        run.flow, run.version = first.flow, first.version
    return chunk


class _Way:
    """One chunk of runs of one version, on their way from step to step."""

    def __init__(self, account: Account, runs: Sequence[Run]) -> None:
        self.account, self.runs, self.at = account, runs, now()
        self.flow: Flow = runs[0].flow
        self.program = programs.parse(runs[0].version.steps)
        self.visits: list[Visit] = []
        self.acted: set[int] = set()
        self.finished: list[Run] = []

    def take(self) -> None:
        """Take the runs as far as they go now, and write it all down."""
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
        run.visit, run.attempt, run.hops, run.step = run.visit + 1, 1, run.hops + 1, to
        run.since, run.due, run.waiting, run.awaits, run.detail = self.at, self.at, False, "", {}
        if run.hops > programs.MOST_HOPS:
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
            asked = [at for at, result in enumerate(results) if result.begin == flow_id]
            begun = begin(
                account=self.account,
                flow=Flow.objects.get(pk=flow_id),
                beginnings=[
                    Beginning(
                        turns[at].contact_id,
                        derive_key("run", turns[at].key, flow_id),
                        source_id=str(self.flow.public_id),
                        cause=rows.deeper(turns[at].run),
                    )
                    for at in asked
                ],
                source=self.flow.of,
                actor=SYSTEM,
            )
            entered = {run.contact_id for run in begun}
            for at in asked:
                if turns[at].contact_id not in entered:
                    done[at] = Result(Outcome.NOTHING, {**results[at].detail, "why": "inside"})
        for flow_id in {result.halt for result in results if result.halt is not None}:
            asked = [at for at, result in enumerate(results) if result.halt == flow_id]
            stopped = self._halt(flow_id, [turns[at] for at in asked])
            for at in asked:
                if turns[at].contact_id not in stopped:
                    done[at] = Result(Outcome.NOTHING, {**results[at].detail, "why": "not_inside"})
        return done

    def _halt(self, flow_id: int, turns: list[Turn]) -> set[int]:
        """Stop what these contacts have under way in a flow, except the runs that ask for it; whose that was."""
        mine = [run.pk for run in self.runs]  # they are written at the end, over whatever is said of them meanwhile
        inside = Run.objects.filter(flow_id=flow_id, contact_id__in=[turn.contact_id for turn in turns], ended_at=None)
        found = list(
            inside.exclude(pk__in=mine)
            .select_related("flow")
            .order_by("pk")
            .select_for_update(of=("self",), no_key=True)
        )
        for run in found:
            rows.end(run, State.STOPPED, "halted")
        rows.write(self.account, found)
        rows.tell(self.account, "stopped", found, SYSTEM)
        return {run.contact_id for run in found}

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
        gone_on, ends, to = [], self._ends(node, runs), self.program.after(node.key)
        for run in runs:
            hurried, over = run.detail.get("hurried"), run.waiting
            if not hurried and (not over or node.settings["for"] == waits.EXPIRY):
                due = waits.until(node.settings, since=run.since, zone=self.account.zone, end=ends.get(run.contact_id))
                if due is not None and due > self.at:
                    run.due, run.waiting, run.hops = due, True, 0
                    run.awaits = node.settings["occasion"] if node.settings["for"] == waits.EVENT else ""
                    continue
            detail: dict[str, Any] = {"hurried": hurried} if hurried else {}
            if over and not hurried and node.settings["for"] == waits.EVENT:
                detail["came"] = not run.awaits
            if self._leave(run, node, Outcome.WAITED, to, detail):
                gone_on.append((to, run))
        return gone_on

    def _ends(self, node: Node, runs: list[Run]) -> dict[int, datetime]:
        if node.settings["for"] != waits.EXPIRY:
            return {}
        return next_end(self.account, node.settings["credit_type"], {run.contact_id for run in runs})


_FLOWING = {
    programs.CONDITION: _Way._condition,
    programs.JUMP: _Way._jump,
    programs.STOP: _Way._stop,
    programs.WAIT: _Way._wait,
}

"""Writing runs, many at once."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from automations.events import AutomationFinished, AutomationStarted, AutomationStopped
from automations.models import Of, Run, State
from simplero.outbox import outbox
from simplero.outbox.outbox import Cause, Fact
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

ADVANCE, ADVANCE_ONE, START = "automations.advance", "automations.advance_one", "automations.start"
"""Kinds of job: to take on all runs of the account that are due, one run apart from the others, a start of many."""

_COLUMNS = {
    "version_id": "bigint",
    "state": "text",
    "step": "text",
    "visit": "bigint",
    "attempt": "bigint",
    "hops": "bigint",
    "due": "timestamptz",
    "waiting": "boolean",
    "awaits": "text",
    "alone": "boolean",
    "reason": "text",
    "detail": "jsonb",
    "refused": "boolean",
    "one_for": "bigint",
    "since": "timestamptz",
    "ended_at": "timestamptz",
}


def write(account: Account, runs: Sequence[Run]) -> None:
    """Put what these runs, locked rows, hold now in their rows: one statement, however many there are."""
    if not runs:
        return
    arrays = [[_value(getattr(run, column)) for run in runs] for column in _COLUMNS]
    columns = ", ".join(f"{column} = w.{column}" for column in _COLUMNS)
    values = ", ".join(f"%s::{kind}[]" for kind in _COLUMNS.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE automations_run r SET {columns} FROM unnest(%s::bigint[], {values}) AS w(id, {', '.join(_COLUMNS)})"  # noqa: S608
            " WHERE r.account_id = %s AND r.id = w.id",
            [[run.pk for run in runs], *arrays, require(account)],
        )


def _value(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def due(account: Account, runs: Iterable[Run], *, later_than: datetime | None = None) -> None:
    """See to it that active ones among these runs are taken on when they are due: one job for each instant."""
    instants = {run.due for run in runs if run.state == State.ACTIVE and run.due is not None and not run.alone}
    for instant in sorted(instants):
        if later_than is None or instant > later_than:
            outbox.schedule(account=account, kind=ADVANCE, subject=0, due=instant)


def cause_of(run: Run) -> Cause:
    """Why what this run does happens."""
    return Cause(run.cause_id, run.depth)


def deeper(run: Run) -> Cause:
    """Why what this run starts happens: a link further in the chain, or starting one another would go on for ever."""
    return Cause(run.cause_id, run.depth + 1)


_FACTS: dict[str, Callable[[int, int, str], Fact]] = {
    "started": AutomationStarted,
    "finished": AutomationFinished,
    "stopped": AutomationStopped,
}


def tell(account: Account, what: str, runs: Collection[Run], actor: Actor) -> None:
    """Write down that these runs were started, finished or stopped. What triggers do is told by what they did."""
    told = [run for run in runs if run.flow.of == Of.AUTOMATION]
    facts = [_FACTS[what](run.contact_id, run.flow_id, str(run.public_id)) for run in told]
    if facts:
        outbox.record_all(account=account, facts=facts, actor=actor, causes=[cause_of(run) for run in told])


def end(run: Run, state: str, reason: str = "") -> None:
    """Let a run be over."""
    run.state, run.reason, run.ended_at, run.since = state, reason, now(), now()
    run.due = run.one_for = None
    run.waiting = run.alone = False
    run.awaits, run.detail = "", {}


def park(run: Run, reason: str, detail: dict[str, Any] | None = None) -> None:
    """Let a run wait for a person."""
    run.state, run.reason, run.detail, run.since = State.ATTENTION, reason, detail or {}, now()
    run.due, run.refused = None, True
    run.waiting = run.alone = False
    run.awaits = ""

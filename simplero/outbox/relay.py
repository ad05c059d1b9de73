"""Doing what is due, for every account in turn. Any number of relays may run at once, and any may die at any instant.

A job is claimed for a while (a lease), then done in one transaction together with its own end: a relay that dies lets go of
its jobs when their leases run out, and what it had not committed never happened. An errand, which talks to the outside, ends
after it has noted down what came of it.

Whom an errand talks to may be slow, and that holds up nobody's ordinary jobs: they come first, again after every errand, and one
relay at a time runs errands, so that the other workers are there for the rest.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from simplero.tenancy.scope import scope

from .handlers import ERRANDS, HANDLERS

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=6)
"""Longer than a task may run (see simplero/celery.py), so that nobody's job is taken while they are at it."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
"""Before a job that failed is tried again; each time twice as long."""


RUNNER = (7262, 1)
"""The advisory lock of the one relay that runs errands."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is ours until its lease runs out; the number of the attempt tells whether it still is."""

    id: int
    account_id: int
    kind: str
    subject: int
    attempts: int


def relay(*, batch: int = 50, seconds: float = 20.0) -> int:
    """Do due jobs until there are none or `seconds` have passed; how many turns were taken, failed ones included.

    What is under way when the time is over is finished, and nothing more is begun.
    """
    until = time.monotonic() + seconds
    turns = _jobs(batch, until)
    with _runner() as ours:
        while ours and time.monotonic() < until and (claimed := claim(batch, errands=True)):
            for at, errand in enumerate(claimed):
                if time.monotonic() >= until:
                    _let_go(claimed[at:])
                    break
                perform(errand)
                turns += 1 + _jobs(batch, until)
    return turns


def _jobs(batch: int, until: float) -> int:
    """Do ordinary jobs that are due; how many turns were taken."""
    turns = 0
    while time.monotonic() < until and (claimed := claim(batch)):
        for at, job in enumerate(claimed):
            if time.monotonic() >= until:
                _let_go(claimed[at:])
                break
            perform(job)
            turns += 1
    return turns


@contextmanager
def _runner() -> Iterator[bool]:
    """Whether errands are ours to run: nobody else's at this time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", RUNNER)
        [ours] = cursor.fetchone()
    try:
        yield ours
    finally:
        if ours:
            _execute("SELECT pg_advisory_unlock(%s, %s)", *RUNNER)


def _let_go(claimed: list[Claim]) -> None:
    """Leave jobs that were not begun to the next relay, at once and as if they had not been claimed."""
    for job in claimed:
        _execute(
            "UPDATE outbox_job SET leased_until = NULL, attempts = attempts - 1 WHERE id = %s AND attempts = %s",
            *(job.id, job.attempts),
        )


def claim(limit: int, *, errands: bool = False) -> list[Claim]:
    """Lease up to `limit` due jobs, or errands instead, one of each account before the second of any, the longest due first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH waiting AS (
                 SELECT id, row_number() OVER (PARTITION BY account_id ORDER BY due, id) AS turn
                   FROM outbox_job WHERE due <= ledger_now() AND (leased_until <= ledger_now()) IS NOT FALSE
                    AND (kind = ANY (%s)) = %s
               ), chosen AS (
                 SELECT j.id, w.turn FROM outbox_job j JOIN waiting w ON w.id = j.id
                  WHERE (j.leased_until <= ledger_now()) IS NOT FALSE
                  ORDER BY w.turn, j.due, j.id LIMIT %s FOR UPDATE OF j SKIP LOCKED
               ), leased AS (
                 UPDATE outbox_job j SET leased_until = ledger_now() + %s * interval '1 second', attempts = least(j.attempts + 1, 1000)
                   FROM chosen c WHERE j.id = c.id
                 RETURNING j.id, j.account_id, j.kind, j.subject, j.attempts, c.turn, j.due
               )
               SELECT id, account_id, kind, subject, attempts FROM leased ORDER BY turn, due, id""",
            [list(ERRANDS), errands, limit, LEASE.total_seconds()],
        )
        return [Claim(*row) for row in cursor.fetchall()]


def perform(job: Claim) -> None:
    """Do a claimed job and end it, in one commit unless it is an errand. A failure is logged and the job waits for its next
    attempt, longer each time."""
    try:
        if errand := ERRANDS.get(job.kind):
            if not _is_ours(job):
                return
            errand(account_id=job.account_id, subject=job.subject)
            _execute("DELETE FROM outbox_job WHERE id = %s AND attempts = %s", job.id, job.attempts)
            return
        with scope(job.account_id):
            if not _is_ours(job):
                return
            if HANDLERS[job.kind](account_id=job.account_id, subject=job.subject):
                _execute("DELETE FROM outbox_job WHERE id = %s", job.id)
            else:
                _execute("UPDATE outbox_job SET leased_until = NULL, attempts = 0 WHERE id = %s", job.id)
    except Exception:
        wait = min(FIRST_WAIT * 2 ** min(job.attempts - 1, 20), LONGEST_WAIT)
        logger.exception(
            "job %d (%s %d of account %d) failed at attempt %d; again in %s",
            *(job.id, job.kind, job.subject, job.account_id, job.attempts, wait),
        )
        _execute(
            "UPDATE outbox_job SET leased_until = ledger_now() + %s * interval '1 second' WHERE id = %s AND attempts = %s",
            *(wait.total_seconds(), job.id, job.attempts),
        )


def _is_ours(job: Claim) -> bool:
    """Whether nobody took the job meanwhile; locks it until the end of the transaction, if one is open."""
    return _execute("SELECT FROM outbox_job WHERE id = %s AND attempts = %s FOR UPDATE", job.id, job.attempts) == 1


def _execute(statement: str, *arguments: float) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.rowcount

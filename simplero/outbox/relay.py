"""Doing what is due, for every account in turn. Any number of relays may run at once, and any may die at any instant.

A job is claimed for a while (a lease), then done in one transaction together with its own end, its row locked: who is at it
keeps it, however long that takes and whatever the lease says, and a relay that dies lets go of its jobs when their leases run
out; what it had not committed never happened. An errand, which talks to the outside, ends after it has noted down what came of
it. One relay at a time runs the errands of a queue, so a lease that runs out beside a living one is nobody's to take; where the database lets
go of a runner that still waits for an answer, the same errand may be run beside it.

Jobs go in two lanes. Those never begun are claimed in batches. Those that somebody began and did not end are claimed one at a
time, in turn with the batches: if one of them kills its relay, it takes no others along and holds none up.

Whom an errand talks to may be slow, and that holds up nobody's ordinary jobs: they come first, again after every errand, and one
relay at a time runs the errands of a queue, so that the other workers are there for the rest. Payment providers have a queue, and
the addresses that customers want called have another: those may be slow without anybody having to wait for money.
"""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle

from django.conf import settings
from django.db import Error, connection, transaction

from simplero.tenancy.scope import scope
from simplero.tenancy.trouble import is_ill, repeated

from .handlers import CALLS, ERRANDS, HANDLERS, PROVIDERS, QUEUE_OF, Misdirected

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.OUTBOX_LEASE)
"""How long the jobs of a relay that died wait for the next one."""

BATCH = 10

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
"""Before a job that failed is tried again; each time twice as long."""


RUNNERS = {PROVIDERS: (7262, 1), CALLS: (7262, 2)}
"""The advisory lock of the one relay that runs the errands of a queue."""

FRONT = 500
"""Jobs at the head of a lane that a claim looks at, and accounts that it asks when that was not all."""

SPARE = 30
"""Jobs of one account looked at beyond those asked for: so many may be in the hands of others who claim or work."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is ours until its lease runs out; the number of the attempt tells whether it still is."""

    id: int
    account_id: int
    kind: str
    subject: int
    attempts: int


def relay(*, batch: int = BATCH, seconds: float = 20.0, queue: str = PROVIDERS) -> int:
    """Do due jobs, and errands of `queue`, until there are none or `seconds` have passed; how many turns were taken, failed ones included.

    What is under way when the time is over is finished, and nothing more is begun. Jobs that never end leave half of the time to
    the errands, and get a moment after each.
    """
    until = time.monotonic() + seconds
    turns = _jobs(batch, time.monotonic() + seconds / 2)
    with _runner(queue) as ours:
        if ours:
            with closing(_due(batch, until, queue=queue)) as due:
                for errand in due:
                    perform(errand)
                    turns += 1 + _jobs(batch, min(until, time.monotonic() + seconds / 20))
    return turns + _jobs(batch, until)


def _jobs(batch: int, until: float) -> int:
    """Do ordinary jobs that are due; how many turns were taken."""
    turns = 0
    with closing(_due(batch, until)) as due:
        for job in due:
            perform(job)
            turns += 1
    return turns


def _due(batch: int, until: float, *, queue: str = "") -> Generator[Claim]:
    """What to begin now, until nothing is due or the time is over. Of a batch, what is not begun when half the lease has
    passed, or when nobody asks for more, is let go."""
    empty = 0
    for again in cycle((False, True)):
        if empty == 2 or time.monotonic() >= until:
            return
        claimed = claim(1 if again else batch, again=again, queue=queue)
        empty = 0 if claimed else empty + 1
        begin_by, begun = min(until, time.monotonic() + LEASE.total_seconds() / 2), 0
        try:
            for job in claimed:
                if begun and time.monotonic() >= begin_by:
                    break
                begun += 1
                yield job
        finally:
            _let_go(claimed[begun:])


@contextmanager
def _runner(queue: str) -> Iterator[bool]:
    """Whether the errands of `queue` are ours to run: nobody else's at this time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", RUNNERS[queue])
        [ours] = cursor.fetchone()
    try:
        yield ours
    finally:
        if ours:
            _execute("SELECT pg_advisory_unlock(%s, %s)", *RUNNERS[queue])


def _let_go(claimed: list[Claim]) -> None:
    """Leave jobs of a batch that were not begun to the next relay, at once and as if they had not been claimed."""
    for job in claimed:
        _execute(
            "UPDATE outbox_job SET leased_until = NULL, attempts = 0 WHERE id = %s AND attempts = %s",
            *(job.id, job.attempts),
        )


LANES = {False: ("attempts = 0", "due"), True: ("attempts > 0", "leased_until")}
"""By whether jobs have been begun before: which they are, and from when they are to be had. Each lane has two indexes."""

CLAIM = """
WITH RECURSIVE front AS MATERIALIZED (
  SELECT account_id FROM outbox_job WHERE {lane} AND {ready} <= ledger_now() AND (kind = ANY (%(kinds)s)) = %(these)s
   ORDER BY {ready}, id LIMIT %(front)s
), others AS (
  SELECT floor(random() * max(account_id))::bigint AS account_id, NULL::timestamptz AS ready, 0 AS step FROM outbox_job
   WHERE {lane} HAVING (SELECT count(*) FROM front) = %(front)s
  UNION ALL
  SELECT n.account_id, n.ready, o.step + 1 FROM others o, LATERAL (
      (SELECT account_id, {ready} AS ready FROM outbox_job
         WHERE {lane} AND (kind = ANY (%(kinds)s)) = %(these)s AND account_id > o.account_id
         ORDER BY account_id, {ready} LIMIT 1)
      UNION ALL
      (SELECT account_id, {ready} AS ready FROM outbox_job
         WHERE {lane} AND (kind = ANY (%(kinds)s)) = %(these)s
         ORDER BY account_id, {ready} LIMIT 1)
      LIMIT 1
    ) n
   WHERE o.step < %(front)s
), accounts AS (
  SELECT account_id FROM front UNION SELECT account_id FROM others WHERE ready <= ledger_now()
), lucky AS (
  SELECT account_id FROM accounts ORDER BY random() LIMIT %(looked_at)s
), waiting AS (
  SELECT j.id, row_number() OVER (PARTITION BY a.account_id ORDER BY j.ready, j.id) AS turn
    FROM lucky a, LATERAL (
      SELECT id, {ready} AS ready FROM outbox_job
       WHERE {lane} AND account_id = a.account_id AND {ready} <= ledger_now() AND (kind = ANY (%(kinds)s)) = %(these)s
       ORDER BY {ready}, id LIMIT %(looked_at)s
    ) j
), candidates AS (
  SELECT id, turn, random() AS luck FROM waiting ORDER BY turn, luck LIMIT %(looked_at)s
), chosen AS (
  SELECT j.id, c.turn FROM candidates c JOIN outbox_job j ON j.id = c.id WHERE {lane} AND {ready} <= ledger_now()
   ORDER BY c.turn, c.luck LIMIT %(limit)s FOR UPDATE OF j SKIP LOCKED
), leased AS (
  UPDATE outbox_job j SET leased_until = ledger_now() + %(lease)s * interval '1 second', attempts = least(j.attempts + 1, 1000)
    FROM chosen c WHERE j.id = c.id
  RETURNING j.id, j.account_id, j.kind, j.subject, j.attempts, c.turn, j.due
)
SELECT id, account_id, kind, subject, attempts FROM leased ORDER BY turn, due DESC, id"""
"""The head of the lane names the accounts that wait, unless it is full: then one account's backlog may hide the others, and FRONT
more accounts that have jobs in the lane, from anywhere on and round again, are asked, by one look at the index each. A claim
never goes through all rows: 50,000 of them cost what 500 do."""


DETOURS = ("seqscan", "bitmapscan", "hashjoin", "mergejoin")


def claim(limit: int, *, again: bool = False, queue: str = "") -> list[Claim]:
    """Lease up to `limit` due jobs never begun, or those begun before instead; the errands of `queue` instead of ordinary ones.

    One of each account before the second of any, of an account the longest due first; which accounts when there are more of
    them than `limit` is left to chance. Of different accounts' jobs the youngest comes first: the oldest may be one of many turns,
    and whatever stands behind it in the batch is out of other workers' reach while it takes one.
    """
    lane, ready = LANES[again]
    kinds = [kind for kind in ERRANDS if not queue or QUEUE_OF.get(kind, PROVIDERS) == queue]
    with transaction.atomic(), connection.cursor() as cursor:
        # What the planner remembers of a queue is never what is in it: leave it only the ways through the indexes, in order.
        cursor.execute(";".join(f"SET LOCAL enable_{way} = off" for way in DETOURS))
        cursor.execute(
            CLAIM.format(lane=lane, ready=ready),
            {
                "kinds": kinds,
                "these": bool(queue),
                "front": FRONT,
                "looked_at": limit + SPARE,
                "limit": limit,
                "lease": LEASE.total_seconds(),
            },
        )
        return [Claim(*row) for row in cursor.fetchall()]


def perform(job: Claim) -> None:
    """Do a claimed job and end it, in one commit unless it is an errand. A failure is logged and the job waits for its next
    attempt, longer each time; one that names a row of another account is refused.

    A database that is read-only, full or about to go is no failure of the job: its attempt does not count, and the error is raised,
    so that this turn ends and the next one goes on with it.
    """
    try:
        if errand := ERRANDS.get(job.kind):
            if not _begin(job):
                return
            errand(account_id=job.account_id, subject=job.subject)
            _execute("DELETE FROM outbox_job WHERE id = %s AND attempts = %s", job.id, job.attempts)
            return
        repeated(lambda: _do(job))
    except Misdirected as refused:
        logger.error(
            "job %d (%s %d of account %d) is refused: %s", job.id, job.kind, job.subject, job.account_id, refused
        )
        _execute("DELETE FROM outbox_job WHERE id = %s AND attempts = %s", job.id, job.attempts)
    except Exception as error:
        if is_ill(error):
            with suppress(Error):
                _uncount(job)
            raise
        wait = min(FIRST_WAIT * 2 ** min(job.attempts - 1, 20), LONGEST_WAIT)
        logger.exception(
            "job %d (%s %d of account %d) failed at attempt %d; again in %s",
            *(job.id, job.kind, job.subject, job.account_id, job.attempts, wait),
        )
        _execute(
            "UPDATE outbox_job SET leased_until = ledger_now() + %s * interval '1 second' WHERE id = %s AND attempts = %s",
            *(wait.total_seconds(), job.id, job.attempts),
        )


def _do(job: Claim) -> None:
    """An ordinary job and its end, in one transaction."""
    with scope(job.account_id):
        if not _is_ours(job):
            return
        if HANDLERS[job.kind](account_id=job.account_id, subject=job.subject, attempts=job.attempts):
            _execute("DELETE FROM outbox_job WHERE id = %s", job.id)
        else:
            _execute("UPDATE outbox_job SET leased_until = NULL, attempts = 0 WHERE id = %s", job.id)


def _uncount(job: Claim) -> None:
    """Let the job be as if this attempt had not been begun; one that was begun before keeps a wait."""
    _execute(
        "UPDATE outbox_job SET attempts = attempts - 1, leased_until = CASE WHEN attempts > 1 THEN ledger_now() + %s * interval '1 second' END"
        " WHERE id = %s AND attempts = %s",
        *(FIRST_WAIT.total_seconds(), job.id, job.attempts),
    )


def _is_ours(job: Claim) -> bool:
    """Whether nobody took the job meanwhile; then it is locked until the end of the transaction.

    This waits for others' claims, which pass over the row in no time, and not for their work: that has another number.
    """
    return _execute("SELECT FROM outbox_job WHERE id = %s AND attempts = %s FOR UPDATE", job.id, job.attempts) == 1


def _begin(errand: Claim) -> bool:
    """Whether nobody took the errand meanwhile; then its lease begins anew, for itself and not for those of its batch before it."""
    return (
        _execute(
            "UPDATE outbox_job SET leased_until = ledger_now() + %s * interval '1 second' WHERE id = %s AND attempts = %s",
            *(LEASE.total_seconds(), errand.id, errand.attempts),
        )
        == 1
    )


def _execute(statement: str, *arguments: float) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.rowcount

"""Taking runs on: each chunk of runs that are due at the same step, in one transaction; `way` is what they do in it.

A chunk that failed, or took its worker with it, is taken apart, and each of its runs tried alone.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from automations.models import Run, State
from simplero.outbox import outbox
from simplero.outbox.models import Job
from simplero.outbox.relay import LEASE
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import rows
from .rows import ADVANCE, ADVANCE_ONE
from .way import A_MOMENT, A_WHILE, Way

CHUNK = 500
"""Runs that one transaction takes on."""

MOST_ATTEMPTS = 5
"""After which a step that fails, or takes its worker with it, waits for a person."""


def advance(account: Account, *, limit: int = CHUNK) -> bool:
    """Take on up to `limit` of the account's runs that are due; False while there is more to do at once."""
    chunk = _claim(account, limit)
    if chunk:
        Way(account, chunk).take()
    return _ended(account, chunk)


def set_apart(account: Account) -> bool:
    """After a worker did not come back from a chunk: give each of its runs a job of its own, so that the one which fails, or takes
    its worker with it, holds up nobody else. False while there is more to do at once."""
    chunk = _claim(account, CHUNK)
    for run in chunk:
        run.alone = True
    rows.write(account, chunk)
    jobs = [Job(account_id=account.pk, kind=ADVANCE_ONE, subject=run.pk, due=now()) for run in chunk]
    Job.objects.bulk_create(jobs, ignore_conflicts=True)
    return _ended(account, chunk)


def one_failed(account: Account) -> bool:
    """Whether another job of the account has begun a chunk and is not at it: it failed, or its worker died some time ago. What is due
    longest is still there, so whoever comes next comes to the same chunk.

    Jobs that somebody is at are locked; those that wait for their turn in a batch have more than half of their lease.
    """
    over = Q(attempts__gt=1) | Q(leased_until__lt=now() + LEASE / 2)
    begun = Job.objects.filter(over, account_id=account.pk, kind=ADVANCE, attempts__gt=0)
    return begun.select_for_update(skip_locked=True).first() is not None


def advance_one(account: Account, waiting: Run, *, attempts: int) -> None:
    """Take on a run that was set apart, or let it wait for a person once that has been tried MOST_ATTEMPTS times."""
    run = Run.objects.select_for_update(no_key=True).get(pk=waiting.pk)
    if not run.alone or run.state != State.ACTIVE or run.due is None:
        return
    run.alone = False
    if attempts > MOST_ATTEMPTS:
        rows.park(run, "failed", {"attempts": MOST_ATTEMPTS})
        rows.write(account, [run])
    elif run.due > now():  # somebody moved it meanwhile
        rows.write(account, [run])
    else:
        Way(account, [run]).take()
    rows.due(account, [run])


def pick_up(account: Account) -> int:
    """See to it that runs are taken on which should have been a minute ago and which no job stands for; how many those were."""
    late = Run.objects.filter(account_id=require(account), state=State.ACTIVE, due__lt=now() - A_WHILE)
    jobs = Job.objects.filter(account_id=account.pk)
    if late.filter(alone=False).exists() and jobs.filter(kind=ADVANCE, due__lte=now()).exists():
        late = late.filter(alone=True)
    left = late.exclude(alone=True, pk__in=jobs.filter(kind=ADVANCE_ONE).values("subject"))
    number = left.update(alone=False)
    if number:
        outbox.schedule(account=account, kind=ADVANCE, subject=0, due=now())
    return number


def _ended(account: Account, chunk: Sequence[Run]) -> bool:
    """Whether nothing is left to do at once. What others hold is looked at again a moment later."""
    left = _due(account).exists()
    if left and not chunk:
        outbox.schedule(account=account, kind=ADVANCE, subject=0, due=now() + A_MOMENT)
    return not left or not chunk


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

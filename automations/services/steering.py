"""What people do to runs under way that need no attention: continue now, pause, resume, stop."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction

from automations import runs as engine
from automations.models import INSIDE, Run, State
from automations.runs.steering import lock
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as somebody saw it. What they ask for is meant for that step and that attempt at it, and for no later one: sent twice,
    it is done once."""

    run: uuid.UUID
    visit: int
    attempt: int


Runs = Sequence[uuid.UUID | Seen]
"""Runs by their public ids, as they are now or as they were seen."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The runs that it was done to, and how many it was not done to, since they are not here, or no longer as they must be for it."""

    done: list[Run]
    left: int


def one_each(runs: Runs) -> dict[uuid.UUID, Seen | None]:
    """The runs asked for, each once."""
    return {one.run if isinstance(one, Seen) else one: one if isinstance(one, Seen) else None for one in runs}


@transaction.atomic
def hurry(*, account: Account, runs: Runs, actor: Actor) -> Settled:
    """Let those who wait go on now, paused ones too."""
    return steer(account, runs, (State.ACTIVE, State.PAUSED), engine.hurry, actor)


@transaction.atomic
def pause(*, account: Account, runs: Runs, actor: Actor) -> Settled:
    """Let them stand where they are until they are resumed."""
    return steer(account, runs, (State.ACTIVE,), engine.pause, actor)


@transaction.atomic
def resume(*, account: Account, runs: Runs, actor: Actor) -> Settled:
    """Let paused ones go on."""
    return steer(account, runs, (State.PAUSED,), engine.resume, actor)


@transaction.atomic
def stop(*, account: Account, runs: Runs, actor: Actor) -> Settled:
    """Take them out for good, wherever they are by now: who is to be out is not to go on because they went a step further."""
    return steer(account, [one.run if isinstance(one, Seen) else one for one in runs], INSIDE, engine.stop, actor)


def held(account: Account, runs: Runs, states: Sequence[str]) -> list[Run]:
    """Those of the runs that are in one of `states` and still as they were seen, locked."""
    require(account)
    asked = one_each(runs)
    ids = Run.objects.filter(public_id__in=asked).values_list("pk", flat=True)
    found = []
    for run in lock(account, ids, *states):
        seen = asked[run.public_id]
        if seen is None or (seen.visit, seen.attempt) == (run.visit, run.attempt):
            found.append(run)
    return found


def steer(account: Account, runs: Runs, states: Sequence[str], do: Callable[..., list[Run]], actor: Actor) -> Settled:
    """Do something of `automations.runs` to runs that are in one of `states`."""
    found = held(account, runs, states)
    done = do(account=account, runs=[run.pk for run in found], actor=actor) if found else []
    return Settled(done, len(one_each(runs)) - len(done))

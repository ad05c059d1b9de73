"""Runs that have come to a step, and the step done for them, as `automations.runs` does it."""

import uuid
from typing import Any

from automations import runs
from automations.actions import ACTIONS
from automations.actions.action import Foreseen, Result, Turn
from automations.models import Of
from automations.queries.naming import names
from simplero.lib.keys import derive_key
from simplero.outbox.outbox import Cause
from simplero.tenancy.actors import SYSTEM
from tests import factories
from tests.automations.flows import flow
from tests.credits.pages.conftest import counted
from tests.factories import inside

CAUSE = Cause(41, 2)


def turns(
    world: Any, *contacts: Any, of: str = Of.AUTOMATION, name: str = "Welcome", cause: Cause = CAUSE
) -> list[Turn]:
    """These contacts in a flow of their own, each at its first step."""
    made = flow(world, name=name, of=of, several=True)
    with inside(world):
        beginnings = [runs.Beginning(one.pk, uuid.uuid4(), cause=cause) for one in contacts]
        begun = runs.begin(account=world.account, flow=made, beginnings=beginnings, source="event", actor=SYSTEM)
        of_key = {run.key: run for run in begun}
        ordered = [of_key[beginning.key] for beginning in beginnings]
        return [Turn(run, derive_key("run", run.key, run.visit)) for run in ordered]


def perform(world: Any, kind: str, turns: list[Turn], **settings: Any) -> list[Result]:
    with inside(world):
        return ACTIONS[kind].perform(world.account, settings, turns)


def said(world: Any, kind: str, **settings: Any) -> str:
    with inside(world):
        return ACTIONS[kind].words(settings, names(world.account, settings))


def foresee(world: Any, kind: str, contact: Any = None, **settings: Any) -> tuple[str, str]:
    with inside(world):
        found = ACTIONS[kind].foresee(world.account, settings, contact or world.contact, names(world.account, settings))
        assert isinstance(found, Foreseen)
        return found.words, found.tone


def many(world: Any, number: int, *, email: bool = False) -> list[Any]:
    return [
        factories.contact(world, f"Person {n}", email=f"{uuid.uuid4().hex}@x.example" if email else "")
        for n in range(number)
    ]


def cost(world: Any, kind: str, people: list[Any], **settings: Any) -> list[str]:
    """The statements that a chunk of these people takes."""
    come = turns(world, *people, name=f"Flow of {len(people)}")
    with inside(world), counted() as found:
        done = ACTIONS[kind].perform(world.account, settings, come)
    assert len(done) == len(people)
    return found

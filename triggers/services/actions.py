"""What staff let a trigger do: its actions in their order. Each change is published at once, as the next version of its flow."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from simplero.lib.keys import derive_key
from simplero.lib.refusals import Stale
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from triggers import queries
from triggers.errors import NothingToDo, TooManyActions
from triggers.models import Trigger

from .triggers import changed, held, publish, seal_of

MOST = 20
"""Actions of one trigger."""

Node = Mapping[str, Any]


@transaction.atomic
def add(
    *, account: Account, trigger: Trigger, kind: str, settings: Mapping[str, Any], key: uuid.UUID, actor: Actor
) -> None:
    """One more, done after the others. `key` is its form's: sent twice, it is one. Raises TooManyActions and TriggerGone."""
    kept, steps = _steps(account, trigger)
    named = derive_key("action", kept.flow.public_id, key).hex[:8]
    if any(node["key"] == named for node in steps):
        return
    if len(steps) >= MOST:
        raise TooManyActions(f"A trigger does at most {MOST} things. Let it start an automation for more.")
    _publish(account, kept, [*steps, {"key": named, "kind": kind, "settings": dict(settings)}], actor)


@transaction.atomic
def change(
    *, account: Account, trigger: Trigger, step: str, settings: Mapping[str, Any], seen: str, actor: Actor
) -> None:
    """Do it otherwise from the next firing on. `seen` is the seal of its settings as they were shown. Raises Stale and TriggerGone."""
    kept, steps = _steps(account, trigger)
    node = next((one for one in steps if one["key"] == step), None)
    if node is None:
        raise Stale(
            "Somebody else removed this action while you were at it. Close this, and add it anew if it is missing."
        )
    if node["settings"] == dict(settings):
        return
    if seen != seal_of(node["settings"]):
        raise Stale(
            "Somebody else changed this action while you were at it. What you chose is still here; save again to keep it instead."
        )
    _publish(account, kept, [{**one, "settings": dict(settings)} if one is node else one for one in steps], actor)


@transaction.atomic
def move(*, account: Account, trigger: Trigger, step: str, up: bool, seen: str, actor: Actor) -> None:
    """Up or down by one place; nothing where that is the end, or where the order is no longer the one that was `seen`: a button
    pressed twice moves once. Raises TriggerGone."""
    kept, steps = _steps(account, trigger)
    order = [node["key"] for node in steps]
    if step not in order or seen != seal_of(order):
        return
    at = order.index(step)
    to = at - 1 if up else at + 1
    if 0 <= to < len(steps):
        steps[at], steps[to] = steps[to], steps[at]
        _publish(account, kept, steps, actor)


@transaction.atomic
def arrange(*, account: Account, trigger: Trigger, order: Sequence[str], seen: str, actor: Actor) -> None:
    """All of them in this order. Raises Stale where there are others by now, or the order is not the one that was seen."""
    kept, steps = _steps(account, trigger)
    there = [node["key"] for node in steps]
    if there == list(order):
        return
    if seen != seal_of(there) or sorted(there) != sorted(order):
        raise Stale("Somebody else changed the actions meanwhile, so they were left in the order they have.")
    by_key = {node["key"]: node for node in steps}
    _publish(account, kept, [by_key[key] for key in order], actor)


@transaction.atomic
def remove(*, account: Account, trigger: Trigger, step: str, actor: Actor) -> None:
    """Do it no more from the next firing on. Removed twice is removed once. Raises NothingToDo and TriggerGone."""
    kept, steps = _steps(account, trigger)
    left = [node for node in steps if node["key"] != step]
    if len(left) == len(steps):
        return
    if not left and kept.flow.enabled:
        raise NothingToDo("It would do nothing any more. Switch the trigger off first, or add something else to do.")
    _publish(account, kept, left, actor)


def _steps(account: Account, trigger: Trigger) -> tuple[Trigger, list[Node]]:
    """The trigger, held, and what it does now."""
    kept = held(account, trigger)
    return kept, list(queries.steps(account, [kept.flow_id]).get(kept.flow_id, []))


def _publish(account: Account, trigger: Trigger, steps: Sequence[Node], actor: Actor) -> None:
    publish(account, trigger.flow, steps)
    changed(account, trigger, actor, "actions")

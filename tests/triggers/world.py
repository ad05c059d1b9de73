"""Arranging triggers through the services we ship, and looking at what they did."""

import uuid
from typing import Any

from automations.models import Flow, Run
from simplero.outbox.models import Event
from tests.factories import inside
from triggers.models import Trigger
from triggers.services import actions, triggers
from triggers.services.triggers import Details


def consume(world: Any, amount: int = 1, *, short: str = "stop") -> tuple[str, dict[str, Any]]:
    return "consume", {"credit_type": world.session.pk, "amount": amount, "short": short}


def issue(world: Any, amount: int = 1) -> tuple[str, dict[str, Any]]:
    return "issue", {"credit_type": world.session.pk, "amount": amount, "expiry": ""}


def trigger(
    world: Any,
    occasion: str,
    *steps: tuple[str, dict[str, Any]],
    on: bool = True,
    only_if: list[dict[str, Any]] | None = None,
    once: bool = False,
    name: str = "",
    **settings: Any,
) -> Trigger:
    """A trigger that does these steps, one session less unless told otherwise; switched on."""
    with inside(world):
        made = triggers.add(
            account=world.account,
            occasion=occasion,
            details=Details(settings=settings, conditions=only_if or [], once=once, name=name),
            key=uuid.uuid4(),
            actor=world.actor,
        )
        for kind, said in steps or [consume(world)]:
            do(world, made, kind, said)
        if on:
            triggers.switch(account=world.account, trigger=made, on=True, actor=world.actor)
        return fresh(world, made)


def do(world: Any, made: Trigger, kind: str, settings: dict[str, Any]) -> None:
    with inside(world):
        actions.add(
            account=world.account, trigger=made, kind=kind, settings=settings, key=uuid.uuid4(), actor=world.actor
        )


def switch(world: Any, made: Trigger, on: bool) -> None:
    with inside(world):
        triggers.switch(account=world.account, trigger=made, on=on, actor=world.actor)


def fresh(world: Any, made: Trigger) -> Trigger:
    with inside(world):
        return Trigger.objects.select_related("flow").get(pk=made.pk)


def firings(world: Any, made: Trigger) -> list[tuple[str, str, str]]:
    """Whose, how it stands, and why, oldest first."""
    with inside(world):
        found = Run.objects.filter(flow=made.flow_id).order_by("pk")
        return list(found.values_list("contact__name", "state", "reason"))


def events(world: Any, *kinds: str) -> list[Event]:
    with inside(world):
        found = Event.objects.order_by("pk")
        return list(found.filter(kind__in=kinds) if kinds else found)


def flows(world: Any) -> int:
    with inside(world):
        return Flow.objects.count()

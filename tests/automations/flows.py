"""Arranging automations: flows from lists of steps, contacts in them, and a worker that takes them on."""

import uuid
from collections.abc import Iterable
from typing import Any

from automations import runs
from automations.models import Flow, Of, Run, Version, Visit
from contacts.models import Contact, Tag
from simplero.outbox import relay as relaying
from simplero.tenancy.scope import now
from tests.factories import inside


def step(
    kind: str, key: str = "", *, yes: Iterable[Any] = (), no: Iterable[Any] = (), **settings: Any
) -> dict[str, Any]:
    """A node; its key is its kind unless it is given one."""
    node = {"key": key or kind, "kind": kind, "settings": settings}
    if yes or no:
        node |= {"yes": list(yes), "no": list(no)}
    return node


def flow(world: Any, *steps: dict[str, Any], name: str = "Welcome", of: str = Of.AUTOMATION, **more: Any) -> Flow:
    """A flow that is on, with these steps as its first version."""
    with inside(world):
        made = Flow.objects.create(account=world.account, of=of, name=name, enabled=True, **more)
        made.refresh_from_db(fields=["public_id"])
        publish(world, made, *steps)
        return made


def publish(world: Any, flow: Flow, *steps: dict[str, Any]) -> Version:
    """These steps as the flow's next version."""
    with inside(world):
        number = Version.objects.filter(flow=flow).count() + 1
        return Version.objects.create(
            account=world.account, flow=flow, number=number, steps=list(steps), published_at=now()
        )


def enter(world: Any, flow: Flow, contact: Contact | None = None, *, key: uuid.UUID | None = None) -> Run | None:
    """Let a contact enter by hand; the run, None where the flow does not take them."""
    with inside(world):
        one = contact or world.contact
        return runs.begin_one(
            account=world.account,
            flow=flow,
            contact_id=one.pk,
            key=key or uuid.uuid4(),
            source="staff",
            actor=world.actor,
        )


def work() -> int:
    """What the workers do now: all jobs that are due."""
    return relaying.relay()


def fresh(world: Any, run: Run) -> Run:
    with inside(world):
        return Run.objects.select_related("flow", "version", "contact").get(pk=run.pk)


def visits(world: Any, run: Run) -> list[tuple[str, str]]:
    """Step and outcome of each thing a run did, in order."""
    with inside(world):
        found = Visit.objects.filter(run=run).order_by("number", "attempt", "pk")
        return list(found.values_list("step", "outcome"))


def tag(world: Any, name: str = "VIP") -> Tag:
    with inside(world):
        return Tag.objects.create(account=world.account, name=name, name_key=name.casefold())

"""Runs of an automation that consume credits, and what has become of them."""

import uuid
from typing import Any

from django.db import connection
from django.db.models import Max

import contacts.services
from automations import runs
from automations.models import Flow, Run, State, Visit
from contacts.directory import Details
from contacts.models import Contact
from credits.models import Entry, Wallet
from simplero.outbox.models import Job
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import flow, step
from tests.conftest import World


def people(world: World, count: int, *, credits: int = 1000) -> list[Contact]:
    """So many contacts, each with credits."""
    made = []
    with scope(world.account):
        for number in range(count):
            details = Details(name=f"Person {number}", email="")
            made.append(contacts.services.add_contact(account=world.account, details=details, actor=world.actor))
    for contact in made:
        factories.issue(world, credits, to=contact, expiry="never")
    return made


def uses(world: World, steps: int, **more: Any) -> Flow:
    """An automation of so many steps that use a credit each; `more` comes first, as a step of that kind."""
    settings = {"credit_type": world.session.pk, "amount": 1, "short": "stop"}
    first = [step(kind, **settings, **given) for kind, given in more.items()]
    return flow(world, *first, *(step("consume", f"use{number}", **settings) for number in range(steps)), several=True)


def enter(world: World, automation: Flow, them: list[Contact]) -> None:
    """Let contacts enter, all in one transaction."""
    with scope(world.account):
        beginnings = [runs.Beginning(one.pk, uuid.uuid4()) for one in them]
        begun = runs.begin(
            account=world.account, flow=automation, beginnings=beginnings, source="bulk", actor=world.actor
        )
        assert len(begun) == len(them)


def inside(world: World) -> int:
    """How many runs are still on their way."""
    with scope(world.account):
        return Run.objects.filter(state=State.ACTIVE).count()


def most_attempts() -> int:
    return Job.objects.aggregate(most=Max("attempts"))["most"] or 0


def tally(world: World, steps: int) -> dict[str, int]:
    """Steps that are wanted, done and posted; lost and doubled have to be none."""
    with scope(world.account):
        done = Visit.objects.filter(outcome="done", entry__isnull=False).count()
        posted = Entry.objects.filter(kind="consume").count()
        used = sum(Wallet.objects.values_list("used", flat=True))
        attention = Run.objects.filter(state=State.ATTENTION).count()
        named = set(Visit.objects.filter(entry__isnull=False).values_list("entry", flat=True))
        keys = set(Entry.objects.filter(kind="consume").values_list("key", flat=True))
    assert named == keys, "a step that is done has its entry, and an entry its step (I7)"
    return {
        "steps": steps,
        "done": done,
        "lost": max(steps - min(done, posted), 0),
        "doubled": max(used, done, posted) - steps if max(used, done, posted) > steps else 0,
        "attention": attention,
    }


def clock() -> Any:
    """The database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_now()")
        return cursor.fetchone()[0]

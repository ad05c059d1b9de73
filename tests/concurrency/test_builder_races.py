"""Several people at one automation at one instant: one change wins, the others are told, and nothing is forgotten."""

import time

import pytest
from django.db.models import QuerySet

from automations import programs, runs
from automations.models import Flow, Version
from automations.services import flows as services
from simplero.lib.refusals import Stale
from simplero.outbox import outbox
from simplero.outbox.models import Listener
from simplero.tenancy.scope import scope
from tests.automations.desk import steps, versions
from tests.automations.flows import flow, step
from tests.factories import inside

from .racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def welcome(acme, zen):
    return flow(acme, step("stop", "first"))


@pytest.fixture
def slow(monkeypatch):
    """Between looking at what is live and changing it, others get their chance."""
    look = runs.live_version
    monkeypatch.setattr(runs, "live_version", lambda found: (look(found), time.sleep(0.2))[0])


def unlocked(monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)


def adding(world, of):
    """Six forms, opened at one time, each adding a step of its own."""
    with inside(world):
        seen = services.seen_of(of)

    def add(number):
        def change():
            with scope(world.account):
                new = step("stop", f"new{number}")
                services.change(
                    account=world.account,
                    flow=of,
                    seen=seen,
                    how=lambda now: programs.insert(now, new),
                    actor=world.actor,
                )
            return number

        return change

    return [add(number) for number in range(6)]


def test_of_changes_at_once_one_is_made_and_the_others_are_told(acme, welcome, slow):
    answers = at_once(adding(acme, welcome))
    assert sum(isinstance(one, Stale) for one in answers) == 5
    [won] = [one for one in answers if not isinstance(one, Exception)]
    assert [one["key"] for one in steps(acme, welcome)] == ["first", f"new{won}"]
    assert [one.revision for one in versions(acme, welcome)] == [0, 1]


def test_without_the_lock_they_are_errors(acme, welcome, slow, monkeypatch):
    unlocked(monkeypatch)
    answers = at_once(adding(acme, welcome))
    assert sum(isinstance(one, Stale) for one in answers) < 5
    assert len(versions(acme, welcome)) == 2, "and the table still knows one draft"


def awaiting(occasion):
    event = {"for": "event", "occasion": occasion, "event": {}, "number": 1, "unit": "weeks"}
    return step("wait", "wait", **event)


def published(world):
    """Two automations: the one is published without its wait for a tag, the other at the same time with one."""
    tagged = awaiting("tag.added")
    first, second = flow(world, tagged, name="First"), flow(world, name="Second")
    with inside(world):
        services.listen(world.account)
        for of, after in ((first, [step("stop")]), (second, [tagged])):
            Version.objects.create(account=world.account, flow=of, number=2, steps=after, revision=1)

    def publish(of):
        def now():
            with scope(world.account):
                fresh = Flow.objects.get(pk=of.pk)
                seen = services.seen_of(fresh)
                services.publish(account=world.account, flow=fresh, seen=seen, actor=world.actor)

        return now

    return [publish(second), publish(first)]


@pytest.fixture
def slow_to_hear(monkeypatch):
    """The one that has nothing to wait for any more takes longer to say so."""
    listen = outbox.listen

    def waits(**said):
        if not said["kinds"]:
            time.sleep(0.4)
        listen(**said)

    monkeypatch.setattr(outbox, "listen", waits)


def heard(world):
    with inside(world):
        return list(Listener.objects.filter(who="automations").values_list("kind", flat=True))


def test_of_two_who_publish_at_once_neither_forgets_what_the_other_waits_for(acme, zen, slow_to_hear):
    assert at_once(published(acme)) == [None, None]
    assert heard(acme) == ["contact.tagged"]


def test_without_the_lock_one_is_forgotten(acme, zen, slow_to_hear, monkeypatch):
    unlocked(monkeypatch)
    assert at_once(published(acme)) == [None, None]
    assert heard(acme) == []

"""Several people at one automation at one instant: one change wins, the others are told, and nothing is forgotten."""

import threading
import time
import uuid

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

from .racing import at_once, raised

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
        time.sleep(0.2 if said["kinds"] else 0.6)
        listen(**said)

    monkeypatch.setattr(outbox, "listen", waits)


def heard(world):
    with inside(world):
        return list(Listener.objects.filter(who="automations").values_list("kind", flat=True))


def test_of_two_who_publish_at_once_neither_forgets_what_the_other_waits_for(acme, zen, slow_to_hear):
    assert at_once(published(acme)) == [None, None]
    assert heard(acme) == ["contact.tagged"]


def test_without_the_lock_one_is_forgotten(acme, zen, monkeypatch):
    """Both know what they will say before either says it, and the one with nothing to wait for says it last."""
    both, listen, meeting = published(acme), outbox.listen, threading.Barrier(2)

    def meets(**said):
        meeting.wait(20)
        time.sleep(0 if said["kinds"] else 1)
        listen(**said)

    monkeypatch.setattr(outbox, "listen", meets)
    unlocked(monkeypatch)
    assert at_once(both) == [None, None]
    assert heard(acme) == []


def test_who_publishes_and_who_enters_do_not_wait_for_each_other(acme, zen):
    """Who enters one automation may start another at its first step, while that one is published."""
    second_is_held, first_is_held = threading.Event(), threading.Event()
    tagged = awaiting("tag.added")
    first, second = flow(acme, tagged, name="First"), flow(acme, name="Second")
    with inside(acme):
        Version.objects.create(account=acme.account, flow=second, number=2, steps=[tagged], revision=1)
        seen = services.seen_of(second)

    def entering():
        with scope(acme.account):
            runs.hold(first.pk)
            first_is_held.set()
            second_is_held.wait(timeout=0.5)
            runs.hold(second.pk)

    def publishing():
        assert first_is_held.wait(timeout=10)
        with scope(acme.account):
            services.publish(account=acme.account, flow=second, seen=seen, actor=acme.actor)
            second_is_held.set()

    assert at_once([entering, publishing]) == [None, None]
    assert heard(acme) == ["contact.tagged"]


def adding_one(world):
    key = uuid.uuid4()

    def add():
        with scope(world.account):
            terms = services.Terms("Welcome")
            return services.add(account=world.account, terms=terms, key=key, actor=world.actor).public_id

    return key, at_once([add] * 6)


@pytest.fixture
def slow_to_add(monkeypatch):
    save = Flow.save
    monkeypatch.setattr(Flow, "save", lambda self, **more: (time.sleep(0.2), save(self, **more))[1])


def test_one_form_sent_at_once_is_one_automation(acme, zen, slow_to_add):
    key, answers = adding_one(acme)
    assert answers == [key] * 6


def test_one_form_sent_at_once_is_an_error_without_the_lock(acme, zen, slow_to_add, monkeypatch):
    unlocked(monkeypatch)
    _, answers = adding_one(acme)
    assert len(raised(answers)) == 5

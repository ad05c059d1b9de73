"""Triggers where several workers deliver at once. Each race has its negative control: without what prevents it, it happens."""

import threading
from contextlib import contextmanager

import pytest
from django.db import connection

from automations.models import Flow, Run
from automations.runs import beginning
from contacts import services as contacts
from simplero.outbox.models import Delivery, Job
from simplero.outbox.relay import relay
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import tag
from tests.triggers.world import events, firings, trigger
from triggers.services import firing, triggers

from .racing import at_once, raised

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vip(acme, zen):
    factories.issue(acme, 5)
    assert zen.contact
    return tag(acme)


def tagged(world):
    with scope(world.account):
        contacts.add_tag(account=world.account, contact=world.contact, name="VIP", actor=world.actor)


def issued(world):
    with scope(world.account):
        return factories.wallet(world).balance


def test_two_relays_at_once_fire_once(acme, vip):
    made = trigger(acme, "tag.added", tag=vip.pk)
    tagged(acme)
    assert raised(at_once([relay] * 4)) == []
    relay()
    assert [state for _, state, _ in firings(acme, made)] == ["finished"]
    assert issued(acme) == 4
    with scope(acme.account):
        assert not Delivery.objects.exists()
    assert not Job.objects.filter(leased_until=None, account_id=acme.account.pk, kind="outbox.deliver").exists()


def deliveries(world, made, number):
    """How many firings an event makes that several workers deliver at the same time, as if none had taken it from the others."""
    tagged(world)
    heard = events(world, "contact.tagged")

    def hear():
        with scope(world.account):
            firing.hear(world.account, heard)

    assert raised(at_once([hear] * number)) == []
    return len(firings(world, made))


def test_the_same_event_delivered_at_once(acme, vip):
    assert deliveries(acme, trigger(acme, "tag.added", tag=vip.pk), 8) == 1


@contextmanager
def without_once():
    def owner(statement):
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute(statement)

    owner("DROP INDEX run_once")
    try:
        yield
    finally:
        owner("TRUNCATE automations_run, automations_visit, automations_call CASCADE")
        owner("CREATE UNIQUE INDEX run_once ON automations_run (account_id, key)")


def test_the_same_event_delivered_at_once_without_the_key(acme, vip):
    with without_once():
        assert deliveries(acme, trigger(acme, "tag.added", tag=vip.pk), 8) == 8


def switched_off_meanwhile(world, made, monkeypatch):
    """Whether a firing begins where the trigger is switched off between the look at it and the firing."""
    tagged(world)
    looked, off = threading.Event(), threading.Event()
    on = firing._on

    def slowly(codes):
        found = on(codes)
        looked.set()
        off.wait(timeout=30)
        return found

    monkeypatch.setattr(firing, "_on", slowly)

    def hear():
        with scope(world.account):
            firing.hear(world.account, events(world, "contact.tagged"))

    def switch():
        looked.wait(timeout=30)
        with scope(world.account):
            triggers.switch(account=world.account, trigger=made, on=False, actor=world.actor)
        off.set()

    assert raised(at_once([hear, switch])) == []
    with scope(world.account):
        return Run.objects.count()


def test_switched_off_while_an_event_is_looked_at(acme, vip, monkeypatch):
    assert switched_off_meanwhile(acme, trigger(acme, "tag.added", tag=vip.pk), monkeypatch) == 0


def test_switched_off_while_an_event_is_looked_at_without_the_locks(acme, vip, monkeypatch):
    """Neither the look at the trigger nor the beginning of a run holds its flow."""
    made = trigger(acme, "tag.added", tag=vip.pk)
    seen = {}

    def remembered(codes, on=firing._on):
        seen["triggers"] = on(codes)
        return seen["triggers"]

    monkeypatch.setattr(firing, "_on", remembered)
    monkeypatch.setattr(firing, "_hold", lambda ids: seen["triggers"])
    monkeypatch.setattr(beginning, "hold", lambda flow_id: Flow.objects.get(pk=flow_id))
    assert switched_off_meanwhile(acme, made, monkeypatch) == 1

"""Events reach those who listen, once, whoever wrote them and by which way."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import ClassVar

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from credits import ledger
from credits.ledger import Origin, Row
from simplero.outbox import outbox, relay, subscribers
from simplero.outbox.models import Delivery, Event, Job
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.scope import scope
from tests import factories

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class _Fact:
    contact_id: int
    kind: ClassVar[str] = "test.done"


@pytest.fixture
def heard():
    """A subscriber of a room of ours, and the events it was told of, each delivery in a list of its own."""
    told = []
    subscribers.register("tests", lambda account, events: told.append([event.kind for event in events]))
    yield told
    del subscribers.SUBSCRIBERS["tests"]


def listen(world, *kinds):
    with scope(world.account):
        outbox.listen(account=world.account, who="tests", kinds=kinds)


def test_what_nobody_listens_to_is_not_kept_for_anybody(acme):
    factories.issue(acme)
    with scope(acme.account):
        assert Event.objects.filter(kind="credits.issued").exists()
        assert not Delivery.objects.exists()
    assert not Job.objects.filter(kind=subscribers.DELIVER).exists()


def test_each_event_is_heard_once(acme, heard):
    listen(acme, "credits.issued")
    factories.issue(acme)
    factories.consume(acme)
    relay.relay()
    relay.relay()
    assert heard == [["credits.issued"]]
    with scope(acme.account):
        assert not Delivery.objects.exists()


def test_only_in_the_account_that_listens(acme, zen, heard):
    listen(acme, "credits.issued")
    factories.issue(zen)
    relay.relay()
    assert heard == []


def test_what_was_written_before_is_not_heard(acme, heard):
    factories.issue(acme)
    listen(acme, "credits.issued")
    relay.relay()
    assert heard == []


def test_who_no_longer_listens_does_not_hear(acme, heard):
    listen(acme, "credits.issued")
    factories.issue(acme)
    listen(acme, "credits.consumed")
    relay.relay()
    assert heard == []


def test_a_batch_is_delivered_in_its_order_and_by_one_job(acme, heard):
    listen(acme, "credits.issued")
    people = [factories.contact(acme, f"Contact {number}") for number in range(30)]
    rows = [Row(one.pk, acme.session.pk, 1, uuid.uuid4()) for one in people]
    with scope(acme.account):
        ledger.issue_many(account=acme.account, rows=rows, origin=Origin(SYSTEM, "test"))
    assert Job.objects.filter(kind=subscribers.DELIVER).count() == 1
    relay.relay()
    assert heard == [["credits.issued"] * 30]


def test_more_than_a_chunk_is_heard_in_chunks(acme, heard, monkeypatch):
    monkeypatch.setattr(subscribers, "CHUNK", 2)
    listen(acme, "credits.issued")
    for _ in range(5):
        factories.issue(acme, 1)
    relay.relay()
    assert [len(events) for events in heard] == [2, 2, 1]


def test_what_a_subscriber_could_not_take_is_heard_again(acme, at):
    told = []

    def fails_once(account, events):
        told.append(len(events))
        if len(told) == 1:
            raise RuntimeError

    at(datetime(2026, 3, 2, tzinfo=UTC))
    subscribers.register("tests", fails_once)
    try:
        listen(acme, "credits.issued")
        factories.issue(acme)
        relay.relay()
        with scope(acme.account):
            assert Delivery.objects.count() == 1
        at(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=1))
        relay.relay()
    finally:
        del subscribers.SUBSCRIBERS["tests"]
    assert told == [1, 1]
    with scope(acme.account):
        assert not Delivery.objects.exists()


def test_an_event_that_nobody_can_hear_is_put_aside_and_holds_up_no_other(acme, at, caplog):
    told, mended = [], []

    def hear(account, events):
        for event in events:
            if event.body["amount"] == 13 and not mended:
                raise RuntimeError
            told.append(event.body["amount"])

    at(datetime(2026, 3, 2, tzinfo=UTC))
    subscribers.register("tests", hear)
    try:
        listen(acme, "credits.issued")
        for amount in (1, 13, 2):
            factories.issue(acme, amount)
        for minutes in range(0, 60, 5):
            at(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minutes))
            relay.relay()
        factories.issue(acme, 3)
        relay.relay()
        assert told[-3:] == [1, 2, 3]
        assert caplog.text.count("could not be heard") == subscribers.MOST_TRIES
        with pytest.raises(CommandError, match="outbox_verify --again"):
            call_command("outbox_verify", stdout=(said := StringIO()))
        assert "acme: 1 events put aside" in said.getvalue()
        mended.append(True)
        call_command("outbox_verify", again=True, stdout=StringIO())
        relay.relay()
    finally:
        del subscribers.SUBSCRIBERS["tests"]
    assert told[-1] == 13
    with scope(acme.account):
        assert not Delivery.objects.exists()


def test_the_databases_own_trouble_is_not_the_events(acme, at, caplog):
    told = []

    def hear(account, events):
        told.append(len(events))
        if len(told) < 4:
            raise OperationalError("deadlock detected")

    at(datetime(2026, 3, 2, tzinfo=UTC))
    subscribers.register("tests", hear)
    try:
        listen(acme, "credits.issued")
        factories.issue(acme)
        for minutes in range(0, 60, 5):
            at(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minutes))
            relay.relay()
    finally:
        del subscribers.SUBSCRIBERS["tests"]
    assert told == [1] * 4
    with scope(acme.account):
        assert not Delivery.objects.exists()


def test_a_fact_says_what_it_follows_from(acme):
    factories.issue(acme)
    with scope(acme.account):
        first = Event.objects.get(kind="credits.issued")
        cause = outbox.Cause(first.pk, first.depth + 1)
        fact = _Fact(acme.contact.pk)
        assert (event := outbox.record(account=acme.account, fact=fact, actor=SYSTEM, cause=cause)).depth == 1
        assert event.cause_id == first.pk
        outbox.record_all(account=acme.account, facts=[fact, fact], actor=SYSTEM, causes=[cause, outbox.NOBODYS])
        found = Event.objects.filter(kind="test.done").order_by("pk").values_list("cause_id", "depth")
        assert list(found) == [(first.pk, 1), (first.pk, 1), (None, 0)]

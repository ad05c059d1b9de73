"""Calls that come in, and calls that go out, at one instant: each is heard once, and made by one."""

import threading
import time
import uuid

import pytest
from django.db.models import QuerySet

from automations import calls
from automations.services import calls as sending
from automations.services import endpoints
from simplero.lib.calling import Address
from tests import factories
from tests.automations.test_calls import other, states  # noqa: F401  a fixture
from tests.factories import inside
from tests.triggers.test_hooks import opened, post, told, trigger
from triggers.services import hooks

from .racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def token(acme, zen):
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@example.com")
    return opened(acme, trigger(acme))


@pytest.fixture
def slow(monkeypatch):
    """Between counting calls and writing one down, others get their chance."""
    count = hooks._too_many
    monkeypatch.setattr(hooks, "_too_many", lambda found: (count(found), time.sleep(0.2))[0])


def unlocked(monkeypatch):
    """Nobody waits for the trigger; and all six meet where they would have."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    count, meeting = hooks._too_many, threading.Barrier(6)
    monkeypatch.setattr(hooks, "_too_many", lambda found: (count(found), meeting.wait(20))[0])


def ring(token, name=None):
    said = {"email": "ann@example.com"} | ({"id": name} if name else {})
    return lambda: post(token, said).status_code


def test_one_name_at_once_fires_once(acme, token, slow):
    assert at_once([ring(token, "booking-7")] * 6) == [202] * 6
    facts, outcomes = told(acme)
    assert (len(facts), sorted(outcomes)) == (1, ["again"] * 5 + ["taken"])


def test_without_the_lock_the_second_is_an_error(acme, token, monkeypatch):
    unlocked(monkeypatch)
    answers = at_once([ring(token, "booking-7")] * 6)
    assert any(isinstance(answer, Exception) for answer in answers)
    assert len(told(acme)[0]) == 1, "and the table still knows each name once"


def test_no_more_than_the_limit_at_once(acme, token, slow, monkeypatch):
    monkeypatch.setattr(hooks, "LIMIT", 3)
    assert sorted(at_once([ring(token)] * 6)) == [202, 202, 202, 429, 429, 429]


def test_without_the_lock_each_counts_too_few(acme, token, monkeypatch):
    monkeypatch.setattr(hooks, "LIMIT", 3)
    unlocked(monkeypatch)
    assert at_once([ring(token)] * 6).count(202) > 3


@pytest.fixture
def waiting(acme, other):  # noqa: F811
    """Three test calls that wait at one address; the other end takes a while."""
    with inside(acme):
        address = Address("stub.example", "/in", other.port, "http")
        here = endpoints.add(account=acme.account, name="Tool", address=address, actor=acme.actor)
        for _ in range(3):
            calls.write_test(account=acme.account, endpoint=here, key=uuid.uuid4())
    answer = other.behave
    other.behave = lambda connection: (time.sleep(0.1), answer(connection))
    return here


def test_two_senders_make_each_call_once(acme, other, waiting):  # noqa: F811
    send = lambda: sending.send(account_id=acme.account.pk, subject=waiting.pk)  # noqa: E731
    assert at_once([send, send]) == [None, None]
    assert states(acme) == [("done", 1, 200)] * 3
    assert len({heard.headers["webhook-id"] for heard in other.heard}) == len(other.heard) == 3

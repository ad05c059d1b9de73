"""Credits about to expire set a trigger off: nobody does anything then, so it is looked for every quarter of an hour."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations.models import State
from simplero.outbox.models import Job
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import work
from triggers.services import firing, listening, triggers

from .world import events, firings, issue, switch, trigger

pytestmark = pytest.mark.django_db

MARCH = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
END = datetime(2026, 3, 31, 22, tzinfo=UTC)  # the first instant of 1 April in Copenhagen
WEEK = timedelta(days=7)


def watch(world, days=7, **more):
    return trigger(world, "credits.expiring", ("notify", {"to": "owner", "text": "Look"}), days=days, **more)


def again(at, instant):
    at(instant)
    work()


def turns(world):
    return list(Job.objects.filter(kind=listening.EXPIRING, account_id=world.account.pk).values_list("due", flat=True))


@pytest.fixture
def five(acme, zen, at):
    """Ann's five are good through 31 March, in both accounts."""
    at(MARCH)
    for world in (acme, zen):
        factories.issue(world, 5, expiry="2026-03-31")
    return acme


def test_once_for_each_wallet_and_day_when_it_is_so_many_days_off(acme, zen, five, at):
    factories.issue(acme, 2, expiry="2026-04-10")
    factories.issue(acme, 1)  # for ever
    made = watch(acme)
    again(at, END - WEEK - timedelta(seconds=1))
    assert firings(acme, made) == []
    again(at, END - WEEK + timedelta(minutes=15))
    assert firings(acme, made) == [("Ann Lee", State.FINISHED, "")]
    for hours in (1, 24, 72):
        again(at, END - WEEK + timedelta(hours=hours))
    assert len(firings(acme, made)) == 1
    [fact] = events(acme, "credits.expiring")
    assert fact.body == {"credit_type_id": acme.session.pk, "amount": 5, "days": 7}
    again(at, END + timedelta(days=9))
    assert len(firings(acme, made)) == 2
    assert events(zen, "credits.expiring") == []


def test_what_is_so_near_when_it_is_issued_counts_from_its_issue(acme, five, at):
    at(END - timedelta(days=3))
    made = watch(acme)
    work()
    assert firings(acme, made) == []  # the day that is seven days before is past
    factories.issue(acme, 2, expiry="2026-03-31")
    again(at, END - timedelta(days=2))
    assert len(firings(acme, made)) == 1
    assert events(acme, "credits.expiring")[0].body["amount"] == 7


def test_not_of_credits_that_are_used_of_another_type_or_past_their_end(acme, five, at):
    workshop = factories.credit_type(acme, "workshop")
    factories.issue(acme, 2, of=workshop, expiry="2026-03-31")
    of_workshops, any_type = watch(acme, credit_type=workshop.pk), watch(acme)
    factories.consume(acme, 5)
    again(at, END - timedelta(days=1))
    assert [len(firings(acme, made)) for made in (of_workshops, any_type)] == [1, 1]
    late = watch(acme)
    with scope(acme.account):
        type(late).objects.filter(pk=late.pk).update(on_since=MARCH)
    again(at, END)
    assert firings(acme, late) == []


def test_two_sweeps_are_one(acme, five, at):
    made = watch(acme)
    at(END - timedelta(days=6))
    for _ in range(2):
        with scope(acme.account):
            assert firing.sweep(account=acme.account)
    assert len(firings(acme, made)) == 1
    assert len(events(acme, "credits.expiring")) == 1


def test_only_once_per_contact(acme, five, at):
    factories.issue(acme, 2, expiry="2026-03-30")
    made = watch(acme, once=True)
    for days in (6, 5):
        again(at, END - timedelta(days=days))
    assert len(firings(acme, made)) == 1
    assert len(events(acme, "credits.expiring")) == 1


def test_conditions_are_asked_until_the_end(acme, five, at):
    """Who does not meet them holds up nobody behind them."""
    enough = {"kind": "credits", "credit_type": acme.session.pk, "least": 8, "is": True}
    made = watch(acme, only_if=[enough])
    again(at, END - timedelta(days=6))
    assert firings(acme, made) == []
    factories.issue(acme, 3)
    again(at, END - timedelta(days=5))
    assert len(firings(acme, made)) == 1


def test_in_chunks(acme, five, at, monkeypatch):
    monkeypatch.setattr(firing, "CHUNK", 2)
    people = [factories.contact(acme, f"Person {number}") for number in range(5)]
    for one in people:
        factories.issue(acme, 1, to=one, expiry="2026-03-31")
    poor = [{"kind": "credits", "credit_type": acme.session.pk, "least": 2, "is": False}]
    made, rich = watch(acme, only_if=poor), watch(acme, only_if=[{**poor[0], "is": True}])
    again(at, END - timedelta(days=6))
    assert sorted(contact for contact, _, _ in firings(acme, made)) == [one.name for one in people]
    assert [contact for contact, _, _ in firings(acme, rich)] == ["Ann Lee"]


def test_costs_the_same_for_one_and_for_twenty(acme, five, at):
    watch(acme)
    at(END - timedelta(days=6))

    def cost():
        with scope(acme.account), CaptureQueriesContext(connection) as queries:
            firing.sweep(account=acme.account)
        return [query["sql"] for query in queries]

    one = cost()
    for number in range(20):
        factories.issue(acme, 1, to=factories.contact(acme, f"Person {number}"), expiry="2026-03-31")
    twenty = cost()
    assert len(one) == len(twenty), "\n".join(twenty)


def test_the_clockwork_runs_while_a_trigger_waits_for_it(acme, five, at):
    made, other = watch(acme), watch(acme)
    work()
    assert turns(acme) == [MARCH + timedelta(minutes=15)]  # of both together, on the quarter
    again(at, MARCH + timedelta(minutes=15, seconds=5))
    assert turns(acme) == [MARCH + timedelta(minutes=30)]
    switch(acme, made, False)
    again(at, MARCH + timedelta(minutes=30))
    assert turns(acme) == [MARCH + timedelta(minutes=45)]
    with scope(acme.account):
        triggers.delete(account=acme.account, trigger=other, actor=acme.actor)
    again(at, MARCH + timedelta(minutes=45))
    assert turns(acme) == []
    switch(acme, made, True)
    work()
    assert turns(acme) == [MARCH + timedelta(hours=1)]


def test_a_redated_lot_is_told_of_again_for_its_new_day(acme, five, at):
    made = watch(acme)
    again(at, END - timedelta(days=6))
    [lot] = factories.lots(acme)
    factories.redate(acme, lot, date(2026, 4, 30))
    again(at, datetime(2026, 4, 24, 12, tzinfo=UTC))
    assert len(firings(acme, made)) == 2


def test_its_actions_are_told_of_its_cause(acme, five, at):
    trigger(acme, "credits.expiring", issue(acme, 1), days=7)
    again(at, END - timedelta(days=6))
    [fact] = events(acme, "credits.expiring")
    issued = events(acme, "credits.issued")[-1]
    assert (issued.cause_id, issued.depth) == (fact.pk, 1)

"""What sets a trigger off: the events it listens to, once each, however often they are delivered."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations.models import State
from contacts import services as contacts
from simplero.outbox.models import Delivery, Event, Listener
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import tag as new_tag
from tests.automations.flows import work
from tests.factories import inside
from tests.products import shop
from triggers.services import firing, triggers

from .world import consume, do, events, firings, fresh, issue, switch, trigger

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def tagged(world, name="VIP", contact=None):
    with inside(world):
        contacts.add_tag(account=world.account, contact=contact or world.contact, name=name, actor=world.actor)


def untagged(world, tag, contact=None):
    with inside(world):
        contacts.remove_tag(account=world.account, contact=contact or world.contact, tag=tag, actor=world.actor)


def free(world, contact=None):
    with inside(world):
        return factories.wallet(world, to=contact).balance


@pytest.fixture
def vip(acme, zen):
    """A tag of that name in both accounts."""
    new_tag(zen)
    factories.issue(acme, 5)
    return new_tag(acme)


def test_does_what_it_says_when_it_happens_and_says_where_it_comes_from(acme, zen, vip):
    made = trigger(acme, "tag.added", consume(acme, 2), tag=vip.pk)
    tagged(acme)
    assert firings(acme, made) == []  # not in the transaction of the event
    work()
    assert firings(acme, made) == [("Ann Lee", State.FINISHED, "")]
    assert free(acme) == 3
    [event] = events(acme, "contact.tagged")
    [used] = events(acme, "credits.consumed")
    assert (used.cause_id, used.depth, used.actor_kind) == (event.pk, 1, "system")
    assert fresh(acme, made).flow.started == 1


def test_hears_only_what_it_is_for_and_only_in_its_account(acme, zen, vip):
    made = trigger(acme, "tag.added", tag=vip.pk)
    theirs = trigger(zen, "tag.added")
    tagged(acme, "Other")
    tagged(zen, "VIP")
    work()
    assert firings(acme, made) == []
    assert [contact for contact, _, _ in firings(zen, theirs)] == ["Ann Lee"]
    assert free(acme) == 5


def test_the_same_event_heard_twice_fires_once(acme, vip):
    made = trigger(acme, "tag.added", tag=vip.pk)
    tagged(acme)
    heard = events(acme, "contact.tagged")
    for _ in range(2):
        with scope(acme.account):
            firing.hear(acme.account, heard)
    work()
    assert firings(acme, made) == [("Ann Lee", State.FINISHED, "")]
    assert free(acme) == 4


def test_each_time_it_happens_or_only_once_per_contact(acme, vip):
    each, once = trigger(acme, "tag.added", tag=vip.pk), trigger(acme, "tag.added", issue(acme), tag=vip.pk, once=True)
    for _ in range(2):
        tagged(acme)
        untagged(acme, vip)
    work()
    assert [len(firings(acme, each)), len(firings(acme, once))] == [2, 1]
    tagged(acme)
    work()
    assert [len(firings(acme, each)), len(firings(acme, once))] == [3, 1]


def test_only_if_all_its_conditions_hold(acme, vip):
    loyal = new_tag(acme, "Loyal")
    only_if = [
        {"kind": "tag", "tag": loyal.pk, "is": True},
        {"kind": "credits", "credit_type": acme.session.pk, "least": 5, "is": True},
    ]
    made = trigger(acme, "tag.added", tag=vip.pk, only_if=only_if)
    without = factories.contact(acme, "Ben Ito")
    for one in (acme.contact, without):
        tagged(acme, "Loyal", one)
        tagged(acme, "VIP", one)
    work()
    assert [contact for contact, _, _ in firings(acme, made)] == ["Ann Lee"]


def test_what_happened_before_it_was_switched_on_does_not_count(acme, vip, at):
    at(MONDAY)
    listening = trigger(acme, "tag.added", issue(acme), name="Listens already")
    made = trigger(acme, "tag.added", tag=vip.pk, on=False)
    tagged(acme)
    at(MONDAY + timedelta(seconds=1))
    switch(acme, made, True)
    work()
    assert firings(acme, made) == []
    assert len(firings(acme, listening)) == 1


def test_switched_off_nothing_begins_any_more_and_what_has_begun_goes_on(acme, vip):
    """Not even what was written before and is delivered after."""
    made = trigger(acme, "tag.added", tag=vip.pk)
    tagged(acme)
    with scope(acme.account):
        firing.hear(acme.account, events(acme, "contact.tagged"))
    tagged(acme, contact=factories.contact(acme))
    switch(acme, made, False)
    work()
    assert firings(acme, made) == [("Ann Lee", State.FINISHED, "")]
    with scope(acme.account):
        assert not Delivery.objects.exists()


def test_changed_while_a_firing_is_under_way_that_one_ends_as_it_began(acme, vip):
    made = trigger(acme, "tag.added", consume(acme, 1), tag=vip.pk)
    tagged(acme)
    with scope(acme.account):
        firing.hear(acme.account, events(acme, "contact.tagged"))
        Delivery.objects.all().delete()
    do(acme, made, *consume(acme, 3))
    work()
    assert free(acme) == 4
    untagged(acme, vip)
    tagged(acme)
    work()
    assert free(acme) == 0


def test_deleted_it_is_off_for_good_and_its_log_stays(acme, vip):
    made = trigger(acme, "tag.added", consume(acme, 9), tag=vip.pk)
    tagged(acme)
    work()
    with scope(acme.account):
        triggers.delete(account=acme.account, trigger=made, actor=acme.actor)
    untagged(acme, vip)
    tagged(acme)
    work()
    assert firings(acme, made) == [("Ann Lee", State.ATTENTION, "short")]


def test_a_storm_asks_for_attention(acme, vip, at):
    at(MONDAY)
    made = trigger(acme, "tag.added", issue(acme), tag=vip.pk)
    other = factories.contact(acme)
    for number in range(firing.STORM + 2):
        tagged(acme)
        untagged(acme, vip)
        if number % 7 == 0:  # in several deliveries
            work()
    tagged(acme, contact=other)
    work()
    assert [state for contact, state, _ in firings(acme, made) if contact == "Ann Lee"] == [
        *[State.FINISHED] * firing.STORM,
        *[State.ATTENTION] * 2,
    ]
    assert ("Ben Ito", State.FINISHED, "") in firings(acme, made)
    at(MONDAY + timedelta(hours=1, seconds=1))
    tagged(acme)
    work()
    assert firings(acme, made)[-1] == ("Ann Lee", State.FINISHED, "")


def test_triggers_that_set_each_other_off_stop_with_attention(acme, vip):
    other = new_tag(acme, "Other")
    there = trigger(acme, "tag.added", ("tag", {"tag": other.pk}), ("untag", {"tag": vip.pk}), tag=vip.pk)
    back = trigger(acme, "tag.added", ("tag", {"tag": vip.pk}), ("untag", {"tag": other.pk}), tag=other.pk)
    tagged(acme)
    work()
    stopped = [reason for made in (there, back) for _, _, reason in firings(acme, made) if reason]
    assert stopped == ["loop"]
    assert len(firings(acme, there)) + len(firings(acme, back)) == 9


def test_costs_the_same_for_one_event_and_for_fifty(acme, vip):
    only_if = [{"kind": "credits", "credit_type": acme.session.pk, "least": 1, "is": True}]
    for _ in range(2):
        trigger(acme, "tag.added", tag=vip.pk, only_if=only_if)
    people = [factories.contact(acme, f"Person {number}") for number in range(51)]
    for one in people:
        factories.issue(acme, 3, to=one)
        tagged(acme, contact=one)
    heard = events(acme, "contact.tagged")

    def cost(of):
        with scope(acme.account), CaptureQueriesContext(connection) as queries:
            firing.hear(acme.account, of)
        return [query["sql"] for query in queries]

    one, fifty = cost(heard[:1]), cost(heard[1:])
    assert len(one) == len(fifty), "\n".join(fifty)


def test_listens_to_what_triggers_that_are_on_wait_for_and_to_nothing_else(acme, vip):
    def listened():
        with scope(acme.account):
            return sorted(Listener.objects.filter(who="triggers").values_list("kind", flat=True))

    tagging, off = trigger(acme, "tag.added"), trigger(acme, "contact.created", on=False)
    assert listened() == ["contact.tagged"]
    ended = trigger(acme, "purchase.ended")
    switch(acme, off, True)
    assert listened() == [
        "contact.created",
        "contact.tagged",
        "purchase.cancelled",
        "purchase.expired",
        "purchase.failed",
        "purchase.refunded",
    ]
    switch(acme, tagging, False)
    with scope(acme.account):
        triggers.delete(account=acme.account, trigger=ended, actor=acme.actor)
    assert listened() == ["contact.created"]


def test_a_purchase_sets_it_off(acme, zen):
    shop.takes_money(acme)
    pack, other = shop.product(acme, "Pack"), shop.product(acme, "Other")
    price, dear = shop.price(acme, pack, 1000), shop.price(acme, other, 2000)
    ann = factories.contact(acme, "Ann Lee", email="ann@example.com")
    factories.issue(acme, 5, to=ann)
    bought = trigger(acme, "purchase.activated", consume(acme, 1), product=pack.pk)
    at_price = trigger(acme, "purchase.at_price", consume(acme, 2), product=other.pk, price=dear.pk)
    shop.bought(acme, pack, price, by=ann)
    work()
    assert (len(firings(acme, bought)), len(firings(acme, at_price))) == (1, 0)
    shop.bought(acme, other, dear, by=ann)
    work()
    assert (len(firings(acme, bought)), len(firings(acme, at_price))) == (1, 1)
    assert free(acme, ann) == 5 + 1 + 1 - 3


def test_of_credits_running_low_only_the_use_that_crosses_the_number(acme):
    factories.issue(acme, 5)
    low = trigger(acme, "credits.low", issue(acme, 1), credit_type=acme.session.pk, n=2, on=False)
    switch(acme, low, True)
    for expected in (0, 0, 0, 1):  # 5, 4, 3, then 2 and the one that is issued
        assert len(firings(acme, low)) == expected
        factories.consume(acme, 1)
        work()
    assert len(firings(acme, low)) == 2  # down to 2 again


def test_an_event_about_nobody_we_know_holds_nothing_up(acme, vip):
    made = trigger(acme, "tag.added", tag=vip.pk)
    tagged(acme)
    [heard] = events(acme, "contact.tagged")
    stranger = Event(pk=heard.pk + 1, kind=heard.kind, contact_id=10**9, body=heard.body, at=heard.at)
    with scope(acme.account):
        firing.hear(acme.account, [stranger, heard])
    assert len(firings(acme, made)) == 1

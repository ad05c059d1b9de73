"""The list: what happened, what is done, how often it did, and on or off."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations import runs
from automations.models import Run, State
from contacts import services as contacts
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import tag, work
from tests.credits.pages.conftest import text
from tests.products import shop

from .conftest import HERE, at
from .world import consume, issue, switch, trigger

pytestmark = pytest.mark.django_db


def test_each_in_words_with_what_it_did(desk, acme, zen, at_noon):
    vip = tag(acme)
    trigger(zen, "contact.created", name="Theirs")
    made = trigger(acme, "tag.added", consume(acme, 2), issue(acme), tag=vip.pk, name="VIPs pay", once=True)
    factories.issue(acme, 2)
    ben = factories.contact(acme)
    with scope(acme.account):
        for contact in (acme.contact, ben):
            contacts.add_tag(account=acme.account, contact=contact, name="VIP", actor=acme.actor)
    work()
    page = text(desk.get())
    assert (
        "VIPs pay The tag “VIP” is added Only once per contact Consume 2 sessions Issue 1 session Today, 12:00 2 1 1 On"
        in page
    )
    assert "Theirs" not in page
    assert f"{at(made, 'log')}?show=attention" in desk.get().content.decode()
    factories.issue(acme, 2, to=ben)
    with scope(acme.account):
        [stuck] = Run.objects.filter(state=State.ATTENTION)
        runs.retry(account=acme.account, runs=[stuck.pk], actor=acme.actor)
    work()
    assert "Today, 12:00 2 1 0 On" in text(desk.get())  # refused once, and done since
    refused = text(desk.client.get(at(made, "log"), {"show": "refused"}))
    assert "Ben Ito" in refused
    assert "Ann Lee" not in refused.partition("Refused")[2]


@pytest.fixture
def at_noon(at):
    at(datetime(2026, 3, 2, 11, tzinfo=UTC))


def test_on_or_off_and_what_listens_to_a_product_or_tag(desk, acme, zen):
    vip, pack = tag(acme), shop.product(acme, "Pack")
    trigger(acme, "tag.added", tag=vip.pk, name="Of the tag")
    off = trigger(acme, "purchase.activated", product=pack.pk, name="Of the product")
    switch(acme, off, False)

    def shown(query):
        page = text(desk.get(query))
        return [name for name in ("Of the tag", "Of the product") if name in page]

    assert shown("") == ["Of the tag", "Of the product"]
    assert shown("?show=on") == ["Of the tag"]
    assert shown("?show=off") == ["Of the product"]
    assert shown(f"?tag={vip.public_id}") == ["Of the tag"]
    assert shown(f"?product={pack.public_id}") == ["Of the product"]
    assert shown(f"?tag={tag(zen).public_id}") == [
        "Of the tag",
        "Of the product",
    ]  # not a tag of ours: as if it said nothing
    assert shown("?show=nonsense&product=x") == ["Of the tag", "Of the product"]


def test_pages(desk, acme, monkeypatch):
    monkeypatch.setattr("triggers.queries.page.__kwdefaults__", {"after": None, "limit": 2})
    monkeypatch.setattr("triggers.queries.PAGE", 2)
    for number in range(3):
        trigger(acme, "contact.created", name=f"Number {number}")
    first = desk.get()
    assert [name in text(first) for name in ("Number 2", "Number 1", "Number 0")] == [True, True, False]
    second = text(desk.get(f"{HERE}?{first.context['older'].split('?')[1]}"))
    assert [name in second for name in ("Number 2", "Number 1", "Number 0")] == [False, False, True]


def test_costs_the_same_for_one_and_for_twenty(desk, acme):
    def more():
        vip, pack = tag(acme, f"Tag {factories.contact(acme).pk}"), shop.product(acme, "Pack")
        only_if = [{"kind": "bought", "product": pack.pk, "is": True}]
        trigger(acme, "tag.added", consume(acme), ("untag", {"tag": vip.pk}), tag=vip.pk, only_if=only_if)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert desk.get().status_code == 200
        return [query["sql"] for query in queries]

    more()
    desk.get()
    one = cost()
    for _ in range(19):
        more()
    twenty = cost()
    assert len(one) == len(twenty), "\n".join(twenty)

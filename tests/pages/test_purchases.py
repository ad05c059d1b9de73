"""What the contact page and its timeline say of purchases, and to whom."""

import re

import pytest
from django.test import Client

from products import events
from simplero.pages import timeline
from simplero.tenancy.scope import scope
from tests import factories
from tests.contacts.world import url
from tests.credits.pages.conftest import assert_same_cost, counted, text
from tests.products import shop
from tests.products.counter import refund, sold


@pytest.fixture
def admin(acme, zen):
    client = Client()
    client.force_login(acme.admin)
    return client


@pytest.fixture
def pack(acme):
    shop.takes_money(acme)
    made = shop.product(acme, "Pack")
    shop.price(acme, made, 10_000)
    return made


def sentences(world, **more):
    with scope(world.account):
        read = timeline.read(account=world.account, contact=world.contact, **more)
        return [line.sentence for line in read.lines]


def test_the_newest_purchases_stand_on_the_contact_page(admin, acme, pack):
    for number in range(1, 7):
        sold(acme, pack, number)
    sold(acme, pack, 9, to=factories.contact(acme, "Ben"))
    page = text(admin.get(url(acme, acme.contact)))
    assert "Pack × 6 €600.00 Active" in page
    assert "Pack €100.00" not in page  # the sixth newest
    assert "Pack × 9" not in page
    assert "All purchases" in page


def test_without_any_it_says_so_and_how_to_add_one(admin, acme):
    answer = admin.get(url(acme, acme.contact))
    assert "Nothing bought yet" in text(answer)
    assert f"sales/purchases/add?contact={acme.contact.public_id}" in answer.content.decode()


def test_assistants_see_credits_and_no_purchases(acme, pack, client):
    sold(acme, pack, 5)
    client.force_login(acme.assistant)
    page = text(client.get(url(acme, acme.contact)))
    assert "5 sessions issued" in page
    assert "€" not in page
    assert "Purchases" not in page
    assert "€" not in text(client.get(url(acme, acme.contact, "timeline")))
    assert sentences(acme, purchases=False) == ["5 sessions issued, 5 left", "Contact added"]


def test_the_timeline_tells_of_it_by_name(admin, acme, pack):
    made = sold(acme, pack, 5)
    refund(admin, acme, made, money="part", amount="20", withdraw=None)
    assert sentences(acme) == [
        "€20.00 sent back: Pack × 5",
        "5 sessions issued, 5 left",
        "Purchase active: Pack × 5",
        "€500.00 paid: Pack × 5",
        "Ordered: Pack × 5",
        "Contact added",
    ]


def test_every_fact_of_a_purchase_has_a_sentence():
    kinds = {
        fact.kind
        for fact in vars(events).values()
        if isinstance(fact, type) and re.match(r"(purchase|payment)\.", getattr(fact, "kind", ""))
    }
    assert len(kinds) > 12
    assert kinds <= set(timeline.SENTENCES)


def test_few_and_twenty_purchases_cost_the_same(admin, acme, pack):
    for number in range(4):  # enough that the timeline shows nothing else
        sold(acme, pack, number + 1)
    here = url(acme, acme.contact)
    admin.get(here)
    with counted() as few:
        admin.get(here)
    for number in range(16):
        sold(acme, pack, number + 1)
    with counted() as twenty:
        admin.get(here)
    assert_same_cost(few, twenty)

"""Credits that a purchase issued or used are told by what was bought, wherever they are told."""

from datetime import UTC, datetime

import pytest

from credits import queries as credits
from credits import sources
from tests import factories
from tests.contacts.world import url as contact_url
from tests.credits.pages.conftest import assert_same_cost, counted, text
from tests.factories import inside

from . import shop
from .counter import refund, sold, workshop


def told(desk, world):
    return text(desk.get(contact_url(world, world.contact, "credits/activity")))


def test_what_is_used_of_a_package_names_it(desk, acme, pack):
    sold(acme, pack, 5)
    factories.consume(acme, 1)
    page = told(desk, acme)
    assert "5 sessions issued with Pack × 5, never expiring." in page
    assert ", from Pack × 5 (bought" in page
    assert "Purchase: Pack × 5" in page
    section = text(desk.get(contact_url(acme, acme.contact)))
    assert "Pack × 5 Bought" in section


def test_a_use_that_paid_names_what_it_paid(desk, acme):
    factories.issue(acme, 5)
    made, at = workshop(acme)
    purchase = shop.order(acme, made, at, by=acme.contact)
    assert "3 sessions used for Workshop on" in told(desk, acme)
    refund(desk, acme, purchase, money=None, way=None)
    assert "reversing the use for Workshop on" in told(desk, acme)


def test_a_lot_that_a_refund_opened_was_not_bought(desk, acme, at):
    """The lot that paid has expired meanwhile: what comes back is a new one, and no workshop."""
    at(datetime(2026, 1, 1, 12, tzinfo=UTC))
    short = factories.credit_type(acme, "class", expires_after=1, unit="weeks")
    factories.issue(acme, 3, of=short)
    made = shop.product(acme, "Workshop", kind="service")
    price = shop.price(acme, made, 3, "credit", credit_type=short)
    purchase = shop.order(acme, made, price, by=acme.contact)
    at(datetime(2026, 2, 1, 12, tzinfo=UTC))
    refund(desk, acme, purchase, money=None, way=None)
    with inside(acme):
        [section] = [one for one in credits.section(acme.account, acme.contact) if one.credit_type.pk == short.pk]
    assert [(lot.free, lot.name, lot.replacement) for lot in section.open_lots] == [(3, "", True)]


def test_one_and_twenty_cost_the_same(desk, acme, pack):
    sold(acme, pack, 1)
    told(desk, acme)
    with counted() as one:
        told(desk, acme)
    for number in range(19):
        sold(acme, pack, number + 1)
    with counted() as twenty:
        told(desk, acme)
    assert_same_cost(one, twenty)


def test_another_accounts_purchase_has_no_name_here(acme, zen, pack):
    purchase = sold(acme, pack)
    wanted = [("purchase", str(purchase.public_id)), ("purchase", "spoiled"), ("staff", "1"), ("purchase", "")]
    with inside(acme):
        assert sources.names(acme.account, wanted) == {wanted[0]: "Pack"}
    with inside(zen):
        assert sources.names(zen.account, wanted) == {}


def test_a_source_is_named_by_one_room():
    with pytest.raises(ValueError, match="another room"):
        sources.register("purchase", lambda account, ids: {})

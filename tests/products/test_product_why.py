"""Why is a price (not) offered? On the product's page, for any contact and quantity."""

import pytest

from tests import factories
from tests.credits.pages.conftest import text

from . import shop
from .desk import at


@pytest.fixture
def massage(sales):
    """A service at €90, €80 from 3, or 3 sessions; Ann Lee has one session."""
    world = sales.world
    made = shop.product(world, "Massage", kind="service", amount=9_000)
    shop.price(world, made, 8_000, minimum=3)
    shop.price(world, made, 3, "credit", credit_type=world.session)
    shop.takes_money(world, "test")
    factories.issue(world, 1)
    return made


def asked(desk, product, **query):
    answer = desk.client.get(at(product, "why"), query)
    assert answer.status_code == 200
    return text(answer)


def test_for_nobody_in_particular(sales, massage):
    page = text(sales.get(at(massage)))
    assert "For somebody who is not signed in." in page
    assert "Offered This comes to €90.00." in page
    assert "Not offered It begins at 3; this is 1." in page
    assert "Not offered Sign in to pay with 3 sessions." in page


def test_for_a_contact_who_is_short(sales, massage):
    page = asked(sales, massage, contact=sales.world.contact.public_id, quantity=1)
    assert "For Ann Lee." in page
    assert "3 sessions Credit Not offered Ann Lee has 1 session, this needs 3." in page


def test_for_a_contact_who_has_enough(sales, massage):
    factories.issue(sales.world, 6)
    page = asked(sales, massage, contact=sales.world.contact.public_id, quantity=2)
    assert "Offered Has 7 sessions, this takes 6." in page


def test_the_tier_follows_the_quantity(sales, massage):
    page = asked(sales, massage, quantity=4)
    assert "€90 Single payment Not offered From 3 another price applies: €80 each." in page
    assert "€80 each, from 3 Single payment Offered This comes to €320.00." in page


def test_found_by_name_or_address(sales, massage, zen):
    zen.contact  # noqa: B018  another Ann Lee
    factories.contact(sales.world, "Ann Berg", email="berg@example.com")
    page = asked(sales, massage, q="ann")
    assert "AB Ann Berg berg@example.com AL Ann Lee" in page
    assert page.count("Ann Lee") == 1
    assert "For Ann Berg." in asked(sales, massage, q="berg@example.com")  # the only one
    assert "Nobody found." in asked(sales, massage, q="nobody")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("off", "This price is switched off."),
        ("draft", "This product is a draft: publish it to offer its prices."),
        ("archived", "This product is archived: bring it back to offer its prices."),
        ("few", "At least 2 are bought at once; this is 1."),
        ("many", "At most 1 are bought at once; this is 2."),
        ("type", "Its credit type “call” is archived, so none can be issued."),
        ("unpaid", "No way to take payments is set up"),
    ],
)
def test_each_reason_in_a_sentence(sales, change, words):
    world = sales.world
    more = {"few": {"minimum": 2}, "many": {"maximum": 1}}.get(change, {})
    made = shop.product(world, "Massage", kind="service", live=change != "draft", **more)
    price = shop.price(world, made, 100)
    if change != "unpaid":
        shop.takes_money(world, "test")
    if change == "off":
        sales.post(at(made, f"prices/{price.public_id}/switch"), {"on": "0"})
    if change == "archived":
        sales.post(at(made, "archive"))
    if change == "type":
        call = factories.credit_type(world, "call")
        sales.post(at(made, "credits/add"), {"amount": "1", "credit_type": str(call.public_id), "good_for": "type"})
        with factories.inside(world):
            factories.services.archive_type(account=world.account, credit_type=call, actor=world.actor)
    assert f"Not offered {words}" in asked(sales, made, quantity=2 if change == "many" else 1)


@pytest.mark.parametrize("nonsense", ["0", "-1", "x", "1e9", "9" * 30])
def test_a_quantity_that_is_none(sales, massage, nonsense):
    page = asked(sales, massage, quantity=nonsense, contact="nonsense")
    assert "Enter a whole number from 1 to 1,000,000." in page
    assert "This comes to €90.00." in page


def test_contacts_of_others_are_nobody(sales, massage, zen):
    assert "For somebody who is not signed in." in asked(sales, massage, contact=zen.contact.public_id)


def test_htmx_gets_the_answer_alone(sales, massage):
    assert b"<html" not in sales.htmx(at(massage, "why")).content

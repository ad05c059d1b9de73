"""Buying with credits: who may, with which lots, and that the credits go with the purchase or not at all."""

import pytest
from django.test import Client

from products.models import Price
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.factories import inside
from tests.products import shop as arrange

from .orders import field, opened, purchases, send, words
from .world import customer


@pytest.fixture
def workshop(acme, zen):
    """3 sessions, or €90; sessions are sold in packs."""
    arrange.takes_money(acme)
    pack = arrange.product(acme, "Sessions")
    arrange.price(acme, pack, 10_000)
    made = arrange.product(acme, "Workshop", kind="service")
    acme.credit_price = arrange.price(acme, made, 3, "credit", credit_type=acme.session)
    arrange.price(acme, made, 9_000)
    return made


def test_enough_credits_show_which_pay_and_what_is_left(acme, workshop):
    factories.issue(acme, 2, expiry="2099-03-10")
    factories.issue(acme, 3)
    browser = customer(acme)
    page = words(browser.get("/s/acme/p/workshop/order"))
    assert "You have 5 sessions" in page
    assert "2 from the 2 issued on" in page
    assert "good through 10 March 2099" in page
    assert "2 sessions will be left." in page
    assert "Buy with 3 sessions" in page


def test_credits_and_purchase_go_together(acme, workshop):
    """Product.md: with 5, a purchase for 3 leaves 2."""
    factories.issue(acme, 5)
    browser = customer(acme)
    response = send(browser, "workshop", opened(browser, "workshop"))
    [purchase] = purchases(acme)
    assert (response.status_code, response["Location"]) == (303, f"/s/acme/account/purchases/{purchase.public_id}/")
    assert (purchase.state, purchase.total, purchase.contact_id) == ("active", 3, acme.contact.pk)
    assert figures(acme).free == 2
    assert arrange.entries(acme, purchase) == [(1, "consume", 3)]
    page = words(browser.get(response["Location"]))
    assert "Thank you" in page
    assert "3 sessions used" in page


def test_signed_out_one_signs_in_and_comes_back_to_the_same_form(acme, workshop):
    page = Client().get("/s/acme/p/workshop/order", {"price": acme.credit_price.public_id, "quantity": 2})
    assert "Sign in to pay with 6 sessions" in words(page)
    html = page.content.decode()
    assert f"next=%2Fs%2Facme%2Fp%2Fworkshop%2Forder%3Fprice%3D{acme.credit_price.public_id}%26quantity%3D2" in html
    assert "Buy with" not in words(page)
    factories.issue(acme, 6)
    back = customer(acme).get("/s/acme/p/workshop/order", {"price": acme.credit_price.public_id, "quantity": 2})
    assert "Buy with 6 sessions" in words(back)


def test_signed_out_nobody_pays_with_a_known_address(acme, workshop):
    rich = factories.contact(acme, "Rich", email="rich@example.com")
    factories.issue(acme, 9, to=rich)
    theirs = opened(customer(acme, rich), "workshop")
    browser = Client()
    who = {"name": "Rich", "email": "rich@example.com", "price": str(acme.credit_price.public_id)}
    for sent in (opened(browser, "workshop") | who, theirs | who):
        with nothing_moved():
            assert send(browser, "workshop", sent).status_code == 409
    assert purchases(acme) == []
    assert figures(acme, to=rich).free == 9


def test_short_says_how_many_there_are_and_where_to_buy_more(acme, workshop):
    factories.issue(acme, 1)
    page = customer(acme).get("/s/acme/p/workshop/order", {"price": acme.credit_price.public_id})
    assert "You have 1 session, this needs 3." in words(page)
    assert "Buy sessions" in words(page)
    html = page.content.decode()
    assert 'href="/s/acme/p/sessions/order"' in html
    assert field(html, "order") == ""


def test_short_since_the_form_was_opened_nothing_is_bought(acme, workshop):
    factories.issue(acme, 3)
    browser = customer(acme)
    sent = opened(browser, "workshop")
    factories.consume(acme, 2)
    with nothing_moved():
        response = send(browser, "workshop", sent)
    assert response.status_code == 409
    assert "You do not have enough credits for this any more. Nothing was bought." in words(response)
    assert "You have 1 session, this needs 3." in words(response)
    assert purchases(acme) == []


def test_credits_of_another_shop_pay_nothing(acme, zen, workshop):
    factories.issue(zen, 9)
    browser = customer(acme)
    page = browser.get("/s/acme/p/workshop/order", {"price": acme.credit_price.public_id})
    assert "You have none, this needs 3." in words(page)


def test_several_at_once_take_several_times_as_many(acme, workshop):
    factories.issue(acme, 7)
    browser = customer(acme)
    send(browser, "workshop", opened(browser, "workshop", quantity=2))
    assert figures(acme).free == 1
    [purchase] = purchases(acme)
    assert purchase.total == 6


def test_what_it_includes_is_issued_in_the_same_go(acme, workshop):
    seat = factories.credit_type(acme, "seat", expires_after=6, unit="months")
    with inside(acme):
        arrange.selling.include_credits(
            account=acme.account, product=workshop, credit_type=seat, amount=1, actor=acme.actor
        )
    factories.issue(acme, 3)
    browser = customer(acme)
    assert "1 seat, good for 6 months" in words(browser.get("/s/acme/p/workshop/order"))
    response = send(browser, "workshop", opened(browser, "workshop"))
    assert (figures(acme).free, figures(acme, of=seat).free) == (0, 1)
    assert "1 seat issued on" in words(browser.get(response["Location"]))


def test_a_switched_off_price_is_gone(acme, workshop):
    factories.issue(acme, 5)
    browser = customer(acme)
    sent = opened(browser, "workshop")
    with inside(acme):
        Price.objects.filter(pk=acme.credit_price.pk).update(enabled=False)
    with nothing_moved():
        response = send(browser, "workshop", sent)
    assert response.status_code == 409
    assert "no longer offered" in words(response)
    assert purchases(acme) == []

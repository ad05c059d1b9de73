"""Buying with money: to the provider and back, by invoice, and for nothing."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from products.gateways.gateway import Word
from products.models import GatewayAccount
from products.services import payments as paying
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.factories import inside
from tests.products import shop as arrange

from .orders import opened, payments, purchases, send, words
from .world import customer

WHO = {"name": "Newly Here", "email": "new@example.com"}
GOOD, DECLINED, STEP = "4242 4242 4242 4242", "4000000000000002", "4000 0025 0000 3155"


@pytest.fixture
def pack(acme, zen):
    arrange.takes_money(acme)
    made = arrange.product(acme, "Coaching")
    arrange.price(acme, made, 10_000)
    arrange.price(acme, made, 8_500, minimum=5)
    return made


def ordered(acme, browser, **more):
    """An order with a test card, at its payment page's address."""
    who = {} if "customer-acme" in browser.cookies else WHO
    response = send(browser, "coaching", opened(browser, "coaching", **more) | who | {"gateway": "test"})
    assert response.status_code == 303
    response = browser.get(response["Location"])
    assert response.status_code == 303
    return response["Location"]


def given(browser, page, number, **more):
    """What follows a card given to a payment page, its return page included."""
    response = browser.post(page, {"number": number, **more})
    if response.status_code == 303:
        response = browser.get(response["Location"])
    return response


def test_a_card_pays_and_issues(acme, pack):
    browser = customer(acme)
    page = ordered(acme, browser, quantity=5)
    assert "Pay €425.00" in words(browser.get(page))
    assert figures(acme).free == 0
    response = given(browser, page, GOOD)
    [purchase] = purchases(acme)
    assert (response.status_code, response["Location"]) == (303, f"/s/acme/account/purchases/{purchase.public_id}/")
    assert purchase.state == "active"
    assert figures(acme).free == 5
    shown = words(browser.get(response["Location"]))
    assert "Thank you" in shown
    assert "5 sessions issued on" in shown
    assert "€425.00 paid on" in shown


def test_paid_again_by_refresh_or_back_it_is_paid_once(acme, pack):
    browser = customer(acme)
    page = ordered(acme, browser)
    given(browser, page, GOOD)
    [payment] = payments(acme)
    with nothing_moved():
        assert given(browser, page, GOOD).status_code == 200  # the purchase's page
        assert browser.get(page).status_code == 303
        assert browser.get(f"/s/acme/pay/{payment.public_id}/").status_code == 303
        assert browser.get(f"/s/acme/pay/{payment.public_id}/paid").status_code == 303
    assert figures(acme).free == 1


def test_a_declined_card_is_said_and_another_one_pays(acme, pack):
    browser = customer(acme)
    page = ordered(acme, browser)
    with nothing_moved():
        response = given(browser, page, DECLINED)
    assert response.status_code == 409
    assert "The card was declined. Try another card." in words(response)
    assert given(browser, page, "1234").status_code == 409
    assert given(browser, page, "").status_code == 422
    assert given(browser, page, GOOD).status_code == 303
    assert figures(acme).free == 1


def test_a_bank_may_ask_for_another_step(acme, pack):
    browser = customer(acme)
    page = ordered(acme, browser)
    with nothing_moved():
        response = given(browser, page, STEP)
    assert "asks you to confirm" in words(response)
    assert figures(acme).free == 0
    assert given(browser, page, STEP, step="1").status_code == 303
    assert figures(acme).free == 1


def test_left_unpaid_the_order_waits_and_can_be_paid_later(acme, pack):
    browser = customer(acme)
    page = ordered(acme, browser)
    [payment] = payments(acme)
    back = browser.get(f"/s/acme/pay/{payment.public_id}/paid")
    assert "We are waiting for your payment" in words(back)
    [purchase] = purchases(acme)
    shown = words(browser.get(f"/s/acme/account/purchases/{purchase.public_id}/"))
    assert "This order is not paid yet." in shown
    assert "Pay €100.00" in shown
    response = browser.post(f"/s/acme/account/purchases/{purchase.public_id}/pay")
    assert response["Location"] == f"/s/acme/pay/{payment.public_id}/"
    given(browser, page, GOOD)
    assert figures(acme).free == 1


def test_a_payment_that_failed_is_said_and_tried_again(acme, pack):
    browser = customer(acme)
    ordered(acme, browser)
    [payment] = payments(acme)
    with inside(acme):
        paying.settle(account=acme.account, payment_id=payment.pk, word=Word("failed", reason="Your bank said no."))
    page = browser.get(f"/s/acme/pay/{payment.public_id}/paid")
    assert "The payment did not go through Your bank said no. Nothing was taken" in words(page)
    [purchase] = purchases(acme)
    response = browser.post(f"/s/acme/account/purchases/{purchase.public_id}/pay")
    _, second = payments(acme)
    assert response["Location"] == f"/s/acme/pay/{second.public_id}/"
    given(browser, f"/s/acme/test-pay/{second.public_id}", GOOD)
    assert figures(acme).free == 1
    assert browser.post(f"/s/acme/account/purchases/{purchase.public_id}/pay").status_code == 303
    assert len(payments(acme)) == 2


def test_outside_shows_how_to_pay_until_staff_mark_it_paid(acme, pack):
    with inside(acme):
        GatewayAccount.objects.filter(gateway="outside").update(instructions="Transfer to <b>DE89</b>.")
    browser = Client()
    response = send(browser, "coaching", opened(browser, "coaching") | WHO | {"gateway": "outside"})
    [purchase] = purchases(acme)
    page = browser.get(response["Location"])
    assert "Transfer to &lt;b&gt;DE89&lt;/b&gt;." in page.content.decode()
    assert str(purchase.public_id)[:8].upper() in words(page)
    with inside(acme):
        paying.mark_paid(account=acme.account, purchase=purchase, actor=acme.actor)
    assert "How to pay" not in words(browser.get(response["Location"]))


def test_what_is_free_is_had_at_once(acme):
    made = arrange.product(acme, "First talk")
    arrange.price(acme, made, 0, "free")
    browser = Client()
    page = browser.get("/s/acme/p/first-talk/order")
    assert "Buy for free" in words(page)
    assert 'name="gateway"' not in page.content.decode()
    send(browser, "first-talk", opened(browser, "first-talk") | WHO)
    [purchase] = purchases(acme)
    assert purchase.state == "active"
    assert arrange.entries(acme, purchase) == [(1, "issue", 1)]


@pytest.mark.parametrize("gateway", ["", "stripe", "none", "outside"])
def test_only_a_way_to_pay_that_is_offered(acme, gateway):
    arrange.takes_money(acme, "test")
    made = arrange.product(acme, "Coaching")
    arrange.price(acme, made, 10_000)
    browser = Client()
    with nothing_moved():
        response = send(browser, "coaching", opened(browser, "coaching") | WHO | {"gateway": gateway})
    assert response.status_code in (409, 422)
    assert "Choose how to pay." in words(response)
    assert purchases(acme) == []


def test_a_subscription_says_how_it_goes_on_and_takes_cards_only(acme):
    arrange.takes_money(acme)
    made = arrange.product(acme, "Coaching", included=4)
    arrange.price(acme, made, 1_000, "recurring", every=1, period="months")
    browser = customer(acme)
    page = browser.get("/s/acme/p/coaching/order")
    assert "Renews every month until you stop it" in words(page)
    assert "Total €40.00 a month" in words(page)
    assert "Invoice" not in words(page)
    given(browser, ordered(acme, browser), GOOD)
    [purchase] = purchases(acme)
    assert (purchase.state, purchase.card_label) == ("active", "Test card ending in 4242")


# Whose payment


def test_a_payment_is_its_buyers(acme, zen, pack):
    browser = Client()
    page = ordered(acme, browser)
    [payment] = payments(acme)
    assert "Pay €100.00" in words(browser.get(page))
    ben = customer(acme, factories.contact(acme, "Ben", email="ben@example.com"))
    for stranger in (Client(), ben, customer(zen)):
        for path in (f"pay/{payment.public_id}/", f"pay/{payment.public_id}/paid", f"test-pay/{payment.public_id}"):
            assert stranger.get(f"/s/acme/{path}").status_code == 404
            assert browser.get(f"/s/zen/{path}").status_code == 404
        with nothing_moved():
            assert stranger.post(page, {"number": GOOD}).status_code == 404
    assert purchases(acme)[0].state == "new"


def test_test_cards_exist_in_demonstrations_only(acme, pack, settings):
    browser = customer(acme)
    page = ordered(acme, browser)
    settings.DEMO = settings.DEBUG = False
    assert browser.get(page).status_code == 404
    assert browser.post(page, {"number": GOOD}).status_code == 404
    assert "Test cards" not in words(browser.get("/s/acme/p/coaching/order", {"again": 1}))


def test_elsewhere_one_is_led_by_a_page_since_a_form_may_not_redirect_there(acme, pack):
    """The content policy's form-action holds for redirects after a form, so the provider's page is reached by its own navigation."""
    browser = customer(acme)
    ordered(acme, browser)
    [payment] = payments(acme)
    with inside(acme):
        type(payment).objects.filter(pk=payment.pk).update(checkout_url="https://checkout.example/c/pay?a=1&b=2")
    page = browser.get(f"/s/acme/pay/{payment.public_id}/")
    assert page.status_code == 200
    assert page["Refresh"] == "0; url=https://checkout.example/c/pay?a=1&b=2"
    assert re.search(r'href="https://checkout\.example/c/pay\?a=1&amp;b=2"', page.content.decode())
    assert "form-action 'self'" in page["Content-Security-Policy"]


def test_strangers_orders_are_limited_by_where_they_come_from(acme, pack, settings):
    """ASVS 2.4.1: each writes to an address that nobody has proven. A forged X-Forwarded-For is nowhere else (T35)."""
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "order": "3/h/ip"}
    cache.clear()
    statuses = []
    for number in range(5):
        browser = Client(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
        who = {"name": "Somebody", "email": f"n{number}@example.com", "gateway": "outside"}
        statuses.append(send(browser, "coaching", opened(browser, "coaching") | who).status_code)
    assert statuses == [303, 303, 303, 429, 429]
    with nothing_moved():
        response = send(browser, "coaching", opened(browser, "coaching") | who)
    assert "wait an hour, or sign in" in words(response)
    known = customer(acme)
    assert send(known, "coaching", opened(known, "coaching") | {"gateway": "outside"}).status_code == 303
    cache.clear()


def test_strangers_orders_are_limited_by_the_address_they_name(acme, zen, pack):
    """Each writes a letter there, from wherever it comes; who has proven to be its owner orders on."""
    ann = factories.contact(acme, "Ann Lee", email="ann@example.com")

    def ordered_from(number, email="ann@example.com"):
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        who = {"name": "Somebody", "email": email, "gateway": "outside"}
        return send(browser, "coaching", opened(browser, "coaching") | who)

    assert [ordered_from(number).status_code for number in range(5)] == [303] * 5
    with nothing_moved():
        response = ordered_from(6, "Ann@Example.com")
    assert response.status_code == 429
    assert "There were too many orders for this address. Nothing was bought" in words(response)
    assert ordered_from(7, "ben@example.com").status_code == 303
    known = customer(acme, ann)
    assert send(known, "coaching", opened(known, "coaching") | {"gateway": "outside"}).status_code == 303

"""To Stripe's page and back, in a customer's browser, with the fake of Stripe behind."""

import re

import pytest

from tests.assertions import figures, nothing_moved
from tests.products import shop as arrange
from tests.products.conftest import connect, stripe  # noqa: F401  fixtures
from tests.stripe_fake import fake as cards

from .orders import opened, payments, purchases, send, words
from .world import customer


@pytest.fixture
def pack(acme, zen, connect):  # noqa: F811
    connect(acme)
    made = arrange.product(acme, "Coaching")
    arrange.price(acme, made, 10_000)
    return made


def ordered(acme, browser, slug="coaching"):
    """An order on its way to Stripe: the answer of its pay page."""
    response = send(browser, slug, opened(browser, slug))
    assert response.status_code == 303, words(response)
    return browser.get(response["Location"])


def session(acme):
    """Stripe's name for the page of the newest payment."""
    return payments(acme)[-1].checkout_ref


def test_there_and_back(acme, pack, stripe):  # noqa: F811
    browser = customer(acme)
    page = ordered(acme, browser)
    there = stripe.objects[session(acme)]["url"]
    assert page["Refresh"] == f"0; url={there}"
    assert f'href="{there}"' in page.content.decode()
    [payment] = payments(acme)
    back = f"/s/acme/pay/{payment.public_id}/paid"
    assert stripe.objects[session(acme)]["success_url"] == f"http://testserver{back}"
    assert "We are waiting for your payment" in words(browser.get(back))
    assert browser.get(back, headers={"HX-Request": "true"}).status_code == 204
    stripe.pay(session(acme), cards.VISA, confirm=True)
    response = browser.get(back)
    [purchase] = purchases(acme)
    assert response["Location"] == f"/s/acme/account/purchases/{purchase.public_id}/"
    assert (purchase.state, figures(acme).free) == ("active", 1)
    with nothing_moved():
        assert browser.get(back).status_code == 303


def test_a_page_that_lapsed_is_followed_by_another(acme, pack, stripe):  # noqa: F811
    browser = customer(acme)
    ordered(acme, browser)
    first = session(acme)
    stripe.expire(first)
    [payment] = payments(acme)
    page = browser.get(f"/s/acme/pay/{payment.public_id}/paid")
    assert "The payment did not go through" in words(page)
    [purchase] = purchases(acme)
    again = browser.post(f"/s/acme/account/purchases/{purchase.public_id}/pay")
    browser.get(again["Location"])
    assert session(acme) != first
    stripe.pay(session(acme), cards.VISA, confirm=True)
    browser.get(f"{again['Location']}paid")
    assert figures(acme).free == 1


def test_paid_in_another_tab_meanwhile_it_is_not_asked_for_again(acme, pack, stripe):  # noqa: F811
    browser = customer(acme)
    ordered(acme, browser)
    stripe.pay(session(acme), cards.VISA, confirm=True)
    [purchase] = purchases(acme)
    response = browser.post(f"/s/acme/account/purchases/{purchase.public_id}/pay")
    assert response["Location"] == f"/s/acme/account/purchases/{purchase.public_id}/"
    assert len(payments(acme)) == 1
    assert figures(acme).free == 1


def test_stripe_cannot_be_reached(acme, pack, stripe):  # noqa: F811
    browser = customer(acme)
    stripe.lost = 20
    page = ordered(acme, browser)
    assert page.status_code == 503
    assert "No payment just now" in words(page)
    assert "Your order is kept, and nothing was taken." in words(page)
    stripe.lost = 0
    [payment] = payments(acme)
    assert "Refresh" in browser.get(f"/s/acme/pay/{payment.public_id}/")


def test_back_from_stripe_customers_read_nothing_meant_for_staff(acme, pack, stripe):  # noqa: F811
    browser = customer(acme)
    ordered(acme, browser)
    [payment] = payments(acme)
    back = f"/s/acme/pay/{payment.public_id}/paid"
    stripe.lost = 20
    assert "The payment provider does not answer at the moment. Your order is kept" in words(browser.get(back))
    stripe.lost = 0
    stripe.keys.clear()  # the business has rolled its key
    page = words(browser.get(back))
    assert "Acme cannot ask the payment provider at the moment whether it was paid. Your order is kept" in page
    for word in ("Stripe", "key", "Settings"):
        assert word not in page


def test_another_card_for_a_subscription(acme, pack, stripe):  # noqa: F811
    made = arrange.product(acme, "Monthly", included=4)
    arrange.price(acme, made, 1_000, "recurring", every=1, period="months")
    browser = customer(acme)
    ordered(acme, browser, "monthly")
    stripe.pay(session(acme), cards.VISA, confirm=True)
    browser.get(f"/s/acme/pay/{payments(acme)[-1].public_id}/paid")
    [purchase] = purchases(acme)
    assert purchase.card_label == "Visa ending in 4242"
    page = browser.get(f"/s/acme/account/purchases/{purchase.public_id}/card")
    reference = re.search(r"cs_\w+", page["Refresh"])[0]
    given = f"/s/acme/account/purchases/{purchase.public_id}/card/given"
    browser.get(given, {"checkout": reference})
    assert purchases(acme)[-1].card_label == "Visa ending in 4242"  # nothing was given yet
    stripe.pay(reference, cards.ASKS_ONCE, confirm=True)
    browser.get(given, {"checkout": reference})
    assert purchases(acme)[-1].card_label == "Visa ending in 3155"

"""My purchases: whose they are, what they say, and a customer's say in a subscription."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from products.models import RefundWay, State
from products.services import refunds, renewals
from simplero.outbox.models import Job
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.factories import inside
from tests.products import shop as arrange

from .orders import opened, payments, purchases, send, words
from .world import customer

GOOD, LATER = "4242424242424242", "4000000000000341"


@pytest.fixture
def pack(acme, zen):
    arrange.takes_money(acme)
    made = arrange.product(acme, "Coaching")
    acme.single = arrange.price(acme, made, 10_000)
    return made


@pytest.fixture
def monthly(acme, zen):
    """4 sessions a month for €40, bought by Ann on 31 January."""
    arrange.takes_money(acme)
    made = arrange.product(acme, "Monthly", included=4)
    acme.recurring = arrange.price(acme, made, 1_000, "recurring", every=1, period="months")
    return made


def subscribed(acme, monthly, card="4242"):
    return arrange.bought(acme, monthly, acme.recurring, by=acme.contact, card=card)


def url(purchase, path=""):
    return f"/s/acme/account/purchases/{purchase.public_id}/{path}"


def test_the_list_shows_what_was_bought_and_how_it_stands(acme, zen, pack):
    assert "Nothing bought yet" in words(customer(acme).get("/s/acme/account/purchases/"))
    arrange.bought(acme, pack, acme.single, 2, by=acme.contact)
    arrange.order(acme, pack, acme.single, by=acme.contact, visitor="x")
    ben = factories.contact(acme, "Ben", email="ben@example.com")
    arrange.bought(acme, pack, acme.single, 9, by=ben)
    page = words(customer(acme).get("/s/acme/account/purchases/"))
    assert "Coaching × 2" in page
    assert "€200.00 Paid" in page
    assert "€100.00 Waiting for payment" in page
    assert "× 9" not in page
    assert customer(zen).get("/s/acme/account/purchases/").status_code == 303
    assert Client().get("/s/acme/account/purchases/").status_code == 303


def test_a_long_list_has_pages(acme, monkeypatch):
    monkeypatch.setattr("products.queries.bought.PAGE", 2)
    made = arrange.product(acme, "Talk", kind="service")
    free = arrange.price(acme, made, 0, "free")
    for number in range(1, 6):
        arrange.order(acme, made, free, number, by=acme.contact, visitor=str(number))
    browser, seen, path = customer(acme), [], "/s/acme/account/purchases/"
    while path:
        response = browser.get(path)
        seen += [int(number) for number in re.findall(r"Talk × (\d)", words(response))]
        older = response.context["older"]
        path = older
    assert seen == [5, 4, 3, 2]  # the first one is "Talk"
    assert browser.get("/s/acme/account/purchases/?before=nonsense").status_code == 200
    assert browser.get(f"/s/acme/account/purchases/?before={uuid.uuid4()}").status_code == 200


def test_a_purchase_is_its_buyers(acme, zen, pack):
    purchase = arrange.bought(acme, pack, acme.single, by=acme.contact)
    ben = factories.contact(acme, "Ben", email="ben@example.com")
    assert customer(acme).get(url(purchase)).status_code == 200
    stranger = customer(acme, ben)
    for path in ("", "receipt/1/", "receipt/1.pdf", "stop", "card", "card/given"):
        assert stranger.get(url(purchase, path)).status_code == 404
        assert customer(zen).get(url(purchase, path).replace("acme", "zen")).status_code == 404
        response = Client().get(url(purchase, path))  # the mails lead here
        assert response.status_code == 303
        assert response["Location"].startswith("/s/acme/sign-in/")
    with nothing_moved():
        for path in ("stop", "resume", "pay"):
            assert stranger.post(url(purchase, path)).status_code == 404
            assert customer(zen).post(url(purchase, path).replace("acme", "zen")).status_code == 404


def test_the_browser_that_ordered_sees_what_it_bought_and_nothing_else(acme, pack):
    rich = factories.contact(acme, "Beatrice Rich", email="rich@example.com")
    factories.issue(acme, 777, to=rich)
    browser = Client()
    who = {"name": "Anything", "email": "rich@example.com", "gateway": "test"}
    send(browser, "coaching", opened(browser, "coaching", quantity=2) | who)
    [purchase], [payment] = purchases(acme), payments(acme)
    browser.post(f"/s/acme/test-pay/{payment.public_id}", {"number": GOOD})
    browser.get(f"/s/acme/pay/{payment.public_id}/paid")
    assert arrange.fresh(acme, purchase).state == State.ACTIVE
    page = words(browser.get(url(purchase)))
    assert "Coaching × 2" in page
    assert "2 sessions, never expire" in page
    for secret in ("Beatrice", "rich@example.com", "777", "779", "issued on", "4242"):
        assert secret not in page
    assert browser.get(url(purchase, "receipt/1/")).status_code == 303
    assert "777" not in words(browser.get("/s/acme/"))


def test_signed_out_nothing_of_a_customers_order_is_left_in_the_browser(acme, pack):
    browser = customer(acme)
    response = send(browser, "coaching", opened(browser, "coaching") | {"gateway": "test"})
    [purchase] = purchases(acme)
    browser.post("/s/acme/sign-out/")
    assert browser.get(url(purchase)).status_code == 303
    assert browser.get(response["Location"]).status_code == 404
    assert "You bought this" not in words(browser.get("/s/acme/p/coaching/order"))


def test_a_refunded_purchase_says_what_went_back(acme, pack):
    purchase = arrange.bought(acme, pack, acme.single, 3, by=acme.contact)
    factories.consume(acme, 1)
    with inside(acme):
        refunds.ask(
            account=acme.account,
            purchase=purchase,
            amount=30_000,
            way=RefundWay.OUTSIDE,
            withdraw=True,
            key=uuid.uuid4(),
            actor=acme.actor,
        )
    page = words(customer(acme).get(url(purchase)))
    assert "€300.00 given back" in page
    assert "Refunded" in page
    assert "1 used, 2 taken back" in page


# Subscriptions


def test_stopping_is_confirmed_and_can_be_taken_back(acme, monthly):
    purchase = subscribed(acme, monthly)
    browser = customer(acme)
    assert "Renews on" in words(browser.get(url(purchase)))
    asked = browser.get(url(purchase, "stop"))
    assert "Stop the renewal?" in words(asked)
    fragment = browser.get(url(purchase, "stop"), headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    assert arrange.fresh(acme, purchase).stopped_at is None
    assert browser.post(url(purchase, "stop")).status_code == 303
    assert browser.post(url(purchase, "stop")).status_code == 303  # said twice, it is once
    assert arrange.fresh(acme, purchase).stopped_at is not None
    assert "Ends on" in words(browser.get(url(purchase)))
    assert browser.get(url(purchase, "resume")).status_code == 405
    browser.post(url(purchase, "resume"))
    assert arrange.fresh(acme, purchase).stopped_at is None
    assert "Renews on" in words(browser.get(url(purchase)))


@pytest.mark.parametrize("path", ["", "purchases/"])
def test_subscriptions_come_first_in_my_account(acme, monthly, path):
    browser, page = customer(acme), f"/s/acme/account/{path}"
    pack = arrange.product(acme, "Coaching")
    arrange.bought(acme, pack, arrange.price(acme, pack, 10_000), by=acme.contact)
    assert "Subscriptions" not in words(browser.get(page))
    purchase = subscribed(acme, monthly)
    ben = factories.contact(acme, "Ben", email="ben@example.com")
    arrange.bought(acme, monthly, acme.recurring, by=ben)
    answer = browser.get(page)
    shown = words(answer)
    assert re.search(
        r"Subscriptions Monthly Renews on \d+ \w+( \d{4})?, €40.00 a month Test card ending in 4242", shown
    )
    assert shown.count("Change card") == 1
    html = answer.content.decode()
    assert html.index('id="running"') < html.index('class="boughts"' if path else 'class="haves"')
    assert f'href="{url(purchase, "stop")}"' in html
    assert f'href="{url(purchase, "card")}"' in html
    browser.post(url(purchase, "stop"))
    answer = browser.get(page)
    assert "Ends on" in words(answer)
    assert f'action="{url(purchase, "resume")}"' in answer.content.decode()
    assert "Change card" not in words(answer)


def test_an_overdue_subscription_says_so_in_my_account(acme, monthly, at):
    at(datetime(2026, 1, 31, 10, tzinfo=UTC))
    subscribed(acme, monthly, card="0341")
    at(datetime(2026, 2, 28, 10, 1, tzinfo=UTC))
    arrange.relay()
    page = words(customer(acme).get("/s/acme/account/"))
    assert "Was to renew on 28 February" in page
    assert "Payment overdue" in page


def test_what_does_not_renew_can_neither_be_stopped_nor_resumed(acme, pack):
    purchase = arrange.bought(acme, pack, acme.single, by=acme.contact)
    browser = customer(acme)
    with nothing_moved():
        for path in ("stop", "resume"):
            assert browser.post(url(purchase, path)).status_code == 303
        assert browser.get(url(purchase, "stop")).status_code == 303
    assert "can't be stopped" in words(browser.get(url(purchase)))


def test_another_card_renews(acme, monthly, at):
    at(datetime(2026, 1, 31, 10, tzinfo=UTC))
    purchase = subscribed(acme, monthly, card="0341")
    at(datetime(2026, 2, 28, 10, 1, tzinfo=UTC))
    arrange.relay()
    browser = customer(acme)
    page = words(browser.get(url(purchase)))
    assert "The last renewal could not be charged." in page
    assert "Give another card" in page
    response = browser.get(url(purchase, "card"))
    assert (response.status_code, response["Location"]) == (303, f"/s/acme/test-card/{purchase.public_id}")
    assert "Another card" in words(browser.get(response["Location"]))
    declined = browser.post(response["Location"], {"number": "4000000000000002"})
    assert declined.status_code == 409
    given = browser.post(response["Location"], {"number": GOOD})
    back = browser.get(given["Location"])
    assert back["Location"] == url(purchase)
    assert "Renewals are charged to the new card" in words(browser.get(back["Location"]))
    assert arrange.fresh(acme, purchase).card_label == "Test card ending in 4242"
    arrange.relay()
    assert arrange.fresh(acme, purchase).periods == 2
    assert figures(acme).free == 8


def test_an_older_return_address_puts_no_older_card_back(acme, monthly, at):
    began = datetime(2026, 1, 31, 10, tzinfo=UTC)
    at(began)
    purchase = subscribed(acme, monthly)
    browser = customer(acme)

    def give(number):
        """The return address of a card given."""
        return browser.post(f"/s/acme/test-card/{purchase.public_id}", {"number": number})["Location"]

    older = give(GOOD)
    browser.get(older)
    browser.get(give(LATER))
    assert arrange.fresh(acme, purchase).card_label == "Test card ending in 0341"
    at(began + timedelta(days=29))
    arrange.relay()
    assert arrange.fresh(acme, purchase).failures == 1
    due = list(Job.objects.order_by("pk").values_list("kind", "due"))
    with nothing_moved():
        assert browser.get(older).status_code == 303
    assert list(Job.objects.order_by("pk").values_list("kind", "due")) == due
    assert "This card was given before, so nothing has changed." in words(browser.get(url(purchase)))
    assert arrange.fresh(acme, purchase).card_label == "Test card ending in 0341"
    browser.get(give(GOOD))  # the same card, given anew
    assert arrange.fresh(acme, purchase).card_label == "Test card ending in 4242"
    arrange.relay()
    assert arrange.fresh(acme, purchase).periods == 2


def test_a_card_given_for_another_purchase_is_not_taken(acme, monthly):
    mine, other = subscribed(acme, monthly), subscribed(acme, monthly)
    browser = customer(acme)
    for reference in (f"test_given_0341_{other.public_id.hex}", "", "nonsense"):
        with nothing_moved():
            assert browser.get(url(mine, "card/given"), {"checkout": reference}).status_code == 303
        assert "No card was given" in words(browser.get(url(mine)))
    assert arrange.fresh(acme, mine).card_label == "Test card ending in 4242"


def test_a_stopped_subscription_ends_with_its_period(acme, monthly, at):
    began = datetime(2026, 1, 31, 10, tzinfo=UTC)
    at(began)
    purchase = subscribed(acme, monthly)
    with inside(acme):
        renewals.stop(account=acme.account, purchase=purchase, actor=acme.actor)
    at(began + timedelta(days=32))
    arrange.relay()
    page = words(customer(acme).get(url(purchase)))
    assert "Ended" in page
    assert "Stop renewal" not in page
    assert figures(acme).free == 4

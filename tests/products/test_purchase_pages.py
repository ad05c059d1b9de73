"""Sales → Purchases as staff see it: the list, its filters, totals and download, and one purchase."""

import csv
import io
import uuid

import pytest
from django.test import Client

from products.models import Purchase
from tests import factories
from tests.assertions import nothing_moved
from tests.credits.pages.conftest import assert_same_cost, counted, text
from tests.factories import inside

from . import shop
from .counter import price_of, sold, url, workshop


def test_the_list_says_who_bought_what_and_what_it_comes_to(desk, acme, zen, pack):
    sold(acme, pack, 5)
    ben = factories.contact(acme, "Ben Ito")
    sold(acme, pack, 2, to=ben)
    made, at = workshop(acme)
    shop.order(acme, made, at, by=acme.contact)
    shop.takes_money(zen)
    theirs = shop.product(zen, "Secret pack")
    shop.price(zen, theirs, 100)
    sold(zen, theirs)
    page = text(desk.get(url(acme)))
    for words in (
        "Pack × 5 Ann Lee €500.00 Active",
        "Pack × 2 Ben Ito €200.00 Active",
        "Workshop Ann Lee 3 sessions Active",
        "Purchases 3",
        "Paid in EUR €700.00 nothing refunded",
        "Sessions 7 issued 3 used to pay",
    ):
        assert words in page
    assert "Secret" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=active", ["Pack × 5", "Workshop"]),
        ("state=new", ["Pack × 2"]),
        ("paid_with=credits", ["Workshop"]),
        ("paid_with=money", ["Pack × 5", "Pack × 2"]),
        ("q=ben", ["Pack × 2"]),
        ("q=nobody", []),
        ("until=2001-01-01", []),
        ("since=2001-01-01", ["Pack × 5", "Pack × 2", "Workshop"]),
    ],
)
def test_filters_and_their_totals(desk, acme, pack, query, shown):
    sold(acme, pack, 5)
    shop.order(acme, pack, price_of(acme, pack), 2, by=factories.contact(acme, "Ben Ito"))
    made, at = workshop(acme)
    shop.order(acme, made, at, by=acme.contact)
    answer = desk.get(url(acme, rest=f"?{query}"))
    page = text(answer)
    assert {row["what"] for row in answer.context["rows"]} == set(shown)
    if shown:
        assert f"Purchases {len(shown)}" in page
    else:
        assert "Nothing matches" in page


@pytest.mark.parametrize("typed", ["{}", "#{}", "{}-1", " {} "])
def test_by_the_reference_of_a_transfer_or_the_number_of_a_receipt(desk, acme, pack, typed):
    wanted, _ = sold(acme, pack, 5), sold(acme, pack, 2)
    answer = desk.get(url(acme), {"q": typed.format(wanted.reference)})
    assert [row["what"] for row in answer.context["rows"]] == ["Pack × 5"]
    assert wanted.reference in text(desk.get(url(acme, wanted)))


def test_by_product_and_by_contact(desk, acme, pack):
    sold(acme, pack, 5)
    made, at = workshop(acme)
    ben = factories.contact(acme, "Ben Ito")
    factories.issue(acme, 3, to=ben)
    shop.order(acme, made, at, by=ben)
    assert "Pack × 5" not in text(desk.get(url(acme, rest=f"?product={made.public_id}")))
    whose = text(desk.get(url(acme, rest=f"?contact={ben.public_id}")))
    assert "Purchases of Ben Ito" in whose
    assert "Pack × 5" not in whose


def test_what_is_spoiled_in_the_address_is_said_or_left_out(desk, acme, pack):
    sold(acme, pack)
    for query in ("after=x", f"after={uuid.uuid4()}", "contact=x", f"contact={uuid.uuid4()}"):
        assert "Pack" in text(desk.get(url(acme, rest=f"?{query}")))
    for query in ("since=x", "state=x", "product=x"):
        assert desk.get(url(acme, rest=f"?{query}")).status_code == 422
        assert desk.get(url(acme, rest=f"csv?{query}")).status_code == 302


def test_pages_meet_without_gap_or_repeat(desk, acme, monkeypatch):
    monkeypatch.setattr("products.queries.sales.PAGE", 2)
    made = shop.product(acme, "Gift", kind="other")
    at = shop.price(acme, made, 0, "free")
    with inside(acme):
        for number in range(5):
            shop.ordering.add(
                account=acme.account,
                contact=acme.contact,
                product=made,
                price=at,
                quantity=number + 1,
                key=uuid.uuid4(),
                actor=acme.actor,
            )
    seen, here = [], url(acme)
    while here:
        page = desk.get(here)
        seen += [row["purchase"].quantity for row in page.context["rows"]]
        here = page.context["older"]
    assert seen == [5, 4, 3, 2, 1]


def test_one_and_many_cost_the_same(desk, acme, pack):
    sold(acme, pack)
    desk.get(url(acme))
    with counted() as one:
        desk.get(url(acme))
    for number in range(19):
        sold(acme, pack, number + 1, to=factories.contact(acme, f"Person {number}"))
    with counted() as twenty:
        desk.get(url(acme))
    assert_same_cost(one, twenty)


def test_the_download_is_the_list_and_runs_no_formula(desk, acme, pack):
    sold(acme, pack, 5)
    sold(acme, pack, 1, to=factories.contact(acme, "=1+1", email="evil@example.com"))
    answer = desk.get(url(acme, rest="csv"))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [
        (row["Contact"], row["Quantity"], row["Total"], row["Unit"], row["Paid"], row["State"]) for row in rows
    ] == [
        ("'=1+1", "1", "100.00", "EUR", "100.00", "Active"),
        ("Ann Lee", "5", "500.00", "EUR", "500.00", "Active"),
    ]
    only = desk.get(url(acme, rest="csv?q=ann"))
    assert b"=1+1" not in b"".join(only.streaming_content)


def test_a_purchase_says_all_there_is_to_know(desk, acme, pack):
    made = sold(acme, pack, 5)
    factories.consume(acme, 2)
    page = text(desk.get(url(acme, made)))
    for words in (
        "Active Paid, and what it includes was issued. Bought by Ann Lee.",
        "€500.00 Paid",
        "5 sessions issued",
        "3 of 5 left",
        "Price €500.00 (5 at €100 each)",
        "Test cards",
        "Card Test card ending in 4242",
        "Ordered",
        "€500.00 paid",
        "Purchase active",
    ):
        assert words in page, words
    for button in ("Refund", "Cancel"):
        assert button in page
    for button in ("Mark as paid", "Stop renewal", "Try the charge again"):
        assert button not in page
    link = desk.get(url(acme, made)).context["entries"][0]["url"]
    assert "5 sessions issued" in text(desk.get(link))


def test_paid_with_credits_it_names_the_use(desk, acme):
    factories.issue(acme, 5)
    made, at = workshop(acme)
    purchase = shop.order(acme, made, at, by=acme.contact)
    page = text(desk.get(url(acme, purchase)))
    assert "3 sessions used" in page
    assert "Price 3 sessions" in page


def test_marked_as_paid(desk, acme, pack):
    purchase = shop.order(acme, pack, price_of(acme, pack), 5, by=acme.contact, gateway="outside")
    assert "Mark as paid" in text(desk.get(url(acme, purchase)))
    assert "€500.00 is there" in text(desk.get(url(acme, purchase, "paid")))
    answer = desk.post(url(acme, purchase, "paid"))
    assert answer.status_code == 303
    assert "€500.00 is noted as paid." in text(desk.get(answer["Location"]))
    assert shop.fresh(acme, purchase).state == "active"
    with nothing_moved():
        again = desk.post(url(acme, purchase, "paid"))
    assert again.status_code == 409
    assert "Nothing is waiting to be paid outside." in text(again)


def test_a_purchase_that_waits_for_a_card_is_not_marked_as_paid(desk, acme, pack):
    purchase = shop.order(acme, pack, price_of(acme, pack), 5, by=acme.contact)
    assert "Mark as paid" not in text(desk.get(url(acme, purchase)))
    with nothing_moved():
        assert desk.post(url(acme, purchase, "paid")).status_code == 409


def test_cancelled_and_the_money_comes_all_the_same(desk, acme, pack):
    purchase = shop.order(acme, pack, price_of(acme, pack), 5, by=acme.contact)
    assert "It is not paid yet" in text(desk.get(url(acme, purchase, "cancel")))
    answer = desk.post(url(acme, purchase, "cancel"))
    assert answer.status_code == 303
    assert "Cancelled" in text(desk.get(url(acme, purchase)))
    assert desk.post(url(acme, purchase, "cancel")).status_code == 303  # said twice, it is once
    shop.pay(acme, purchase)
    assert shop.fresh(acme, purchase).state == "active"
    assert "5 sessions issued" in text(desk.get(url(acme, purchase)))


@pytest.fixture
def subscribed(acme, pack):
    monthly = shop.product(acme, "Monthly four")
    at = shop.price(acme, monthly, 1_000, "recurring", every=1, period="months")
    return shop.bought(acme, monthly, at, 4, by=acme.contact)


def test_renewal_is_stopped_and_resumed(desk, acme, subscribed):
    assert "Renews on" in text(desk.get(url(acme, subscribed)))
    assert desk.post(url(acme, subscribed, "stop")).status_code == 303
    assert "Renewal is stopped: it ends on" in text(desk.get(url(acme, subscribed)))
    with nothing_moved():
        assert desk.post(url(acme, subscribed, "stop")).status_code == 303
    assert desk.post(url(acme, subscribed, "resume")).status_code == 303
    assert "Renews on" in text(desk.get(url(acme, subscribed)))


@pytest.mark.parametrize("move", ["stop", "resume", "charge"])
def test_what_does_not_renew_is_refused_in_words(desk, acme, pack, move):
    purchase = sold(acme, pack)
    with nothing_moved():
        answer = desk.post(url(acme, purchase, move))
    assert answer.status_code == 409
    assert "This purchase is active, so it can't be" in text(answer)


def test_a_charge_that_has_not_failed_is_not_tried_again(desk, acme, subscribed):
    with nothing_moved():
        assert desk.post(url(acme, subscribed, "charge")).status_code == 409


def test_assistants_and_strangers_find_nothing(acme, zen, pack):
    purchase = sold(acme, pack)
    for user in (acme.assistant, zen.owner):
        client = Client()
        client.force_login(user)
        for rest in ("", "paid", "cancel", "refund"):
            assert client.get(url(acme, purchase, rest)).status_code == 404
            with nothing_moved():
                assert client.post(url(acme, purchase, rest)).status_code in (404, 405)
        assert client.get(url(acme)).status_code == 404
        assert client.get(url(acme, rest="csv")).status_code == 404
    own = Client()
    own.force_login(zen.owner)
    assert own.get(url(zen, purchase)).status_code == 404
    with inside(acme):
        assert Purchase.objects.get().state == "active"

"""Refunds as staff ask for them: what is shown before, what goes back, and what is refused."""

import uuid
from datetime import UTC, datetime

import pytest

from credits import queries as credits
from products.models import Payment, Refund
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.credits.pages.conftest import text
from tests.factories import inside

from . import shop
from .counter import price_of, refund, refund_seen, sold, url, workshop


@pytest.fixture
def bought(acme, pack):
    """Five for €500, of which two are used; and five more that nobody sold."""
    made = sold(acme, pack, 5)
    factories.consume(acme, 2)
    factories.issue(acme, 5)
    return made


def back(world, purchase):
    """Amount, way and state of each refund, and what the payments know of them."""
    with inside(world):
        rows = Refund.objects.filter(payment__purchase=purchase).order_by("pk")
        kept = sum(Payment.objects.filter(purchase=purchase).values_list("refunded", flat=True))
        return list(rows.values_list("amount", "way", "state")), kept


def test_it_says_what_would_happen(desk, acme, bought):
    page = text(desk.get(url(acme, bought, "refund")))
    for words in (
        "Pack × 5, bought by Ann Lee for €500.00",
        "All of it, €500.00",
        "A part of it",
        "Don't touch the money",
        "Sent back by Test cards",
        "Given back outside",
        "Taken back by the bank",
        "Not used yet 3 sessions of 5",
        "Used already: that stays used 2 sessions of 5",
        "Withdraw the 3 sessions not used yet",
    ):
        assert words in page, words
    with nothing_moved():
        desk.get(url(acme, bought, "refund"), headers={"HX-Request": "true"})


def test_in_full(desk, acme, bought):
    answer = refund(desk, acme, bought)
    page = text(desk.get(answer["Location"]))
    assert "€500.00 refunded." in page
    assert "Refunded The money went back" in page
    assert "−€500.00 Refund Done" in page
    assert back(acme, bought) == ([(50_000, "gateway", "done")], 50_000)
    assert (figures(acme).free, figures(acme).withdrawn) == (5, 3)  # the other five are nobody's business


def test_in_part_it_stays_active(desk, acme, bought):
    answer = refund(desk, acme, bought, money="part", amount="120.50", withdraw=None)
    assert "€120.50 refunded." in text(desk.get(answer["Location"]))
    assert shop.fresh(acme, bought).state == "active"
    assert figures(acme).withdrawn == 0


def test_three_parts_and_not_a_cent_more(desk, acme, bought):
    for amount in ("200", "200.00", "99.99"):
        assert refund(desk, acme, bought, money="part", amount=amount, withdraw=None).status_code == 303
    with nothing_moved():
        answer = refund(desk, acme, bought, money="part", amount="0.02", withdraw=None)
    assert answer.status_code == 409
    assert "At most €0.01 can still go back." in text(answer)
    assert refund(desk, acme, bought, money="part", amount="0.01", withdraw=None).status_code == 303
    assert back(acme, bought)[1] == 50_000
    assert shop.fresh(acme, bought).state == "refunded"


def test_the_money_stays_and_credits_go(desk, acme, bought):
    answer = refund(desk, acme, bought, money="none")
    assert "The money stays as it was." in text(desk.get(answer["Location"]))
    assert back(acme, bought) == ([], 0)
    assert (figures(acme).free, figures(acme).withdrawn) == (5, 3)
    assert shop.fresh(acme, bought).state == "refunded"


def test_the_same_form_twice_is_one_refund(desk, acme, bought):
    once = {"key": str(uuid.uuid4()), "seen": refund_seen(desk, acme, bought), "money": "part", "amount": "20"}
    assert refund(desk, acme, bought, **once).status_code == 303
    with nothing_moved():
        assert refund(desk, acme, bought, **once).status_code == 303
    assert back(acme, bought)[1] == 2_000


def test_another_form_finds_nothing_left(desk, acme, bought):
    refund(desk, acme, bought)
    with nothing_moved():
        answer = refund(desk, acme, bought)
    assert answer.status_code == 409
    assert "All of the money went back already." in text(answer)
    assert "There is nothing left to give back" in text(desk.get(url(acme, bought, "refund")))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"money": "part"}, "Enter the amount that goes back."),
        ({"money": "part", "amount": "1.005"}, "EUR has at most 2 decimals"),
        ({"money": "part", "amount": "-1"}, "Enter an amount in EUR"),
        ({"money": "half"}, "Select a valid choice"),
        ({"money": None}, "Say whether money goes back."),
        ({"way": None}, "Say how it goes back."),
        ({"way": "pigeon"}, "Select a valid choice"),
        ({"key": ""}, "This form came without its number"),
    ],
)
def test_what_is_typed_wrong_is_said(desk, acme, bought, data, words):
    with nothing_moved():
        answer = refund(desk, acme, bought, **data)
    assert answer.status_code == 422
    assert words in text(answer)


def test_nothing_chosen_is_refused(desk, acme, bought):
    with nothing_moved():
        answer = refund(desk, acme, bought, money="none", withdraw=None)
    assert answer.status_code == 409
    assert "Choose what to give back: money, credits, or both." in text(answer)


@pytest.mark.parametrize(
    ("way", "words"), [("outside", "given back outside"), ("chargeback", "taken back by the bank")]
)
def test_money_that_went_back_another_way_is_noted(desk, acme, bought, way, words):
    assert refund(desk, acme, bought, way=way).status_code == 303
    assert back(acme, bought) == ([(50_000, way, "done")], 50_000)
    assert f"€500.00 {words}" in text(desk.get(url(acme, bought)))


def test_what_was_paid_outside_is_not_sent_back_by_anybody(desk, acme, pack):
    purchase = shop.order(acme, pack, price_of(acme, pack), 5, by=acme.contact, gateway="outside")
    desk.post(url(acme, purchase, "paid"))
    assert "Sent back by" not in text(desk.get(url(acme, purchase, "refund")))
    with nothing_moved():
        assert refund(desk, acme, purchase).status_code == 422
    assert refund(desk, acme, purchase, way="outside").status_code == 303
    assert shop.fresh(acme, purchase).state == "refunded"


def test_a_refund_that_fails_says_why_and_can_be_tried_again(desk, acme, bought):
    with inside(acme):
        Payment.objects.filter(purchase=bought).update(charge_ref="gone")
    page = text(desk.get(refund(desk, acme, bought, money="part", amount="20", withdraw=None)["Location"]))
    assert "€20.00 did not go back. See below why." in page
    assert "There is no test payment to refund." in page
    assert back(acme, bought) == ([(2_000, "gateway", "failed")], 0)
    form = desk.get(url(acme, bought, "refund?again=1")).context["form"]
    assert (form["money"].value(), form["amount"].value()) == ("part", "20.00")
    assert refund(desk, acme, bought, money="part", amount="20", way="outside", withdraw=None).status_code == 303
    assert back(acme, bought)[1] == 2_000


def test_paid_with_credits_they_come_back(desk, acme):
    factories.issue(acme, 5)
    made, at = workshop(acme)
    purchase = shop.order(acme, made, at, by=acme.contact)
    page = text(desk.get(url(acme, purchase, "refund")))
    assert "3 sessions that Ann Lee can have back" in page
    assert "Give back the 3 that paid for it" in page
    assert refund(desk, acme, purchase, money=None, way=None).status_code == 303
    assert figures(acme).free == 5
    assert shop.fresh(acme, purchase).state == "refunded"
    assert "3 given back" in text(desk.get(url(acme, purchase)))
    with inside(acme):
        newest = credits.activity(acme.account, acme.contact).lines[0]
    assert (newest.kind, newest.amount, newest.source) == ("reverse", 3, "purchase")


def test_cancelled_with_its_refund_in_one(desk, acme, pack):
    monthly = shop.product(acme, "Monthly four")
    at = shop.price(acme, monthly, 1_000, "recurring", every=1, period="months")
    purchase = shop.bought(acme, monthly, at, 4, by=acme.contact)
    assert "cancel and refund" in text(desk.get(url(acme, purchase, "cancel")))
    form = desk.get(url(acme, purchase, "refund?cancel=1")).context["form"]
    assert form["cancel"].value() is True
    refund(desk, acme, purchase, money="part", amount="10", withdraw=None, cancel="on")
    now_is = shop.fresh(acme, purchase)
    assert (now_is.state, now_is.renews_at) == ("cancelled", None)
    assert back(acme, purchase)[1] == 1_000


def test_a_reason_stands_beside_what_was_withdrawn(desk, acme, bought):
    refund(desk, acme, bought, note="Moved away")
    with inside(acme):
        newest = credits.activity(acme.account, acme.contact).lines[0]
    assert (newest.kind, newest.note) == ("withdraw", "Moved away")


@pytest.fixture
def renewed(desk, acme, at, pack):
    """A subscription whose refund form was opened before its second period was charged; and what that form was made from."""
    at(datetime(2026, 1, 5, 10, tzinfo=UTC))
    monthly = shop.product(acme, "Monthly four")
    price = shop.price(acme, monthly, 1_000, "recurring", every=1, period="months")
    purchase = shop.bought(acme, monthly, price, 4, by=acme.contact)
    seen = refund_seen(desk, acme, purchase)
    at(datetime(2026, 2, 5, 10, 1, tzinfo=UTC))
    shop.relay()
    assert shop.paid(acme, purchase) == [(1, "paid"), (2, "paid")]
    return purchase, seen


@pytest.mark.parametrize("cancel", [None, "on"])
def test_all_of_it_is_what_the_form_said(desk, acme, renewed, cancel):
    purchase, seen = renewed
    with nothing_moved():
        answer = refund(desk, acme, purchase, seen=seen, cancel=cancel)
    assert answer.status_code == 409
    page = text(answer)
    assert "What can be given back has changed since this form was opened. Nothing was given back" in page
    assert "All of it, €80.00" in page
    assert shop.fresh(acme, purchase).state == "active"
    again = answer.context["form"]["seen"].value()
    assert refund(desk, acme, purchase, seen=again, cancel=cancel).status_code == 303
    assert back(acme, purchase)[1] == 8_000


def test_credits_are_withdrawn_as_the_form_said(desk, acme, bought):
    seen = refund_seen(desk, acme, bought)
    factories.consume(acme, 1)
    with nothing_moved():
        answer = refund(desk, acme, bought, seen=seen, money="none")
    assert answer.status_code == 409
    assert "Withdraw the 2 sessions not used yet" in text(answer)
    with nothing_moved():
        assert refund(desk, acme, bought, seen="", money="none").status_code == 409
    again = answer.context["form"]["seen"].value()
    assert refund(desk, acme, bought, seen=again, money="none").status_code == 303
    assert figures(acme).withdrawn == 2

"""Money back through Stripe, disputes, and what their state is by now."""

from uuid import uuid4

import pytest

from products.gateways import Order, Rejected, Unreachable
from products.gateways import stripe as gateway
from products.gateways.gateway import RefundWord
from tests.stripe_fake.fake import KEY

KEYS = {"key": KEY}


@pytest.fixture
def charge(stripe):
    """A payment of 100.00."""
    order = Order(uuid4(), 100_00, "EUR", "Pack", "ann@example.com", "https://shop.example/", "https://shop.example/", False)  # fmt: skip
    page = gateway.checkout(KEYS, order).reference
    stripe.pay(page)
    return gateway.look(KEYS, checkout_ref=page, charge_ref="").charge_ref


def refund(charge, amount, key=None):
    return gateway.refund(KEYS, charge_ref=charge, amount=amount, currency="EUR", key=key or uuid4())


def refunded(charge):
    return gateway.look(KEYS, checkout_ref="", charge_ref=charge).refunded


def test_in_parts(charge):
    assert [refund(charge, amount).state for amount in (30_00, 30_00, 40_00)] == ["done"] * 3
    assert refunded(charge) == 100_00


def test_once_per_key_today_and_later(stripe, charge):
    key = uuid4()
    first = refund(charge, 40_00, key)
    assert refund(charge, 40_00, key) == first
    stripe.forget()
    assert refund(charge, 40_00, key) == first
    assert refunded(charge) == 40_00


def test_the_answer_is_lost(stripe, charge):
    key = uuid4()
    stripe.lost = 3
    with pytest.raises(Unreachable):
        refund(charge, 40_00, key)
    stripe.forget()
    assert refund(charge, 40_00, key).state == "done"
    assert refunded(charge) == 40_00


def test_more_than_is_left(charge):
    refund(charge, 70_00)
    assert refund(charge, 40_00) == RefundWord("failed", reason="Stripe has less left of this payment than that.")
    assert refunded(charge) == 70_00


def test_given_back_by_hand(stripe, charge):
    stripe.refund_by_hand(charge, 100_00)
    word = refund(charge, 40_00)
    assert (word.state, word.reason) == ("done", "It had been given back in Stripe already.")
    assert refunded(charge) == 100_00


def test_on_its_way_then_there(stripe, charge):
    stripe.refunds_take_time = True
    key = uuid4()
    word = refund(charge, 40_00, key)
    assert word.state == "pending"
    stripe.land_refund(word.refund_ref)
    assert refund(charge, 40_00, key).state == "done"


def test_on_its_way_and_turned_back(stripe, charge):
    stripe.refunds_take_time = True
    key = uuid4()
    word = refund(charge, 40_00, key)
    stripe.fail_refund(word.refund_ref)
    assert refund(charge, 40_00, key) == RefundWord("failed", word.refund_ref, "The card it went back to is blocked.")
    assert refunded(charge) == 0


@pytest.mark.usefixtures("stripe")
def test_of_nothing():
    with pytest.raises(Rejected, match="No such payment_intent"):
        refund("pi_none", 1_00)


@pytest.mark.parametrize(
    ("status", "dispute"),
    [("needs_response", "open"), ("under_review", "open"), ("won", "won"), ("lost", "lost"), ("warning_closed", "won")],
)
def test_disputed(stripe, charge, status, dispute):
    stripe.dispute(charge, status)
    word = gateway.look(KEYS, checkout_ref="", charge_ref=charge)
    assert (word.state, word.dispute) == ("paid", dispute)


def test_a_second_dispute_is_open_again(stripe, charge):
    first = stripe.dispute(charge)
    stripe.decide(first, "won")
    stripe.dispute(charge)
    assert gateway.look(KEYS, checkout_ref="", charge_ref=charge).dispute == "open"


def test_what_is_disputed_is_not_refunded_too(stripe, charge):
    stripe.dispute(charge)
    assert refund(charge, 40_00) == RefundWord("failed", reason="The customer's bank has taken this payment back.")
    assert refunded(charge) == 0

"""A subscription's and a purchase's whole life with Stripe: first payment, renewals, declines, another card, money back, disputes."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from products import purchases
from products.models import Refund, RefundWay
from products.services import payments, refunds
from simplero.outbox.relay import relay
from simplero.tenancy.scope import scope
from tests.assertions import figures, nothing_moved
from tests.factories import inside
from tests.stripe_fake import fake as cards

from . import shop

START = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
RENEWAL = datetime(2027, 2, 28, 9, 30, tzinfo=UTC)


@pytest.fixture
def hook(acme, zen, connect):
    connect(zen, key="sk_test_zenzenzenzen", secret="whsec_zenzenzenzen")
    return connect(acme)


@pytest.fixture
def buy(client, stripe, acme, hook):
    """Order, go to Stripe's page and pay there with `card`; Stripe's messages arrive."""

    def bought(product, price, quantity=1, card=cards.VISA):
        purchase = shop.order(acme, product, price, quantity, by=acme.contact, gateway="stripe")
        payment = shop.payment(acme, purchase)
        address = payments.begin(
            account=acme.account,
            payment_id=payment.pk,
            return_url="https://us.example/s/acme/paid",
            cancel_url="https://us.example/s/acme/",
        )
        reference = shop.payment(acme, purchase).checkout_ref
        assert address == stripe.objects[reference]["url"]
        stripe.pay(reference, card, confirm=True)
        deliver(client, stripe, hook)
        return shop.fresh(acme, purchase)

    return bought


def deliver(client, stripe, hook):
    """All messages that Stripe has, in any order will do."""
    while stripe.events:
        assert stripe.deliver(client, hook, stripe.events.pop()).status_code == 200


class TestSubscription:
    @pytest.fixture
    def subscribed(self, acme, buy, at):
        """Four sessions a month, for 60.00 each, since 31 January."""
        at(START)
        made = shop.product(acme, "Monthly four", included=4)
        return buy(made, shop.price(acme, made, 60_00, "recurring", every=1, period="months"))

    def test_begun(self, acme, subscribed, stripe):
        assert (subscribed.state, subscribed.card_label) == ("active", "Visa ending in 4242")
        assert subscribed.payer_ref in stripe.objects
        assert shop.entries(acme, subscribed) == [(1, "issue", 4)]

    def test_renewed_from_the_card_that_was_kept(self, client, acme, subscribed, stripe, hook, at):
        at(RENEWAL)
        relay()
        assert shop.entries(acme, subscribed) == [(1, "issue", 4), (2, "issue", 4)]
        with nothing_moved():
            deliver(client, stripe, hook)
            relay()
        assert charged(stripe) == [240_00, 240_00]

    def test_the_answer_is_lost_and_nobody_pays_twice(self, acme, subscribed, stripe, at):
        """F24: Stripe has charged, and we were cut off before we knew."""
        at(RENEWAL)
        stripe.lost = 6  # looking first, then the charge and the library's own attempts
        for hours in range(3):
            at(RENEWAL + timedelta(hours=hours))
            relay(seconds=5)
        assert shop.entries(acme, subscribed) == [(1, "issue", 4), (2, "issue", 4)]
        assert charged(stripe) == [240_00, 240_00]

    def test_cut_off_for_days(self, client, acme, subscribed, stripe, hook, at):
        """The key is forgotten meanwhile; the message is what tells us."""
        at(RENEWAL)
        with scope(acme.account), transaction.atomic():
            locked = purchases.lock(account=acme.account, purchase_id=subscribed.pk)
            due = purchases.payment_due(locked)
        with scope(acme.account):
            gateway, keys = payments.opened(acme.account, "stripe")
            order = payments.order_of(shop.payment(acme, subscribed, due.number))
        gateway.charge(keys, order, payer_ref=subscribed.payer_ref, card_ref=subscribed.card_ref)  # and we were killed
        stripe.forget()
        at(RENEWAL + timedelta(days=3))
        relay()
        deliver(client, stripe, hook)
        assert shop.entries(acme, subscribed) == [(1, "issue", 4), (2, "issue", 4)]
        assert charged(stripe) == [240_00, 240_00]

    def test_declined_then_another_card(self, client, acme, subscribed, stripe, hook, at):
        stripe.spoil(subscribed.card_ref)
        for days in range(6):
            at(RENEWAL + timedelta(days=days))
            relay()
            deliver(client, stripe, hook)
        found = shop.fresh(acme, subscribed)
        assert found.state == "delinquent"
        assert shop.payment(acme, found, 2).reason == "There was not enough money for the card."
        assert figures(acme).free == 4

        address = payments.change_card(
            account=acme.account,
            purchase_id=found.pk,
            email="ann@example.com",
            return_url="https://us.example/s/acme/card",
            cancel_url="https://us.example/s/acme/",
        )
        page = address.rsplit("/", 1)[1]
        assert not self.changed(acme, found, page), "nothing was given yet"
        stripe.pay(page, cards.ASKS_ONCE, confirm=True)
        deliver(client, stripe, hook)
        assert self.changed(acme, found, page)
        relay()
        found = shop.fresh(acme, found)
        assert (found.state, found.card_label) == ("active", "Visa ending in 3155")
        assert shop.entries(acme, found) == [(1, "issue", 4), (2, "issue", 4)]

    def changed(self, world, purchase, page):
        return payments.card_changed(
            account=world.account, purchase_id=purchase.pk, checkout_ref=page, actor=shop.CUSTOMER
        )


class TestMoneyBack:
    @pytest.fixture
    def pack(self, acme, buy):
        """Five sessions for 500.00."""
        made = shop.product(acme)
        return buy(made, shop.price(acme, made, 100_00), 5)

    def give_back(self, world, purchase, amount, *, key=None, withdraw=False):
        return refunds.give_back(
            account=world.account,
            purchase=purchase,
            amount=amount,
            way=RefundWay.GATEWAY,
            withdraw=withdraw,
            key=key or uuid.uuid4(),
            actor=world.actor,
        )

    def states(self, world):
        with inside(world):
            return list(Refund.objects.order_by("pk").values_list("amount", "state"))

    def test_in_parts_and_all_of_it(self, client, acme, stripe, hook, pack):
        for amount in (100_00, 150_00, 250_00):
            self.give_back(acme, pack, amount, withdraw=True)
            deliver(client, stripe, hook)
        assert self.states(acme) == [(100_00, "done"), (150_00, "done"), (250_00, "done")]
        assert shop.fresh(acme, pack).state == "refunded"
        assert figures(acme).free == 0
        assert given_back(stripe) == 500_00

    def test_twice_with_one_key(self, acme, stripe, pack):
        key = uuid.uuid4()
        for _ in range(2):
            self.give_back(acme, pack, 100_00, key=key)
        stripe.forget()
        self.give_back(acme, pack, 100_00, key=key)
        assert given_back(stripe) == 100_00

    def test_the_answer_is_lost_and_a_worker_goes_on(self, acme, stripe, pack, at):
        at(START + timedelta(days=400))
        stripe.lost = 3
        self.give_back(acme, pack, 100_00)
        assert self.states(acme) == [(100_00, "pending")]
        stripe.forget()
        at(START + timedelta(days=402))
        relay()
        assert self.states(acme) == [(100_00, "done")]
        assert given_back(stripe) == 100_00

    def test_on_its_way_for_days(self, client, acme, stripe, hook, pack, at):
        stripe.refunds_take_time = True
        at(START + timedelta(days=400))
        self.give_back(acme, pack, 100_00)
        at(START + timedelta(days=401))
        relay(seconds=5)
        assert self.states(acme) == [(100_00, "pending")]
        stripe.land_refund(next(one["id"] for one in stripe.objects.values() if one["object"] == "refund"))
        deliver(client, stripe, hook)
        at(START + timedelta(days=402))
        relay(seconds=5)
        assert self.states(acme) == [(100_00, "done")]
        assert given_back(stripe) == 100_00

    def test_turned_back_by_the_bank(self, acme, stripe, pack, at):
        stripe.refunds_take_time = True
        at(START + timedelta(days=400))
        self.give_back(acme, pack, 100_00)
        stripe.fail_refund(next(one["id"] for one in stripe.objects.values() if one["object"] == "refund"))
        at(START + timedelta(days=402))
        relay(seconds=5)
        assert self.states(acme) == [(100_00, "failed")]
        assert shop.payment(acme, pack).refunded == 0

    def test_given_back_at_stripe_itself(self, client, acme, stripe, hook, pack):
        stripe.refund_by_hand(shop.payment(acme, pack).charge_ref, 500_00)
        deliver(client, stripe, hook)
        assert shop.fresh(acme, pack).state == "refunded"
        assert figures(acme).free == 0

    def test_disputed_and_lost(self, client, acme, stripe, hook, pack):
        dispute = stripe.dispute(shop.payment(acme, pack).charge_ref)
        deliver(client, stripe, hook)
        assert shop.payment(acme, pack).dispute == "open"
        assert figures(acme).free == 5
        stripe.decide(dispute, "lost")
        deliver(client, stripe, hook)
        assert shop.payment(acme, pack).dispute == "lost"
        assert shop.fresh(acme, pack).state == "refunded"
        assert figures(acme).free == 0


def charged(stripe):
    return [one["amount"] for one in stripe.objects.values() if one["object"] == "charge"]


def given_back(stripe):
    return sum(one["amount_refunded"] for one in stripe.objects.values() if one["object"] == "charge")

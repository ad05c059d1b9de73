"""Stripe through its own library, against a local stand-in: what is asked, what is understood, and that nothing happens twice."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from products.gateways import Order, Rejected, Unreachable
from products.gateways import stripe as gateway
from products.gateways.gateway import Word
from tests.stripe_fake import fake as cards
from tests.stripe_fake.fake import KEY

KEYS = {"key": KEY}


@pytest.fixture(autouse=True)
def _fake(stripe):
    pass


@pytest.fixture
def order():
    return Order(
        payment=uuid4(),
        amount=40_000,
        currency="EUR",
        description="Pack of 5",
        email="ann@example.com",
        return_url="https://shop.example/s/acme/paid",
        cancel_url="https://shop.example/s/acme/order",
        keep_card=False,
    )


def look(checkout_ref="", charge_ref=""):
    return gateway.look(KEYS, checkout_ref=checkout_ref, charge_ref=charge_ref)


def paid(stripe, order, card=cards.VISA):
    page = gateway.checkout(KEYS, order)
    stripe.pay(page.reference, card)
    return look(page.reference)


class TestCheckout:
    def test_what_stripe_is_told(self, stripe, order):
        page = gateway.checkout(KEYS, order)
        session = stripe.objects[page.reference]
        assert page.url == session["url"]
        assert (session["mode"], session["amount_total"], session["currency"]) == ("payment", 40_000, "eur")
        assert session["client_reference_id"] == session["metadata"]["payment"] == str(order.payment)
        assert session["customer_email"] == "ann@example.com"
        assert (session["success_url"], session["cancel_url"]) == (order.return_url, order.cancel_url)
        assert session["customer_creation"] is None

    def test_asked_twice_it_is_one_page(self, order):
        assert gateway.checkout(KEYS, order) == gateway.checkout(KEYS, order)

    def test_another_amount_for_the_same_payment_is_refused(self, stripe, order):
        gateway.checkout(KEYS, order)
        with pytest.raises(Rejected, match="same parameters"):
            gateway.checkout(KEYS, replace(order, amount=1_00))
        assert [one["amount_total"] for one in stripe.objects.values()] == [40_000]

    def test_until_somebody_pays_it_is_pending(self, stripe, order):
        page = gateway.checkout(KEYS, order)
        assert look() == look(page.reference) == Word("pending")
        assert stripe.pay(page.reference, cards.DECLINED) == "declined"
        assert look(page.reference) == Word("pending"), "another card may follow"
        assert stripe.pay(page.reference, cards.ASKS_ONCE) == "step"
        assert look(page.reference) == Word("pending")

    @pytest.mark.parametrize(("card", "last"), [(cards.VISA, "4242"), (cards.ASKS_ONCE, "3155")])
    def test_paid(self, stripe, order, card, last):
        page = gateway.checkout(KEYS, order)
        stripe.pay(page.reference, card, confirm=True)
        word = look(page.reference)
        assert (word.state, word.refunded, word.dispute) == ("paid", 0, "")
        assert word.card_label == f"Visa ending in {last}"
        assert word.payer_ref == "", "nobody asked for the card to be kept"
        assert look(charge_ref=word.charge_ref) == word
        assert stripe.objects[word.charge_ref]["metadata"] == {"payment": str(order.payment)}

    def test_left_without_paying(self, stripe, order):
        page = gateway.checkout(KEYS, order)
        stripe.expire(page.reference)
        assert look(page.reference) == Word("failed", reason="The payment page was left without paying.")

    def test_left_after_a_decline(self, stripe, order):
        page = gateway.checkout(KEYS, order)
        stripe.pay(page.reference, cards.POOR)
        stripe.expire(page.reference)
        word = look(page.reference)
        assert (word.state, word.reason) == ("failed", "There was not enough money for the card.")

    def test_a_transfer_takes_its_time(self, stripe, order):
        came, bounced = (gateway.checkout(KEYS, replace(order, payment=uuid4())).reference for _ in range(2))
        for page in (came, bounced):
            stripe.pay(page, cards.BANK)
            assert look(page).state == "pending"
        stripe.arrive(came)
        stripe.bounce(bounced)
        assert (look(came).state, look(bounced).state) == ("paid", "failed")


class TestRenewal:
    @pytest.fixture
    def kept(self, stripe, order):
        word = paid(stripe, replace(order, keep_card=True))
        assert word.payer_ref.startswith("cus_")
        assert word.card_ref.startswith("pm_")
        return {"payer_ref": word.payer_ref, "card_ref": word.card_ref}

    @pytest.fixture
    def renewal(self, order):
        return replace(order, payment=uuid4(), return_url="", cancel_url="")

    def test_the_kept_card_pays(self, stripe, renewal, kept):
        word = gateway.charge(KEYS, renewal, **kept)
        assert word.state == "paid"
        assert word.card_label == "Visa ending in 4242"
        assert stripe.objects[word.charge_ref]["amount"] == 40_000
        assert look(charge_ref=word.charge_ref) == word

    def test_charged_again_no_money_moves(self, stripe, renewal, kept):
        first = gateway.charge(KEYS, renewal, **kept)
        assert gateway.charge(KEYS, renewal, **kept) == first
        stripe.forget()
        assert gateway.charge(KEYS, renewal, **kept) == first, "days later too"
        assert len(charges(stripe)) == 2, "the first payment and this one"

    def test_without_looking_first_it_would_be_charged_twice(self, stripe, renewal, kept):
        """Why `charge` looks before it asks: the idempotency key alone is forgotten after a day."""
        client = gateway._client(KEYS)
        asked = {"amount": 100, "currency": "eur", "customer": kept["payer_ref"], "payment_method": kept["card_ref"]}
        for _ in range(2):
            client.payment_intents.create({**asked, "off_session": True, "confirm": True}, {"idempotency_key": "k"})
            stripe.forget()
        assert len(charges(stripe)) == 3

    def test_the_answer_is_lost(self, stripe, renewal, kept):
        stripe.lost = 3  # longer than the library tries again
        with pytest.raises(Unreachable):
            gateway.charge(KEYS, renewal, **kept)
        assert gateway.charge(KEYS, renewal, **kept).state == "paid"
        assert len(charges(stripe)) == 2

    @pytest.mark.parametrize(
        ("why", "sentence"),
        [
            ("generic_decline", "The card was declined."),
            ("stolen_card", "The card was declined."),
            ("insufficient_funds", "There was not enough money for the card."),
            ("authentication_required", "The bank asks for this payment to be confirmed: give the card again."),
        ],
    )
    def test_declined(self, stripe, renewal, kept, why, sentence):
        stripe.spoil(kept["card_ref"], why)
        word = gateway.charge(KEYS, renewal, **kept)
        assert (word.state, word.reason) == ("failed", sentence)
        assert look(charge_ref=word.charge_ref).state == "failed"
        stripe.forget()
        assert gateway.charge(KEYS, renewal, **kept).state == "failed"
        assert len(charges(stripe)) == 1

    def test_a_card_whose_bank_always_asks(self, stripe, order, renewal):
        page = gateway.checkout(KEYS, replace(order, keep_card=True)).reference
        assert stripe.pay(page, cards.ASKS_ALWAYS) == "step"
        stripe.pay(page, cards.ASKS_ALWAYS, confirm=True)
        first = look(page)
        word = gateway.charge(KEYS, renewal, payer_ref=first.payer_ref, card_ref=first.card_ref)
        assert (word.state, word.reason) == (
            "failed",
            "The bank asks for this payment to be confirmed: give the card again.",
        )

    @pytest.mark.parametrize("gone", ["payer_ref", "card_ref"])
    def test_deleted_at_stripe(self, stripe, renewal, kept, gone):
        stripe.remove(kept[gone])
        assert gateway.charge(KEYS, renewal, **kept) == Word("failed", reason="The saved card is no longer there.")


class TestCard:
    purchase = UUID("0b1f0000-0000-4000-8000-000000000001")

    def page(self, payer_ref=""):
        return gateway.card_checkout(
            KEYS,
            purchase=self.purchase,
            email="ann@example.com",
            payer_ref=payer_ref,
            return_url="https://shop.example/card",
            cancel_url="https://shop.example/",
        ).reference

    def card(self, page, purchase=None):
        return gateway.card_of(KEYS, checkout_ref=page, purchase=purchase or self.purchase)

    def test_given_and_charged(self, stripe, order):
        first = paid(stripe, replace(order, keep_card=True))
        page = self.page(first.payer_ref)
        assert self.card(page) is None
        assert stripe.objects[page]["success_url"] == "https://shop.example/card?checkout={CHECKOUT_SESSION_ID}"
        stripe.pay(page, cards.ASKS_ONCE, confirm=True)
        payer, card, label = self.card(page)
        assert (payer, label) == (first.payer_ref, "Visa ending in 3155")
        renewal = replace(order, payment=uuid4())
        assert gateway.charge(KEYS, renewal, payer_ref=payer, card_ref=card).card_label == "Visa ending in 3155"

    def test_by_somebody_stripe_does_not_know(self, stripe):
        page = self.page()
        stripe.pay(page)
        assert self.card(page)[0].startswith("cus_")

    def test_by_somebody_stripe_no_longer_knows(self, stripe):
        page = self.page("cus_deleted")
        stripe.pay(page)
        assert self.card(page)[0] in stripe.objects

    def test_of_another_purchase_it_is_not_taken(self, stripe):
        page = self.page()
        stripe.pay(page)
        assert self.card(page, uuid4()) is None

    def test_a_page_where_something_was_paid_is_no_card(self, stripe, order):
        page = gateway.checkout(KEYS, order).reference
        stripe.pay(page)
        assert self.card(page) is None

    def test_accepted_and_declined_when_it_is_charged(self, stripe, order):
        page = self.page()
        stripe.pay(page, cards.LATER)
        payer, card, _ = self.card(page)
        assert gateway.charge(KEYS, order, payer_ref=payer, card_ref=card).state == "failed"


class TestWhatCannotBeAsked:
    def test_no_network(self, settings, order):
        settings.STRIPE_API = "http://127.0.0.1:9"
        with pytest.raises(Unreachable):
            gateway.checkout(KEYS, order)

    def test_stripe_is_down(self, stripe, order):
        stripe.down = True
        with pytest.raises(Unreachable) as caught:
            gateway.checkout(KEYS, order)
        assert "Stripe cannot be reached" in caught.value.wording
        assert not stripe.objects

    @pytest.mark.parametrize("keys", [{}, {"key": "sk_test_revokedrevoked"}])
    def test_no_key_or_a_bad_one(self, order, keys):
        with pytest.raises(Rejected, match="Settings → Payments") as caught:
            gateway.checkout(keys, order)
        assert "sk_test" not in caught.value.wording

    def test_another_business(self, stripe, order):
        stripe.keys.add("sk_test_another_business")
        page = gateway.checkout(KEYS, order).reference
        with pytest.raises(Rejected, match="No such"):
            gateway.look({"key": "sk_test_another_business"}, checkout_ref=page, charge_ref="")

    def test_the_fake_refuses_what_stripe_does_not_know(self, stripe):
        """Else it would let the application rely on what isn't there."""
        with pytest.raises(Exception, match="unknown parameter: nonsense"):
            gateway._client(KEYS).refunds.create({"nonsense": 1})


@pytest.mark.parametrize(
    ("amount", "currency", "there"),
    [
        (40_000, "EUR", 40_000),
        (500, "JPY", 500),
        (500, "ISK", 50_000),  # no decimals here, two noughts at Stripe
        (500, "UGX", 50_000),
        (500, "HUF", 500),
        (500, "TWD", 500),
        (1_230, "KWD", 1_230),
        (500, "MGA", 5),  # two decimals here, none at Stripe
        (500, "XPF", 500),
    ],
)
def test_units(stripe, order, amount, currency, there):
    assert gateway.units(amount, currency) == there
    assert gateway.minor(there, currency) == amount
    if there >= 50:
        page = gateway.checkout(KEYS, replace(order, amount=amount, currency=currency))
        assert stripe.objects[page.reference]["amount_total"] == there


@pytest.mark.parametrize(
    ("amount", "currency", "why"),
    [
        (1_234, "KWD", "KWD to two decimals only"),
        (550, "MGA", "no fractions of MGA"),
        (1_000, "IQD", "no payments in IQD"),
        (49, "EUR", "below the smallest"),
        (100_000_000, "EUR", "above the largest"),
    ],
)
def test_what_cannot_be_charged(stripe, order, amount, currency, why):
    with pytest.raises(Rejected, match=why):
        gateway.checkout(KEYS, replace(order, amount=amount, currency=currency))
    assert not stripe.objects


def charges(stripe):
    return [one for one in stripe.objects.values() if one["object"] == "charge"]

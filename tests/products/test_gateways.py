"""Which gateways there are, and what the two that ask nobody answer."""

from uuid import uuid4

import pytest

from products import gateways
from products.gateways import Order, Rejected, accounts, outside, test
from products.gateways.gateway import Word
from products.models import GatewayAccount
from products.services import gateways as services
from products.services import payments
from simplero.tenancy.scope import scope
from tests.assertions import nothing_moved
from tests.products import shop


@pytest.fixture
def production(settings):
    settings.DEBUG = settings.DEMO = False


@pytest.fixture
def demo(settings):
    settings.DEMO = True


def order(**more):
    return Order(uuid4(), 100_00, "EUR", "Pack", "ann@example.com", "https://us.example/s/acme/orders/1/paid", "https://us.example/s/acme/", False, **more)  # fmt: skip


@pytest.mark.usefixtures("production")
class TestProduction:
    def test_there_are_no_test_cards(self):
        assert sorted(gateways.offered()) == ["outside", "stripe"]
        with pytest.raises(Rejected):
            gateways.get("test")

    def test_a_row_that_says_otherwise_changes_nothing(self, acme):
        """As a copy of a demonstration's database would have."""
        shop.takes_money(acme)
        with scope(acme.account):
            assert [way.code for way in accounts.ways(acme.account)] == ["outside"]
            with pytest.raises(Rejected):
                payments.opened(acme.account, "test")

    def test_it_cannot_be_switched_on(self, acme, client):
        client.force_login(acme.owner)
        assert client.post("/a/acme/settings/payments/test/switch", {"on": "1"}).status_code == 404
        with scope(acme.account), nothing_moved(), pytest.raises(Rejected):
            services.switch(account=acme.account, gateway="test", on=True, actor=acme.actor)
        with scope(acme.account):
            assert not GatewayAccount.objects.exists()

    def test_a_payment_begun_with_it_cannot_be_paid(self, acme, settings):
        settings.DEMO = True
        shop.takes_money(acme)
        pack = shop.product(acme)
        bought = shop.order(acme, pack, shop.price(acme, pack, 100_00), by=acme.contact, gateway="test")
        settings.DEMO = False
        payment = shop.payment(acme, bought)
        with scope(acme.account):
            payments.checked_out(
                account=acme.account, payment_id=payment.pk, checkout_ref=f"test_paid_4242_{payment.public_id.hex}"
            )
        with nothing_moved(), pytest.raises(Rejected):
            payments.look(account=acme.account, payment_id=payment.pk)


@pytest.mark.usefixtures("demo")
class TestTestCards:
    def answer(self, number, **more):
        payment = uuid4()
        return payment, test.answer(number, payment, **more)

    @pytest.mark.parametrize(
        ("number", "confirmed", "outcome"),
        [
            ("4242 4242 4242 4242", False, "paid"),
            ("4242-4242-4242-4242", False, "paid"),
            ("4000000000000002", False, "declined"),
            ("4000002500003155", False, "step"),
            ("4000002500003155", True, "paid"),
            ("4000000000000341", False, "paid"),
            ("4111111111111111", False, "declined"),
            ("", False, "declined"),
        ],
    )
    def test_what_a_number_answers(self, number, confirmed, outcome):
        payment, answer = self.answer(number, confirmed=confirmed)
        assert answer.outcome == outcome
        assert bool(answer.reference) == (outcome == "paid")
        assert bool(answer.sentence) == (outcome != "paid")
        word = test.look({}, checkout_ref=answer.reference, charge_ref="")
        assert word.state == ("paid" if outcome == "paid" else "pending")

    def test_the_page_is_the_shops_own(self):
        page = test.checkout({}, one := order())
        assert page.url == f"https://us.example/s/acme/test-pay/{one.payment}"
        assert test.beside("https://shop.example/orders/1/paid?x=1", "test-pay/2") == "https://shop.example/test-pay/2"
        assert test.look({}, checkout_ref=page.reference, charge_ref="") == Word("pending")

    @pytest.mark.parametrize(
        ("number", "state"),
        [("4242424242424242", "paid"), ("4000002500003155", "paid"), ("4000000000000341", "failed")],
    )
    def test_renewals(self, number, state):
        _, answer = self.answer(number, confirmed=True)
        first = test.look({}, checkout_ref=answer.reference, charge_ref="")
        assert first.state == "paid"
        assert first.card_label == f"Test card ending in {number[-4:]}"
        word = test.charge({}, order(), payer_ref=first.payer_ref, card_ref=first.card_ref)
        assert word.state == state
        assert test.look({}, checkout_ref="", charge_ref=word.charge_ref) == word
        assert bool(word.reason) == (state == "failed")

    def test_another_card(self):
        purchase = uuid4()
        assert test.card_of({}, checkout_ref=f"test_asked_{purchase.hex}", purchase=purchase) is None
        given = test.answer_card("4242424242424242", purchase)
        assert test.card_of({}, checkout_ref=given.reference, purchase=uuid4()) is None
        payer, card, label = test.card_of({}, checkout_ref=given.reference, purchase=purchase)
        assert label == "Test card ending in 4242"
        assert test.charge({}, order(), payer_ref=payer, card_ref=card).state == "paid"

    def test_money_back(self):
        _, answer = self.answer("4242424242424242")
        charge = test.look({}, checkout_ref=answer.reference, charge_ref="").charge_ref
        key = uuid4()
        word = test.refund({}, charge_ref=charge, amount=1, currency="EUR", key=key)
        assert word == test.refund({}, charge_ref=charge, amount=1, currency="EUR", key=key)
        assert word.state == "done"


class TestOutside:
    def test_nothing_happens_by_itself(self):
        one = order()
        page = outside.checkout({}, one)
        assert (page.reference, page.url) == ("", one.return_url)
        assert outside.look({}, checkout_ref="", charge_ref="") == Word("pending")
        assert not outside.automatic

    def test_no_card_and_no_money(self):
        with pytest.raises(Rejected):
            outside.charge({}, order(), payer_ref="", card_ref="")
        with pytest.raises(Rejected):
            outside.refund({}, charge_ref="", amount=1, currency="EUR", key=uuid4())

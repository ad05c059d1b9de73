"""Refunds: never more than was paid, the unspent credits of the purchase and no others, once."""

import itertools
import random
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products import errors
from products.gateways.gateway import Word
from products.models import Payment, Refund, RefundWay
from products.services import payments, refunds, renewals
from simplero.outbox.relay import relay
from tests import factories
from tests.assertions import figures, nothing_moved, refused
from tests.factories import inside

from . import shop


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture
def pack(acme):
    """Five sessions bought for €425, beside three that staff gave."""
    shop.takes_money(acme)
    factories.issue(acme, 3)
    made = shop.product(acme, "Pack", included=5)
    return shop.bought(acme, made, shop.price(acme, made, 8_500), by=acme.contact)


def ask(world, purchase, amount=0, *, way=RefundWay.OUTSIDE, withdraw=True, key=None):
    with inside(world):
        return refunds.ask(
            account=world.account,
            purchase=purchase,
            amount=amount,
            way=way,
            withdraw=withdraw,
            key=key or uuid.uuid4(),
            note="sorry",
            actor=world.actor,
        )


def refunded(world, purchase):
    with inside(world):
        return [payment.refunded for payment in Payment.objects.filter(purchase=purchase).order_by("pk")]


def test_only_its_own_unspent_credits_are_withdrawn(acme, zen, pack):
    factories.consume(acme, 4)  # three that were given (older), and one of the pack
    ask(acme, pack, 42_500)
    assert shop.fresh(acme, pack).state == "refunded"
    assert (figures(acme).free, figures(acme).withdrawn, figures(acme).used) == (0, 4, 4)
    assert refunded(acme, pack) == [42_500]


def test_the_preview_says_what_will_happen(acme, pack):
    factories.consume(acme, 4)
    with inside(acme):
        before = refunds.preview(acme.account, pack)
    assert (before.left, before.currency, before.automatic) == (42_500, "EUR", True)
    assert [(lot.free, lot.used) for _, lot in before.unspent.lots] == [(4, 1)]
    ask(acme, pack, 42_500)
    with inside(acme):
        after = refunds.preview(acme.account, pack)
    assert (after.left, [lot.free for _, lot in after.unspent.lots]) == (0, [0])


def test_the_money_may_stay(acme, pack):
    ask(acme, pack, 0)
    assert shop.fresh(acme, pack).state == "refunded"
    assert (figures(acme).free, refunded(acme, pack)) == (3, [0])


def test_money_without_credits(acme, pack):
    ask(acme, pack, 10_000, withdraw=False)
    assert (shop.fresh(acme, pack).state, figures(acme).free, refunded(acme, pack)) == ("active", 8, [10_000])


def test_three_parts_and_not_a_cent_more(acme, pack):
    for part in (10_000, 20_000, 12_500):
        ask(acme, pack, part, withdraw=False)
    assert (shop.fresh(acme, pack).state, refunded(acme, pack)) == ("refunded", [42_500])
    with refused(errors.OverRefund, left=0):
        ask(acme, pack, 1, withdraw=False)


def test_the_same_request_is_one_refund(acme, pack):
    key = uuid.uuid4()
    first = ask(acme, pack, 10_000, key=key)
    with nothing_moved():
        assert ask(acme, pack, 10_000, key=key) == first
    assert refunded(acme, pack) == [10_000]


def test_nothing_chosen_is_nothing_done(acme, pack):
    with refused(errors.NothingToRefund):
        ask(acme, pack, 0, withdraw=False)


def test_what_credits_paid_comes_back_to_the_lots_that_paid(acme):
    factories.issue(acme, 5)
    made = shop.product(acme, "Workshop", kind="service")
    purchase = shop.order(acme, made, shop.price(acme, made, 3, "credit", credit_type=acme.session), by=acme.contact)
    assert figures(acme).free == 2
    ask(acme, purchase)
    assert shop.fresh(acme, purchase).state == "refunded"
    assert (figures(acme).free, figures(acme).used) == (5, 0)
    assert [kind for kind, *_ in factories.activity(acme)] == ["issue", "consume", "reverse"]


def test_what_staff_reversed_before_does_not_come_back_twice(acme):
    factories.issue(acme, 5)
    made = shop.product(acme, "Workshop", kind="service")
    purchase = shop.order(acme, made, shop.price(acme, made, 3, "credit", credit_type=acme.session), by=acme.contact)
    with inside(acme):
        use = factories.Entry.objects.get(kind="consume")
    factories.reverse(acme, use, 2)
    ask(acme, purchase)
    assert (figures(acme).free, figures(acme).used) == (5, 0)


def test_a_lot_opened_in_place_of_one_of_its_own_counts_too(acme, at):
    """Used, expired, given back: what came back is a new lot of the same purchase."""
    at(datetime(2027, 3, 1, 12, tzinfo=UTC))
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5, expiry="10 days")
    purchase = shop.bought(acme, made, shop.price(acme, made, 100), by=acme.contact)
    use = factories.consume(acme, 2)
    at(datetime(2027, 3, 20, 12, tzinfo=UTC))
    factories.reverse(acme, use, 2)
    assert figures(acme).free == 2
    ask(acme, purchase, 500)
    assert figures(acme).free == 0


def test_sent_the_way_it_came_by_whoever_comes_first(acme, pack):
    [refund] = ask(acme, pack, 42_500, way=RefundWay.GATEWAY)
    assert refund.state == "pending"
    for _ in range(3):
        refunds.send(account=acme.account, refund_id=refund.pk)
    with inside(acme):
        sent = Refund.objects.get()
    assert (sent.state, sent.refund_ref) == ("done", f"test_refund_{refund.key.hex}")


def test_a_worker_sends_what_was_not(acme, pack, at):
    ask(acme, pack, 42_500, way=RefundWay.GATEWAY)
    with inside(acme):
        asked = Refund.objects.get().created_at
    at(asked + timedelta(minutes=1))
    relay()
    with inside(acme):
        assert Refund.objects.get().state == "done"


def test_what_the_provider_will_not_send_can_be_asked_for_again(acme, pack):
    with inside(acme):
        Payment.objects.update(charge_ref="not of this provider")
    [refund] = ask(acme, pack, 42_500, way=RefundWay.GATEWAY)
    refunds.send(account=acme.account, refund_id=refund.pk)
    with inside(acme):
        failed = Refund.objects.get()
    assert (failed.state, failed.reason) == ("failed", "There is no test payment to refund.")
    assert refunded(acme, pack) == [0]
    ask(acme, pack, 42_500, withdraw=False)
    assert refunded(acme, pack) == [42_500]


def test_of_a_subscription_the_latest_period_goes_back_first(acme, at):
    at(datetime(2027, 1, 10, 12, tzinfo=UTC))
    shop.takes_money(acme)
    made = shop.product(acme, "Monthly", included=4)
    monthly = shop.price(acme, made, 1_000, "recurring", every=1, period="months")
    purchase = shop.bought(acme, made, monthly, by=acme.contact)
    at(datetime(2027, 2, 10, 12, tzinfo=UTC))
    renewals.renew(account_id=acme.account.pk, subject=purchase.pk)
    ask(acme, purchase, 5_000, withdraw=False)
    assert refunded(acme, purchase) == [1_000, 4_000]


def test_the_database_refuses_more_than_was_paid(acme, pack):
    with (
        inside(acme),
        pytest.raises(IntegrityError, match="payment_refunded"),
        transaction.atomic(),
    ):
        Payment.objects.update(refunded=42_501)


PAID = Word("paid", charge_ref="test_charge_4242_x")
PART = Word("paid", charge_ref="test_charge_4242_x", refunded=10_000)
BACK = Word("paid", charge_ref="test_charge_4242_x", refunded=42_500)
OPEN = Word("paid", charge_ref="test_charge_4242_x", dispute="open")
LOST = Word("paid", charge_ref="test_charge_4242_x", dispute="lost")


@pytest.mark.parametrize("order", list(itertools.permutations([PAID, PART, BACK])))
def test_whatever_is_heard_first_the_end_is_the_same(acme, order):
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5)
    purchase = shop.order(acme, made, shop.price(acme, made, 8_500), by=acme.contact)
    due = shop.payment(acme, purchase)
    for word in [*order, *random.Random(1).sample(order, 3)]:
        with inside(acme):
            payments.settle(account=acme.account, payment_id=due.pk, word=word)
    assert shop.fresh(acme, purchase).state == "refunded"
    assert refunded(acme, purchase) == [42_500]
    assert shop.entries(acme, purchase) == [(1, "issue", 5)]
    assert (figures(acme).issued, figures(acme).withdrawn, figures(acme).free) == (5, 5, 0)


@pytest.mark.parametrize(("word", "state", "free"), [(OPEN, "active", 5), (LOST, "refunded", 0)])
def test_a_dispute_is_told_and_one_that_is_lost_takes_the_money_back(acme, word, state, free):
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5)
    purchase = shop.bought(acme, made, shop.price(acme, made, 8_500), by=acme.contact)
    due = shop.payment(acme, purchase)
    for _ in range(2):
        with inside(acme):
            payments.settle(account=acme.account, payment_id=due.pk, word=word)
    assert (shop.fresh(acme, purchase).state, figures(acme).free) == (state, free)
    with inside(acme):
        assert Payment.objects.get().dispute == word.dispute
        assert [refund.way for refund in Refund.objects.all()] == (["chargeback"] if word is LOST else [])


def test_an_older_word_of_a_dispute_changes_nothing(acme):
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5)
    purchase = shop.bought(acme, made, shop.price(acme, made, 8_500), by=acme.contact)
    due = shop.payment(acme, purchase)
    won = Word("paid", charge_ref="test_charge_4242_x", dispute="won")
    for word in (OPEN, won, OPEN):
        with inside(acme):
            payments.settle(account=acme.account, payment_id=due.pk, word=word)
    with inside(acme):
        assert Payment.objects.get().dispute == "won"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 30_000), min_size=1, max_size=6))
def test_parts_in_any_size_add_up(acme, pack, parts):
    """Each part goes back whole or is refused, and never more than was paid in all."""
    with inside(acme), transaction.atomic():
        back = 0
        for part in parts:
            if back + part > 42_500:
                with pytest.raises(errors.OverRefund) as over:
                    ask(acme, pack, part, withdraw=False)
                assert over.value.left == 42_500 - back
            else:
                ask(acme, pack, part, withdraw=False)
                back += part
            assert refunded(acme, pack) == [back]
        transaction.set_rollback(True)


def test_what_went_back_outside_does_not_hide_what_the_provider_gave_back(acme, pack):
    """€200 by hand and €150 in the provider's pages: at most €75 of €425 is left, whoever asks."""
    ask(acme, pack, 20_000, withdraw=False)
    due = shop.payment(acme, pack)
    for _ in range(2):
        with inside(acme):
            payments.settle(account=acme.account, payment_id=due.pk, word=Word("paid", due.charge_ref, refunded=15_000))
    assert refunded(acme, pack) == [35_000]
    with refused(errors.OverRefund, left=7_500):
        ask(acme, pack, 30_000, withdraw=False)


def test_more_than_is_left_given_back_by_the_provider_is_told_to_operators(acme, pack, caplog):
    ask(acme, pack, 40_000, withdraw=False)
    due = shop.payment(acme, pack)
    with inside(acme):
        payments.settle(account=acme.account, payment_id=due.pk, word=BACK)
        payments.settle(account=acme.account, payment_id=due.pk, word=BACK)
    assert refunded(acme, pack) == [42_500]
    assert "gave back 40000 more than is left" in caplog.text


def test_another_request_under_the_same_key_is_refused(acme, pack):
    key = uuid.uuid4()
    ask(acme, pack, 10_000, key=key, withdraw=False)
    for other in ({"amount": 20_000}, {"amount": 10_000, "way": RefundWay.CHARGEBACK}):
        with refused(errors.RefundReused):
            ask(acme, pack, key=key, withdraw=False, **other)


@pytest.fixture
def subscription(acme, at):
    """Two periods of four sessions, both paid."""
    at(datetime(2027, 1, 10, 12, tzinfo=UTC))
    shop.takes_money(acme)
    made = shop.product(acme, "Monthly", included=4)
    monthly = shop.price(acme, made, 1_000, "recurring", every=1, period="months")
    purchase = shop.bought(acme, made, monthly, by=acme.contact)
    at(datetime(2027, 2, 10, 12, tzinfo=UTC))
    renewals.renew(account_id=acme.account.pk, subject=purchase.pk)
    assert figures(acme).free == 8
    return purchase


def test_a_lost_dispute_of_one_period_takes_its_credits_and_ends_the_subscription(acme, subscription, at):
    second = shop.payment(acme, subscription, 2)
    lost = Word("paid", second.charge_ref, dispute="lost")
    with inside(acme):
        payments.settle(account=acme.account, payment_id=second.pk, word=lost)
    assert refunded(acme, subscription) == [0, 4_000]
    assert (figures(acme).free, figures(acme).withdrawn) == (4, 4)
    assert shop.fresh(acme, subscription).state == "cancelled"
    at(datetime(2027, 3, 11, 12, tzinfo=UTC))
    relay()
    assert len(shop.paid(acme, subscription)) == 2


def test_one_period_given_back_by_the_provider_takes_its_credits_only(acme, subscription):
    second = shop.payment(acme, subscription, 2)
    back = Word("paid", second.charge_ref, refunded=4_000)
    with inside(acme):
        payments.settle(account=acme.account, payment_id=second.pk, word=back)
    assert (figures(acme).free, shop.fresh(acme, subscription).state) == (4, "active")


def test_every_wallet_is_held_before_any_is_touched(acme):
    """A refund that takes back one type and gives back another locks both at once, in the order in which an order does."""
    factories.issue(acme, 5)
    call = factories.credit_type(acme, "call")
    made = shop.product(acme, "Retreat", kind="service")
    with inside(acme):
        shop.selling.include_credits(account=acme.account, product=made, credit_type=call, amount=1, actor=acme.actor)
    at = shop.price(acme, made, 3, "credit", credit_type=acme.session)
    purchase = shop.order(acme, made, at, by=acme.contact)
    with CaptureQueriesContext(connection) as captured:
        ask(acme, purchase)
    touching = [
        one["sql"]
        for one in captured
        if "FROM credits_" in one["sql"] and "UPDATE" in one["sql"] or "posting" in one["sql"]
    ]
    assert "ORDER BY id FOR NO KEY UPDATE" in touching[0]
    held = touching[0].split("ANY(")[1].split(")")[0]
    assert {str(acme.session.pk), str(call.pk)} <= set(re.findall(r"\d+", held))
    assert (figures(acme).free, figures(acme, of=call).free) == (5, 0)

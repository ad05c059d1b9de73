"""Races over one purchase: its renewal, its refunds and its payment. With the purchase's lock off, they happen."""

import threading
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from django.db import connection

from products.errors import OverRefund
from products.gateways.gateway import Word
from products.models import Payment, Refund, RefundWay
from products.services import payments, refunds, renewals
from simplero.tenancy.scope import scope
from tests.assertions import figures
from tests.products import shop

from .racing import at_once, posted, raised

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sold(acme, zen, settings):
    """A pack of five for €425, paid with a test card."""
    settings.DEMO = True
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5)
    return shop.bought(acme, made, shop.price(acme, made, 8_500), by=acme.contact)


@contextmanager
def unlocked(meeting):
    """In this thread no purchase is locked; where it would first have waited, all wait until each has read."""
    met = []

    def unlock(execute, sql, params, many, context):
        if '"products_purchase"' not in sql or " FOR NO KEY UPDATE" not in sql:
            return execute(sql, params, many, context)
        found = execute(sql.split(" FOR NO KEY UPDATE")[0], params, many, context)
        if not met:
            met.append(True)
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=10)
        return found

    with connection.execute_wrapper(unlock):
        yield


def take_back(world, purchase, amount):
    def ask():
        with scope(world.account):
            return refunds.ask(
                account=world.account,
                purchase=purchase,
                amount=amount,
                way=RefundWay.OUTSIDE,
                withdraw=True,
                key=uuid.uuid4(),
                actor=world.actor,
            )

    return ask


def off(works):
    """These works, in threads that take no lock."""
    meeting = threading.Barrier(len(works))

    def without(work):
        def run():
            with unlocked(meeting):
                return work()

        return run

    return [without(work) for work in works]


def gone_back(world):
    with scope(world.account):
        return Payment.objects.get().refunded, sum(refund.amount for refund in Refund.objects.all())


def test_a_refund_taken_twice(acme, sold):
    answers = at_once([take_back(acme, sold, 42_500)] * 6)
    assert (len(posted(answers)), len(raised(answers, OverRefund)), len(raised(answers))) == (1, 5, 5)
    assert gone_back(acme) == (42_500, 42_500)
    assert (figures(acme).free, figures(acme).withdrawn) == (0, 5)


@pytest.mark.corrupts_ledger
def test_a_refund_taken_twice_without_the_lock(acme, sold):
    at_once(off([take_back(acme, sold, 42_500)] * 6))
    noted, paid_out = gone_back(acme)
    assert paid_out > noted


def test_three_parts_at_once(acme, sold):
    answers = at_once([take_back(acme, sold, amount) for amount in (10_000, 20_000, 12_500)])
    assert not raised(answers)
    assert gone_back(acme) == (42_500, 42_500)
    assert shop.fresh(acme, sold).state == "refunded"


def test_four_parts_of_which_three_fit(acme, sold):
    answers = at_once([take_back(acme, sold, 14_000)] * 4)
    assert (len(posted(answers)), len(raised(answers, OverRefund))) == (3, 1)
    assert gone_back(acme) == (42_000, 42_000)


@pytest.fixture
def monthly(acme, zen, settings, at):
    settings.DEMO = True
    at(datetime(2027, 1, 31, 9, tzinfo=UTC))
    shop.takes_money(acme)
    made = shop.product(acme, "Monthly four", included=4)
    price = shop.price(acme, made, 6_000, "recurring", every=1, period="months")
    purchase = shop.bought(acme, made, price, by=acme.contact)
    at(datetime(2027, 3, 1, 9, tzinfo=UTC))
    return purchase


def renew(world, purchase):
    return lambda: renewals.renew(account_id=world.account.pk, subject=purchase.pk)


def test_a_renewal_run_by_many_workers_at_once(acme, monthly):
    answers = at_once([renew(acme, monthly)] * 8)
    assert not raised(answers)
    assert shop.paid(acme, monthly) == [(1, "paid"), (2, "paid")]
    assert shop.entries(acme, monthly) == [(1, "issue", 4), (2, "issue", 4)]


def test_a_renewal_run_by_many_without_the_lock(acme, monthly):
    """The database still says no to a second payment of the period: workers fail where they would have waited."""
    answers = at_once(off([renew(acme, monthly)] * 8))
    assert raised(answers)
    assert shop.entries(acme, monthly) == [(1, "issue", 4), (2, "issue", 4)]


def test_paid_and_given_back_heard_at_once(acme, zen, settings):
    settings.DEMO = True
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5)
    purchase = shop.order(acme, made, shop.price(acme, made, 8_500), by=acme.contact)
    due = shop.payment(acme, purchase)
    words = [Word("paid", "test_charge_4242_x", refunded=back) for back in (0, 0, 42_500, 42_500, 10_000)]

    def hear(word):
        def settle():
            with scope(acme.account):
                payments.settle(account=acme.account, payment_id=due.pk, word=word)

        return settle

    assert not raised(at_once([hear(word) for word in words]))
    assert shop.entries(acme, purchase) == [(1, "issue", 5)]
    assert gone_back(acme) == (42_500, 42_500)
    assert shop.fresh(acme, purchase).state == "refunded"
    assert figures(acme).free == 0

"""Races of the storefront, through its pages on real connections. Each has its negative control: with the guard off, it happens."""

import uuid
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from contacts.models import Contact
from products.models import PurchaseEntry, RefundWay
from products.services import refunds
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures
from tests.factories import inside
from tests.products import shop as arrange
from tests.shop.orders import opened, purchases, send
from tests.shop.world import customer

from .racing import at_once, raised, without_lock

pytestmark = pytest.mark.django_db(transaction=True)

WHO = {"name": "Newly Here", "email": "new@example.com", "gateway": "test"}


@pytest.fixture
def workshop(acme, zen):
    """3 sessions. Ann has a wallet, so that threads make nothing but orders; zen beside it."""
    for world in (acme, zen):
        factories.issue(world, 1)
        factories.consume(world, 1)
    made = arrange.product(acme, "Workshop", kind="service")
    acme.price = arrange.price(acme, made, 3, "credit", credit_type=acme.session)
    return made


def codes(answers):
    """The status of each answer, or what was raised instead of one."""
    return sorted(repr(one) if isinstance(one, Exception) else one.status_code for one in answers)


def orders_at_once(forms):
    return at_once([lambda browser=browser, sent=sent: send(browser, "workshop", sent) for browser, sent in forms])


# Several sessions of one customer, and credits for one of them


def last_credits(acme, sessions, *, held=5):
    factories.issue(acme, held)
    browsers = [customer(acme) for _ in range(sessions)]
    return orders_at_once([(browser, opened(browser, "workshop")) for browser in browsers])


def test_two_sessions_and_the_last_credits(acme, workshop):
    answers = last_credits(acme, 2)
    assert codes(answers) == [303, 409]
    assert figures(acme).free == 2
    [purchase] = purchases(acme)
    assert arrange.entries(acme, purchase) == [(1, "consume", 3)]


def test_many_sessions_and_credits_for_some(acme, workshop):
    answers = last_credits(acme, 8, held=10)
    assert codes(answers) == [303] * 3 + [409] * 5
    assert figures(acme).free == 1
    assert len(purchases(acme)) == 3


@pytest.mark.corrupts_ledger
def test_two_sessions_and_the_last_credits_without_the_lock(acme, workshop):
    """The balance's own CHECK, or a number used twice, is what then stops the second: an error, and no answer."""
    with without_lock():
        answers = last_credits(acme, 8, held=10)
    assert raised(answers)


# One order form, sent by many threads at once


def test_the_same_order_sent_five_times_at_once(acme, workshop):
    factories.issue(acme, 20)
    browser = customer(acme)
    sent = opened(browser, "workshop")
    answers = orders_at_once([(again(browser), sent) for _ in range(5)])
    assert codes(answers) == [303] * 5
    assert len({answer["Location"] for answer in answers}) == 1
    [purchase] = purchases(acme)
    assert arrange.entries(acme, purchase) == [(1, "consume", 3)]
    assert figures(acme).free == 17


def test_the_same_order_sent_five_times_at_once_without_its_key(acme, workshop):
    factories.issue(acme, 20)
    browser = customer(acme)
    sent = opened(browser, "workshop")
    with without_key():
        answers = orders_at_once([(again(browser), sent) for _ in range(5)])
        assert set(codes(answers)) == {303}
        assert len(purchases(acme)) > 1


def test_a_new_customers_order_sent_five_times_at_once(acme, workshop):
    """The contact that it makes is one as well, and nobody reads that the address is known."""
    arrange.takes_money(acme)
    arrange.price(acme, workshop, 9_000)
    browser = Client()
    sent = opened(browser, "workshop", price=money(acme, workshop)) | WHO
    answers = orders_at_once([(again(browser), sent) for _ in range(5)])
    assert codes(answers) == [303] * 5
    assert len({answer["Location"] for answer in answers}) == 1
    assert len(purchases(acme)) == 1
    with inside(acme):
        assert Contact.objects.filter(email="new@example.com").count() == 1


def test_orders_of_several_browsers_by_one_new_address(acme, workshop):
    """Each is an order; the address is one contact's, and nobody is told whose."""
    arrange.takes_money(acme)
    arrange.price(acme, workshop, 9_000)
    browsers = [Client() for _ in range(5)]
    forms = [(browser, opened(browser, "workshop", price=money(acme, workshop)) | WHO) for browser in browsers]
    assert codes(orders_at_once(forms)) == [303] * 5
    with inside(acme):
        [contact] = Contact.objects.filter(email="new@example.com")
    assert [purchase.contact_id for purchase in purchases(acme)] == [contact.pk] * 5


def money(acme, product):
    with inside(acme):
        return str(product.prices.get(kind="single").public_id)


def again(browser):
    """The same browser in another thread: the test client's own is not made for two."""
    other = Client()
    other.cookies = browser.cookies
    return other


@contextmanager
def without_key():
    """No order knows another by its key; and each dawdles before its purchase is written, so that two meet."""
    before = [
        "DROP INDEX purchase_once",
        "CREATE FUNCTION test_dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END'",
        "CREATE TRIGGER test_dawdle BEFORE INSERT ON products_purchase FOR EACH ROW EXECUTE FUNCTION test_dawdle()",
    ]
    after = [
        "DROP TRIGGER test_dawdle ON products_purchase",
        "DROP FUNCTION test_dawdle()",
        "TRUNCATE products_purchase, credits_wallet, outbox_event, outbox_job CASCADE",
        "CREATE UNIQUE INDEX purchase_once ON products_purchase (account_id, key)",
    ]
    with connection.as_owner(), connection.cursor() as cursor:
        for statement in before:
            cursor.execute(statement)
    try:
        yield
    finally:
        with connection.as_owner(), connection.cursor() as cursor:
            for statement in after:
                cursor.execute(statement)


# Buying with credits while the purchase that issued them is refunded


def bought_and_refunded(acme, rounds, *, until_wrong=False):
    """What went wrong in `rounds` races of an order for 3 credits against the refund of the 3 that would pay for it; `until_wrong` ends
    them with the first that did."""
    pack = arrange.product(acme, "Pack", included=3)
    price = arrange.price(acme, pack, 1_000)
    wrong, won = [], set()
    for number in range(rounds):
        person = factories.contact(acme, f"Contact {number}", email=f"contact{number}@example.com")
        issued = arrange.bought(acme, pack, price, by=person)
        browser = customer(acme, person)
        sent = opened(browser, "workshop")

        def give_back(issued=issued):
            with scope(acme.account):
                return refunds.ask(
                    account=acme.account,
                    purchase=issued,
                    amount=3_000,
                    way=RefundWay.OUTSIDE,
                    withdraw=True,
                    key=uuid.uuid4(),
                    actor=acme.actor,
                )

        answer, refund = at_once([lambda browser=browser, sent=sent: send(browser, "workshop", sent), give_back])
        code = answer if isinstance(answer, Exception) else answer.status_code
        now = figures(acme, to=person)
        spent = (code, now.used, now.withdrawn, now.free) == (303, 3, 0, 0)
        withdrawn = (code, now.used, now.withdrawn, now.free) == (409, 0, 3, 0)
        if isinstance(refund, Exception) or not (spent or withdrawn):
            wrong.append((code, refund, now))
        won.add(code)
        with inside(acme):
            uses = PurchaseEntry.objects.filter(purchase__contact=person, verb="consume").count()
        if uses != (code == 303):
            wrong.append((code, uses))
        if wrong and until_wrong:
            break
    return wrong, won


def test_an_order_against_the_refund_of_what_pays_for_it(acme, workshop):
    arrange.takes_money(acme)
    wrong, won = bought_and_refunded(acme, 10)
    assert wrong == []
    assert won <= {303, 409}


@pytest.mark.corrupts_ledger
def test_an_order_against_the_refund_of_what_pays_for_it_without_the_lock(acme, workshop):
    arrange.takes_money(acme)
    with without_lock(0.3):  # an order has a longer way to its posting than a refund
        wrong, _ = bought_and_refunded(acme, 20, until_wrong=True)
    assert wrong

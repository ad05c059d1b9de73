"""Messages of a payment provider that arrive together: the payment is taken note of once, and issued once."""

import random
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from products.models import PurchaseEntry
from simplero.tenancy.scope import scope
from tests.assertions import figures
from tests.products import shop
from tests.products.conftest import connect, stripe  # noqa: F401  fixtures
from tests.products.test_webhooks import heard, hook, ordered, page  # noqa: F401

from .racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def together(stripe, path, messages):  # noqa: F811
    works = [lambda message=message: stripe.deliver(Client(), path, message).status_code for message in messages]
    return at_once(works)


@pytest.mark.parametrize("seed", range(3))
def test_five_times_in_parallel_and_out_of_order(stripe, acme, hook, ordered, seed):  # noqa: F811
    stripe.pay(page(acme, ordered), "4000000000000002")
    stripe.pay(shop.payment(acme, ordered).checkout_ref)
    messages = [message for message in stripe.events for _ in range(5)]
    random.Random(seed).shuffle(messages)
    first, rest = messages[: len(messages) // 2], messages[len(messages) // 2 :]
    assert together(stripe, hook, first) == [200] * len(first)
    assert together(stripe, hook, rest) == [200] * len(rest)
    assert shop.fresh(acme, ordered).state == "active"
    assert figures(acme).free == 5
    assert shop.entries(acme, ordered) == [(1, "issue", 5)]
    assert heard(acme) == len(stripe.events)


def test_the_message_meets_the_customer_coming_back(stripe, acme, hook, ordered):  # noqa: F811
    stripe.pay(page(acme, ordered))
    payment = shop.payment(acme, ordered)
    look = lambda: shop.payments.look(account=acme.account, payment_id=payment.pk)  # noqa: E731
    deliver = lambda: stripe.deliver(Client(), hook, stripe.events[-1]).status_code  # noqa: E731
    assert at_once([look, deliver, look, deliver, look]) == [None, 200, None, 200, None]
    with scope(acme.account):
        assert PurchaseEntry.objects.count() == 1
    assert figures(acme).free == 5


@contextmanager
def without_once():
    """Nothing but looking tells whether a message was heard before."""
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("DROP INDEX provider_event_once")
    try:
        yield
    finally:
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE products_providerevent")
            cursor.execute(
                "CREATE UNIQUE INDEX provider_event_once ON products_providerevent (account_id, gateway, event_id)"
            )


def test_without_the_constraint_one_message_is_noted_several_times(stripe, acme, hook, ordered):  # noqa: F811
    """And still issues once: what was paid already is not paid again."""
    stripe.pay(page(acme, ordered))
    stripe.slow = 0.2  # so that all have looked before the first has noted it
    with without_once():
        assert together(stripe, hook, [stripe.events[-1]] * 5) == [200] * 5
        assert heard(acme) > 1
    assert shop.entries(acme, ordered) == [(1, "issue", 5)]
    assert figures(acme).free == 5


def test_with_it_once(stripe, acme, hook, ordered):  # noqa: F811
    stripe.pay(page(acme, ordered))
    stripe.slow = 0.2
    assert together(stripe, hook, [stripe.events[-1]] * 5) == [200] * 5
    assert heard(acme) == 1

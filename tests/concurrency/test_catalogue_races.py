"""Two browsers, or one finger twice, at the same product at the same moment."""

from uuid import uuid4

import pytest
from django.test import Client

from tests.products import shop
from tests.products.desk import HERE, kinds, of_price, prices, products

from .racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 4


@pytest.fixture
def clients(acme, zen):
    found = [Client() for _ in range(TIMES)]
    for client in found:
        client.force_login(acme.admin)
    return found


def posts(clients, url, forms):
    """The answers to these forms, sent at once, each by a browser of its own."""
    return at_once(
        [lambda client=client, form=form: client.post(url, form) for client, form in zip(clients, forms, strict=True)]
    )


def test_one_form_at_once_is_one_product(acme, clients):
    form = {"key": str(uuid4()), "name": "Book", "price": "12"}
    answers = posts(clients, f"{HERE}new?kind=other", [form] * TIMES)
    assert [answer.status_code for answer in answers] == [303] * TIMES
    assert len({answer["Location"] for answer in answers}) == 1
    assert len(products(acme)) == len(prices(acme)) == 1
    assert sorted(kinds(acme)) == ["price.added", "product.created"]


def test_one_name_at_once_is_as_many_addresses(acme, clients):
    forms = [{"key": str(uuid4()), "name": "Book", "price": ""} for _ in clients]
    answers = posts(clients, f"{HERE}new?kind=other", forms)
    assert [answer.status_code for answer in answers] == [303] * TIMES
    assert sorted(one.slug for one in products(acme)) == ["book", "book-2", "book-3", "book-4"]
    assert sorted(one.position for one in products(acme)) == [0, 1, 2, 3]


def test_one_price_changed_at_once_by_many(acme, clients):
    """One of them is first; to the others it is said that the price they saw is no more."""
    old = shop.price(acme, shop.product(acme, "Book", kind="other"), 1_000)
    forms = [{"key": str(uuid4()), "amount": str(20 + n), "minimum": str(1 + n)} for n in range(TIMES)]
    answers = posts(clients, of_price(old, "edit"), forms)
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    [new] = prices(acme)
    assert new.pk != old.pk
    assert len(prices(acme, retired=True)) == 2


def test_one_tier_added_at_once_is_one_price(acme, clients):
    book = shop.product(acme, "Book", kind="other")
    forms = [{"key": str(uuid4()), "amount": str(20 + n), "minimum": "5"} for n in range(TIMES)]
    answers = posts(clients, f"{HERE}{book.public_id}/prices/add?kind=single", forms)
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    assert len(prices(acme)) == 1

"""Each way in which purchases and the ledger could tell different stories is found."""

from contextlib import suppress

import pytest
from django.conf import settings as db_settings
from django.db import connection

from credits import proof
from products.models import Refund
from products.services import refunds
from simplero.tenancy.scope import scope
from tests import factories
from tests.factories import inside
from tests.sql_guard import unguarded
from tests.superuser import as_superuser

from . import shop


@pytest.fixture
def sold(acme, zen, settings):
    """A pack paid with money and partly refunded, and a workshop paid with credits."""
    settings.DEMO = True
    shop.takes_money(acme)
    factories.issue(acme, 5)
    pack = shop.product(acme, "Pack", included=5)
    bought = shop.bought(acme, pack, shop.price(acme, pack, 1_000), by=acme.contact)
    workshop = shop.product(acme, "Workshop", kind="service")
    at = shop.price(acme, workshop, 3, "credit", credit_type=acme.session)
    shop.order(acme, workshop, at, by=acme.contact)
    with inside(acme):
        refunds.ask(
            account=acme.account,
            purchase=bought,
            amount=100,
            way="outside",
            withdraw=False,
            key=bought.public_id,
            actor=acme.actor,
        )
    return bought


def test_nothing_is_wrong_with_what_was_sold(acme, zen, sold):
    for world in (acme, zen):
        with scope(world.account):
            assert proof.verify(world.account) == []
    with inside(acme):
        assert Refund.objects.count() == 1


DAMAGES = [
    ("P1", "DELETE FROM products_purchaseentry WHERE verb = 'issue'"),
    ("P1", "UPDATE products_purchaseentry SET amount = 4 WHERE verb = 'issue'"),
    ("P2", "UPDATE products_payment SET state = 'pending', refunded = 0"),
    ("P3", "DELETE FROM products_purchaseentry WHERE verb = 'consume'"),
    ("P4", "UPDATE products_purchaseentry SET entry_key = gen_random_uuid() WHERE verb = 'issue'"),
    ("P4", "UPDATE credits_entry SET source_id = 'another' WHERE source = 'purchase' AND kind = 'consume'"),
    ("P4", "UPDATE credits_entry SET source = 'purchase' WHERE source = 'staff'"),
    ("P5", "UPDATE products_payment SET refunded = 101"),
    ("P5", "UPDATE products_refund SET amount = 99"),
    ("P6", "UPDATE products_payment SET amount = 4999"),
    ("P6", "UPDATE products_payment SET currency = 'USD'"),
]


class Damaged(Exception):
    """Takes the damage back."""


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_damage_is_found(acme, zen, sold, subtests):
    with as_superuser(), unguarded():
        for invariant, statement in DAMAGES:
            with subtests.test(statement), suppress(Damaged), scope(acme.account):
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL session_replication_role = replica")
                    cursor.execute(statement)
                    assert cursor.rowcount >= 1, "nothing was damaged"
                    cursor.execute(f"SET LOCAL ROLE {db_settings.APP_ROLE}")
                assert invariant in {found.invariant for found in proof.verify(acme.account)}
                raise Damaged

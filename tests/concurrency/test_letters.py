"""Letters that several workers write at once. Each race has its negative control: without what prevents it, it happens."""

from contextlib import contextmanager

import pytest
from django.db import connection

from contacts import letters
from contacts.models import Letter
from credits import handlers
from simplero.mail.models import Message
from simplero.tenancy.models import TenantQuerySet
from simplero.tenancy.scope import scope
from tests import factories

from .racing import at_once, raised

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(acme, zen):
    for world in (acme, zen):
        world.contact = factories.contact(world, "Ann Lee", email="ann@x.example")
        assert world.session
    return acme


def same_letter(world, threads):
    def send():
        with scope(world.account):
            letters.send(
                account=world.account,
                contact=world.contact,
                kind="credits_low",
                values={"left": "1 session"},
                source="test",
                source_id="1",
                once="the same",
            )

    assert raised(at_once([send] * threads)) == []
    with scope(world.account):
        return Letter.objects.count()


@contextmanager
def without_once():
    def owner(statement):
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute(statement)

    owner("DROP INDEX letter_once")
    try:
        yield
    finally:
        owner("TRUNCATE contacts_letter")
        owner("CREATE UNIQUE INDEX letter_once ON contacts_letter (account_id, once)")


def test_the_same_letter_from_many_workers(pair):
    assert same_letter(pair, 16) == 1
    assert Message.objects.count() == 1


def test_the_same_letter_without_once(pair):
    with without_once():
        assert same_letter(pair, 16) == 16


def crossings(world, number):
    """How many letters of a low balance several workers write, each of whom has a use that left 1."""
    uses = []
    for _ in range(number):
        factories.issue(world, 2)
        uses.append(factories.consume(world, 1 if not uses else 2))

    def tell(use):
        def told():
            with scope(world.account):
                handlers.moved(account_id=world.account.pk, subject=use.id, attempts=1)

        return told

    assert raised(at_once([tell(use) for use in uses])) == []
    with scope(world.account):
        return Letter.objects.filter(kind="credits_low").count()


def test_low_twice_at_once(pair):
    assert crossings(pair, 8) == 1


def test_low_twice_at_once_without_the_lock(pair, monkeypatch):
    monkeypatch.setattr(TenantQuerySet, "select_for_update", lambda self, **_: self)
    assert crossings(pair, 8) > 1

"""The one door to an account's data: opened, shut, never left ajar (T3)."""

import random
import threading

import pytest
from django.db import InternalError, connection, transaction

from contacts.models import Contact
from credits.models import Wallet
from simplero.tenancy.models import Account
from simplero.tenancy.scope import ScopeError, now, require, scope
from tests import factories
from tests.assertions import figures, sql

SETTING = "SELECT current_setting('app.account_id', true), current_setting('transaction_read_only')"
SHUT = [("no_scope_is_open", "off")]


def test_two_accounts_in_one_test(acme, zen):
    factories.issue(acme, 5)
    factories.issue(zen, 7)
    for world, held in ((acme, 5), (zen, 7), (acme, 5)):
        with scope(world.account):
            assert Wallet.objects.get().balance == held
        assert sql(SETTING) == SHUT


def test_takes_an_account_or_its_id(acme):
    for account in (acme.account, acme.account.pk):
        with scope(account):
            assert require(acme.account) == acme.account.pk


def test_never_one_in_another(acme, zen):
    with scope(acme.account):
        for other in (zen.account, acme.account):
            with pytest.raises(ScopeError, match="inside the scope"), scope(other):
                pass
        assert require(acme.account)
    with pytest.raises(ScopeError):
        require(acme.account)


def test_not_inside_a_strange_transaction(acme):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), scope(acme.account):
        pass


def test_require_names_both_accounts(acme, zen):
    with (
        scope(zen.account),
        pytest.raises(ScopeError, match=f"needs the scope of account {acme.account.pk}, but {zen.account.pk} is open"),
    ):
        require(acme.account)


def test_the_clock_needs_a_scope_and_stands_still_in_it(acme):
    with pytest.raises(ScopeError):
        now()
    with scope(acme.account):
        assert now() == now()


def test_read_only_writes_nothing_and_ends_with_its_scope(acme):
    assert acme.contact
    with scope(acme.account, read_only=True):
        assert Contact.objects.get() == acme.contact
        with pytest.raises(InternalError, match="read-only transaction"):
            sql("UPDATE contacts_contact SET name = 'x' WHERE account_id = %s", acme.account.pk)
        with pytest.raises(InternalError, match="read-only transaction"):
            factories.issue(acme, 5)
        with pytest.raises(InternalError, match="read-write mode inside a read-only"):
            sql("SET TRANSACTION READ WRITE")
    factories.contact(acme, "Ben")


@pytest.mark.django_db(transaction=True)
def test_nothing_stays_on_the_connection(acme):
    assert sql(SETTING) == SHUT
    for read_only in (True, False):
        with pytest.raises(ZeroDivisionError), scope(acme.account, read_only=read_only):
            1 / 0  # noqa: B018
        assert sql(SETTING) == SHUT
        assert connection.account_id is None
        assert connection.scope_now is None


@pytest.mark.django_db(transaction=True)
def test_a_scope_that_fails_keeps_nothing(acme):
    assert acme.session
    with pytest.raises(ZeroDivisionError), scope(acme.account):  # noqa: PT012
        factories.contact(acme, "Ben")
        1 / 0  # noqa: B018
    with scope(acme.account):
        assert not Contact.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_starts_empty_after_transactional_tests():
    assert not Account.objects.exists()
    with scope(1):
        assert not Wallet.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_hundred_requests_of_two_accounts_mixed_on_four_connections(acme, zen):
    """Each thread keeps its connection from one account to the other, through refusals and exceptions."""
    factories.issue(acme, 500)
    factories.issue(zen, 700)
    order = [acme, zen] * 100
    random.Random(7).shuffle(order)
    wrong, lock = [], threading.Lock()

    def serve():
        try:
            while True:
                with lock:
                    if not order:
                        return
                    world = order.pop()
                    turn = len(order)
                try:
                    with scope(world.account, read_only=turn % 3 == 0):
                        [contact] = Contact.objects.all()
                        if contact != world.contact or sql("SELECT current_setting('app.account_id')") != [
                            (str(world.account.pk),)
                        ]:
                            wrong.append(turn)
                        if turn % 3 == 1:
                            factories.consume(world, 1)
                        if turn % 5 == 0:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    pass
                if sql(SETTING) != SHUT or connection.account_id is not None:
                    wrong.append(turn)
        finally:
            connection.close()

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not order
    assert figures(acme).used + figures(zen).used > 40

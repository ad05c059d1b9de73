"""Lots go from one contact to another with all that befell them, and what is done to them later finds them there."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from contacts import services as contacts
from contacts.directory import Details
from contacts.errors import Erased, Merged
from credits import errors, services
from credits.models import Entry, Lot, Wallet
from credits.proof import verify
from credits.services import Why
from simplero.outbox.models import Event
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved, refused
from tests.sql_guard import unguarded
from tests.superuser import as_superuser

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def ben(acme):
    return factories.contact(acme, "Ben Ito")


def transfer(world, source, target, *, lots=None, key=None):
    with scope(world.account):
        return services.transfer(
            account=world.account,
            source=source,
            target=target,
            lots=lots,
            key=key or uuid.uuid4(),
            why=Why(world.actor, "merge", "m1"),
        )


def wallet(world, contact, credit_type=None):
    with scope(world.account):
        found = Wallet.objects.get(contact=contact, credit_type=credit_type or world.session)
        return found.balance, found.issued, found.used, found.expired, found.withdrawn


def sound(world):
    with scope(world.account, read_only=True):
        return verify(world.account) == []


def test_by_linked_entries(acme, ben):
    factories.issue(acme, 5)
    factories.consume(acme, 2)
    factories.issue(acme, 4, to=ben)
    done = transfer(acme, acme.contact, ben)
    [pair] = done.pairs
    assert (pair.credit_type_id, pair.amount) == (acme.session.pk, 3)
    assert wallet(acme, acme.contact) == (0, 2, 2, 0, 0)
    assert wallet(acme, ben) == (7, 7, 0, 0, 0)
    with scope(acme.account):
        out, into = Entry.objects.get(key=pair.out), Entry.objects.get(key=pair.into)
        assert (out.kind, out.amount, into.amount, into.linked_id) == ("transfer", -3, 3, out.pk)
        assert Lot.objects.get(pk=done.lots[0]).wallet_id == into.wallet_id
        told = Event.objects.filter(kind="credits.transferred").order_by("pk")
        assert [(event.contact_id, event.body["amount"]) for event in told] == [(acme.contact.pk, -3), (ben.pk, 3)]
    assert sound(acme)


@pytest.mark.parametrize("wallet_there", [True, False])
def test_nothing_is_issued_to_who_was_merged_or_erased(acme, ben, wallet_there):
    gone = factories.contact(acme, "Cy Moss")
    if wallet_there:
        factories.issue(acme, 3, to=gone)
        factories.issue(acme, 3, to=ben)
    key = uuid.uuid4()
    before = factories.issue(acme, 2, to=ben, key=key)
    with scope(acme.account):
        contacts.merge(
            account=acme.account,
            source=ben,
            target=acme.contact,
            details=Details.of(acme.contact),
            key=uuid.uuid4(),
            actor=acme.actor,
        )
        contacts.erase(account=acme.account, contact=gone, actor=acme.actor)
    assert factories.issue(acme, 2, to=ben, key=key).id == before.id
    rows = [services.Wanted(contact.pk, 1, uuid.uuid4()) for contact in (ben, gone, acme.contact)]
    with refused(Merged):
        factories.issue(acme, 1, to=ben)
    with refused(Erased):
        factories.issue(acme, 1, to=gone)
    with nothing_moved(), scope(acme.account):
        answers = services.issue_many(
            account=acme.account, credit_type=acme.session, rows=rows[:2], why=Why(acme.actor, "bulk")
        )
    assert [(one.outcome, one.reason) for one in answers] == [("refused", "not_here")] * 2
    with scope(acme.account):
        [answer] = services.issue_many(
            account=acme.account, credit_type=acme.session, rows=rows[2:], why=Why(acme.actor, "bulk")
        )
    assert answer.outcome == "posted"
    assert sound(acme)


def test_done_again_finds_nothing_to_take(acme, ben):
    factories.issue(acme, 5)
    key = uuid.uuid4()
    transfer(acme, acme.contact, ben, key=key)
    with nothing_moved():
        assert transfer(acme, acme.contact, ben, key=key).lots == []


def test_what_was_used_before_is_given_back_where_the_lot_is_now(acme, ben):
    factories.issue(acme, 5)
    use = factories.consume(acme, 2)
    transfer(acme, acme.contact, ben)
    with scope(acme.account):
        services.reverse(account=acme.account, use=use.key, amount=2, key=uuid.uuid4(), reason="ill", actor=acme.actor)
    assert wallet(acme, ben) == (5, 3, -2, 0, 0)
    assert wallet(acme, acme.contact) == (0, 2, 2, 0, 0)
    assert sound(acme)


def test_withdrawals_and_new_last_good_days_find_the_lot(acme, ben, at):
    at(NOON)
    factories.issue(acme, 5, expiry="1 months")
    done = transfer(acme, acme.contact, ben)
    with scope(acme.account):
        lot = Lot.objects.get(pk=done.lots[0])
        services.withdraw(
            account=acme.account, lot=lot.public_id, amount=2, key=uuid.uuid4(), reason="x", actor=acme.actor
        )
        services.redate(
            account=acme.account,
            lot=lot.public_id,
            last_good_day=date(2026, 3, 4),
            key=uuid.uuid4(),
            reason="x",
            actor=acme.actor,
        )
    assert wallet(acme, ben) == (3, 5, 0, 0, 2)
    at(NOON + timedelta(days=3))
    with scope(acme.account):
        services.expire_due(account=acme.account)
    assert wallet(acme, ben) == (0, 5, 0, 3, 2)
    assert sound(acme)


def test_what_has_nothing_left_goes_along_and_comes_back_to_life_there(acme, ben, at):
    at(NOON)
    factories.issue(acme, 2, expiry="1 days")
    at(NOON + timedelta(days=5))
    done = transfer(acme, acme.contact, ben)
    assert [pair.amount for pair in done.pairs] == [0]
    assert wallet(acme, acme.contact) == (0, 2, 0, 2, 0)
    factories.consume(acme, 1, to=ben, on=date(2026, 3, 4))
    assert wallet(acme, ben) == (0, 0, 1, -1, 0)
    assert sound(acme)


def test_and_back_again_with_what_is_left(acme, ben):
    factories.issue(acme, 5)
    factories.issue(acme, 1, to=ben)
    done = transfer(acme, acme.contact, ben)
    factories.consume(acme, 4, to=ben)
    back = transfer(acme, ben, acme.contact, lots=done.lots)
    assert back.lots == done.lots
    assert wallet(acme, acme.contact)[0] == 1
    assert wallet(acme, ben)[0] == 1
    assert sound(acme)


def test_a_use_of_lots_that_went_two_ways_gives_back_to_one_wallet(acme, ben):
    factories.issue(acme, 2)
    factories.issue(acme, 2, to=ben)
    done = transfer(acme, acme.contact, ben)
    use = factories.consume(acme, 4, to=ben)
    transfer(acme, ben, acme.contact, lots=done.lots)
    with scope(acme.account):
        services.reverse(account=acme.account, use=use.key, amount=4, key=uuid.uuid4(), reason="x", actor=acme.actor)
    assert (wallet(acme, ben)[0], wallet(acme, acme.contact)[0]) == (4, 0)
    assert sound(acme)


def test_more_than_an_entry_may_move_goes_in_parts(acme, ben):
    for _ in range(3):
        factories.issue(acme, 700_000)
    done = transfer(acme, acme.contact, ben)
    assert [pair.amount for pair in done.pairs] == [700_000] * 3
    assert wallet(acme, ben)[0] == 2_100_000
    assert sound(acme)


@pytest.mark.parametrize("whose", ["acme", "zen"])
def test_not_to_the_same_contact_nor_to_a_stranger(acme, zen, whose):
    factories.issue(acme, 5)
    target, error = (acme.contact, errors.SameContact) if whose == "acme" else (zen.contact, errors.NotHere)
    with refused(error):
        transfer(acme, acme.contact, target)


@pytest.mark.django_db(transaction=True)
@pytest.mark.corrupts_ledger
def test_the_proof_finds_a_transfer_that_lost_some(acme, ben):
    factories.issue(acme, 5)
    transfer(acme, acme.contact, ben)
    with as_superuser(), unguarded(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE credits_entry SET amount = 4 WHERE kind = 'transfer' AND amount > 0")
    with scope(acme.account, read_only=True):
        assert "I10" in {damage.invariant for damage in verify(acme.account)}

"""Once: a key and its request stand for one entry, however often and by whatever road they come."""

import uuid
from datetime import UTC, date, datetime

import pytest

from credits import errors, ledger, services
from credits.models import Entry
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved, refused

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def verbs(acme, at):
    """Each verb as a function of a key."""
    at(NOON)
    lot = factories.lot_of(acme, factories.issue(acme, 9, expiry="2026-06-01"))
    use = factories.consume(acme, 4)
    return {
        "issue": lambda key, **more: factories.issue(acme, **{"amount": 2, "key": key, **more}),
        "consume": lambda key, **more: factories.consume(acme, **{"amount": 2, "key": key, **more}),
        "reverse": lambda key, **more: factories.reverse(acme, use, **{"amount": 2, "key": key, **more}),
        "withdraw": lambda key, **more: factories.withdraw(acme, lot, **{"amount": 2, "key": key, **more}),
        "redate": lambda key, **more: factories.redate(acme, lot, **{"day": date(2026, 7, 1), "key": key, **more}),
    }


VERBS = ["issue", "consume", "reverse", "withdraw", "redate"]


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_request_gives_the_same_entry(verbs, verb):
    key = uuid.uuid4()
    first = verbs[verb](key)
    with nothing_moved():
        again = verbs[verb](key)
    assert (again.id, again.seq, again.amount, again.balance_after) == (
        first.id,
        first.seq,
        first.amount,
        first.balance_after,
    )
    assert (first.replayed, again.replayed) == (False, True)


@pytest.mark.parametrize("verb", VERBS)
def test_also_when_it_could_no_longer_be_done(acme, at, verbs, verb):
    key = uuid.uuid4()
    first = verbs[verb](key)
    factories.consume(acme, factories.wallet(acme).balance)
    at(datetime(2026, 12, 3, 12, tzinfo=UTC))
    with scope(acme.account):
        services.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    with nothing_moved():
        assert verbs[verb](key).id == first.id


@pytest.mark.parametrize(
    ("verb", "other"),
    [
        ("issue", {"amount": 3}),
        ("issue", {"expiry": "never"}),
        ("consume", {"amount": 3}),
        ("consume", {"on": date(2026, 3, 3)}),
        ("reverse", {"amount": 1}),
        ("withdraw", {"amount": 1}),
        ("redate", {"day": None}),
    ],
)
def test_another_request_is_refused(verbs, verb, other):
    key = uuid.uuid4()
    verbs[verb](key)
    with refused(errors.KeyReused):
        verbs[verb](key, **other)


@pytest.mark.parametrize("verb", ["issue", "consume"])
def test_another_wallet_is_refused(acme, verbs, verb):
    key = uuid.uuid4()
    verbs[verb](key)
    ben, massage = factories.contact(acme, "Ben"), factories.credit_type(acme, "massage")
    factories.issue(acme, 5, to=ben)
    for other in ({"to": ben}, {"of": massage}):
        with refused(errors.KeyReused):
            verbs[verb](key, **other)


def test_another_lot_or_use_is_refused(acme, verbs):
    key, other = uuid.uuid4(), uuid.uuid4()
    verbs["withdraw"](key)
    lot = factories.lot_of(acme, factories.issue(acme, 5))
    use = factories.consume(acme, 2)
    with refused(errors.KeyReused):
        factories.withdraw(acme, lot, 2, key=key)
    verbs["reverse"](other)
    with refused(errors.KeyReused):
        factories.reverse(acme, use, 2, key=other)


def test_another_verb_is_refused_by_the_ledger(acme):
    """The services derive a key for each verb, so this takes a caller of the ledger itself."""
    key = uuid.uuid4()
    row = {
        "account": acme.account,
        "contact_id": acme.contact.pk,
        "credit_type_id": acme.session.pk,
        "origin": factories.STAFF,
    }
    with scope(acme.account):
        ledger.issue(**row, amount=5, key=key)
    with refused(errors.KeyReused), scope(acme.account):
        ledger.consume(**row, amount=5, key=key)


def test_keys_of_different_origin_never_meet(verbs):
    key = uuid.uuid4()
    made = {verbs[verb](key).key for verb in VERBS}
    assert len(made) == len(VERBS)
    assert {one.version for one in made} == {5}


def test_another_account_may_use_the_same_key(acme, zen):
    """A key is unique in its account, and tells nothing of any other (T38)."""
    key = uuid.uuid4()
    factories.issue(acme, 5, key=key)
    assert not factories.issue(zen, 6, key=key).replayed
    with scope(zen.account):
        assert Entry.objects.get().amount == 6


def test_the_same_expiry_keeps_its_key_whoever_writes_it(acme, zen, at):
    """Two wallets alike, one swept and one not: the key follows from the lot, and comes anew only when it expires again."""
    at(NOON)
    lot = factories.lot_of(acme, factories.issue(acme, 2, expiry="2026-03-10"))
    at(datetime(2026, 4, 1, 12, tzinfo=UTC))
    factories.sweep(acme)
    factories.redate(acme, lot, date(2026, 4, 5))
    at(datetime(2026, 5, 1, 12, tzinfo=UTC))
    factories.sweep(acme)
    with scope(acme.account):
        keys = list(Entry.objects.filter(kind="expire").values_list("key", flat=True))
    assert len(set(keys)) == 2
    assert {key.version for key in keys} == {8}

"""Taking unused credits out of one lot."""

import uuid
from datetime import UTC, datetime

import pytest

from credits import errors, services
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, refused


def test_takes_from_that_lot_only(acme):
    first = factories.lot_of(acme, factories.issue(acme, 5))
    factories.issue(acme, 5)
    assert factories.withdraw(acme, first, 2).balance_after == 8
    assert [(lot.remaining, lot.withdrawn, lot.withdrawn_at) for lot in factories.lots(acme)] == [
        (3, 2, None),
        (5, 0, None),
    ]
    factories.withdraw(acme, first, 3)
    assert [(lot.remaining, lot.open, lot.withdrawn_at is None) for lot in factories.lots(acme)] == [
        (0, False, False),
        (5, True, True),
    ]
    now = figures(acme)
    assert (now.issued, now.used, now.expired, now.free, now.withdrawn) == (10, 0, 0, 5, 5)


def test_never_more_than_is_left(acme):
    lot = factories.lot_of(acme, factories.issue(acme, 5))
    factories.consume(acme, 2)
    with refused(errors.OverWithdrawal, left=3):
        factories.withdraw(acme, lot, 4)


@pytest.mark.parametrize("amount", [0, -1, 1_000_001])
def test_refuses_amounts_out_of_range(acme, amount):
    lot = factories.lot_of(acme, factories.issue(acme, 5))
    with refused(errors.AmountOutOfRange):
        factories.withdraw(acme, lot, amount)


def test_nothing_is_left_of_an_expired_lot(acme, at):
    at(datetime(2026, 3, 3, 12, tzinfo=UTC))
    lot = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-03-10"))
    at(datetime(2026, 3, 11, 12, tzinfo=UTC))
    with refused(errors.OverWithdrawal, left=0):
        factories.withdraw(acme, lot, 1)


def test_only_lots_of_this_account(acme, zen):
    lot = factories.lot_of(zen, factories.issue(zen, 5))
    factories.issue(acme, 5)
    for name in (lot.public_id, uuid.uuid4()):
        with refused(errors.NotHere), scope(acme.account):
            services.withdraw(account=acme.account, lot=name, amount=1, key=uuid.uuid4(), reason="", actor=acme.actor)

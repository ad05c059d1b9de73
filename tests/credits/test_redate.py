"""Changing a lot's last good day, also of a lot that has expired."""

import uuid
from datetime import UTC, date, datetime

import pytest

from credits import errors, services
from credits.models import Entry
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, refused, sql

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def lot(acme, at):
    at(NOON)
    return factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-03-10"))


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (date(2026, 3, 3), datetime(2026, 3, 3, 23, tzinfo=UTC)),
        (date(2026, 6, 3), datetime(2026, 6, 3, 22, tzinfo=UTC)),
        (None, None),
    ],
)
def test_later_sooner_or_never(acme, lot, day, ends):
    posting = factories.redate(acme, lot, day)
    assert (posting.kind, posting.amount, posting.balance_after) == ("redate", 0, 5)
    [after] = factories.lots(acme)
    assert (after.last_good_day, after.expires_at, after.remaining) == (day, ends, 5)
    jobs = [due for (due,) in sql("SELECT due FROM outbox_job WHERE account_id = %s ORDER BY due", acme.account.pk)]
    assert (ends in jobs) is (ends is not None)


def test_an_expired_lot_comes_back_whole(acme, at, lot):
    factories.consume(acme, 1)
    at(datetime(2026, 4, 1, 12, tzinfo=UTC))
    factories.redate(acme, lot, date(2026, 4, 30))
    assert factories.activity(acme) == [
        ("issue", 5, 5),
        ("consume", -1, 4),
        ("expire", -4, 0),
        ("redate", 0, 0),
        ("restore", 4, 4),
    ]
    assert (figures(acme).expired, figures(acme).free) == (0, 4)
    at(datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert factories.sweep(acme) == 1
    factories.redate(acme, lot, None)
    with scope(acme.account):
        links = list(Entry.objects.filter(kind="restore").order_by("seq").values_list("linked__seq", flat=True))
    assert links == [3, 6]
    [after] = factories.lots(acme)
    assert (after.times_expired, after.expired, after.remaining) == (2, 0, 4)


def test_restores_what_is_left_of_the_expiry(acme, at, lot):
    at(datetime(2026, 4, 1, 12, tzinfo=UTC))
    factories.consume(acme, 2, on=date(2026, 3, 9))
    factories.redate(acme, lot, None)
    assert factories.wallet(acme).balance == 3


def test_not_into_the_past(acme, lot):
    with refused(errors.DayInPast):
        factories.redate(acme, lot, date(2026, 3, 2))


def test_not_to_the_same_day(acme, lot):
    with refused(errors.SameDay):
        factories.redate(acme, lot, date(2026, 3, 10))


def test_not_when_nothing_is_left(acme, lot):
    factories.consume(acme, 5)
    with refused(errors.NothingLeft):
        factories.redate(acme, lot, None)


def test_only_lots_of_this_account(acme, zen, lot):
    factories.issue(zen, 5)
    with refused(errors.NotHere), scope(zen.account):
        services.redate(
            account=zen.account, lot=lot.public_id, last_good_day=None, key=uuid.uuid4(), reason="", actor=zen.actor
        )

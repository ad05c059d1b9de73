"""A use dated back to a day on which a since-expired lot was still good."""

from datetime import UTC, date, datetime

import pytest

from credits import errors, services
from credits.models import Allocation, Entry
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, refused

MARCH = datetime(2026, 3, 3, 12, tzinfo=UTC)
APRIL = datetime(2026, 4, 20, 12, tzinfo=UTC)


@pytest.fixture
def expired(acme, at):
    """5 credits issued on 3 March, good through 31 March; it is 20 April."""
    at(MARCH)
    lot = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-03-31"))
    at(APRIL)
    return lot


@pytest.mark.parametrize("swept", [True, False])
def test_restores_exactly_what_it_takes(acme, expired, swept):
    if swept:
        factories.sweep(acme)
    factories.consume(acme, 2, on=date(2026, 3, 30))
    assert factories.activity(acme) == [("issue", 5, 5), ("expire", -5, 0), ("restore", 2, 2), ("consume", -2, 0)]
    with scope(acme.account):
        restore, expire = Entry.objects.get(kind="restore"), Entry.objects.get(kind="expire")
    assert restore.linked_id == expire.pk
    now = figures(acme)
    assert (now.issued, now.used, now.expired, now.free) == (5, 2, 3, 0)


@pytest.mark.parametrize(
    ("day", "pays"),
    [(date(2026, 3, 31), True), (date(2026, 4, 1), False), (date(2026, 3, 3), True), (date(2026, 3, 2), False)],
)
def test_only_on_days_on_which_the_lot_was_good(acme, expired, day, pays):
    if pays:
        assert factories.consume(acme, 5, on=day).balance_after == 0
    else:
        with refused(errors.InsufficientCredits, free=0, asked=5):
            factories.consume(acme, 5, on=day)


def test_lots_issued_after_that_day_pay_last(acme, expired):
    factories.issue(acme, 7, expiry="2026-04-25")
    use = factories.consume(acme, 6, on=date(2026, 3, 30))
    with scope(acme.account):
        drawn = list(Allocation.objects.filter(entry_id=use.id).order_by("pk").values_list("lot__amount", "amount"))
    assert drawn == [(5, -5), (7, -1)]


def test_a_second_use_restores_the_rest(acme, expired):
    factories.consume(acme, 2, on=date(2026, 3, 30))
    factories.consume(acme, 3, on=date(2026, 3, 30))
    with refused(errors.InsufficientCredits, free=0, asked=1):
        factories.consume(acme, 1, on=date(2026, 3, 30))
    assert figures(acme).expired == 0


def test_short_counts_what_could_have_paid(acme, expired):
    factories.issue(acme, 2)
    with refused(errors.InsufficientCredits, free=7, asked=8):
        factories.consume(acme, 8, on=date(2026, 3, 30))


def test_ninety_days_back_and_no_further(acme, at):
    at(datetime(2026, 6, 1, 12, tzinfo=UTC))
    factories.issue(acme, 5)
    assert factories.consume(acme, 1, on=date(2026, 3, 3)).balance_after == 4
    with refused(errors.DayTooFarBack):
        factories.consume(acme, 1, on=date(2026, 3, 2))
    with refused(errors.DayInFuture):
        factories.consume(acme, 1, on=date(2026, 6, 2))


def test_today_is_not_dated_back(acme, at):
    at(MARCH)
    factories.issue(acme, 5, expiry="2026-03-03")
    assert factories.consume(acme, 1, on=date(2026, 3, 3)).balance_after == 4
    assert [kind for kind, *_ in factories.activity(acme)] == ["issue", "consume"]


def test_a_refused_key_restores_nothing(acme, expired):
    use = factories.consume(acme, 2, on=date(2026, 3, 30))
    before = factories.activity(acme)
    again = factories.consume(acme, 1, on=date(2026, 3, 30))
    assert again.key != use.key
    assert len(factories.activity(acme)) == len(before) + 2


def test_undoing_it_makes_no_fresh_credits_of_expired_ones(acme, expired):
    """A reversal would open a new lot: that takes an admin and a reason, not fifteen minutes and a button."""
    use = factories.consume(acme, 2, on=date(2026, 3, 30))
    with scope(acme.account), refused(errors.UndoRevives):
        services.undo(account=acme.account, use=use.key, actor=acme.actor)
    factories.reverse(acme, use, 2)
    assert figures(acme).free == 2

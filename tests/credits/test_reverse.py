"""Giving back: to the very lots that paid, never more than was used."""

import uuid
from datetime import UTC, date, datetime

import pytest

from credits import errors, services
from credits.models import Lot
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, refused

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def left(world):
    return [lot.remaining for lot in factories.lots(world)]


def test_the_last_drawn_first(acme, at):
    at(NOON)
    factories.issue(acme, 2, expiry="2026-05-01")
    factories.issue(acme, 3, expiry="2026-06-01")
    factories.issue(acme, 4)
    use = factories.consume(acme, 7)
    assert left(acme) == [0, 0, 2]
    assert factories.reverse(acme, use, 3).balance_after == 5
    assert left(acme) == [0, 1, 4]
    factories.reverse(acme, use, 3)
    assert left(acme) == [1, 3, 4]
    factories.reverse(acme, use, 1)
    assert left(acme) == [2, 3, 4]
    with refused(errors.OverReversal, left=0, withdrawn=0):
        factories.reverse(acme, use, 1)
    assert figures(acme).used == 0


def test_never_more_than_was_used(acme):
    factories.issue(acme, 5)
    use = factories.consume(acme, 3)
    with refused(errors.OverReversal, left=3, withdrawn=0):
        factories.reverse(acme, use, 4)
    factories.reverse(acme, use, 2)
    with refused(errors.OverReversal, left=1, withdrawn=0):
        factories.reverse(acme, use, 2)


@pytest.mark.parametrize("amount", [0, -1, 1_000_001])
def test_refuses_amounts_out_of_range(acme, amount):
    factories.issue(acme, 5)
    use = factories.consume(acme, 3)
    with refused(errors.AmountOutOfRange):
        factories.reverse(acme, use, amount)


@pytest.mark.parametrize(
    ("served", "last_good_day"),
    [(None, date(2026, 5, 14)), (date(2026, 3, 3), date(2026, 6, 8)), (date(2026, 3, 28), date(2026, 5, 14))],
)
def test_a_lot_expired_since_gives_a_new_one(acme, at, served, last_good_day):
    """Good as many days from today as the old one still was on the day of service."""
    at(NOON)
    old = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-04-08"))
    at(datetime(2026, 3, 28, 12, tzinfo=UTC))
    use = factories.consume(acme, 2, on=served)
    at(datetime(2026, 5, 3, 12, tzinfo=UTC))
    back = factories.reverse(acme, use, 2)
    new = factories.lot_of(acme, back)
    assert (new.amount, new.remaining, new.replaces_id, new.last_good_day) == (2, 2, old.pk, last_good_day)
    assert factories.lots(acme)[0].remaining == 0
    now = figures(acme)
    assert (now.issued, now.used, now.expired, now.free) == (5, 0, 3, 2)


def test_at_least_today(acme, at):
    """The service was dated after what its lot's last good day has become since."""
    at(NOON)
    lot = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-04-08"))
    use = factories.consume(acme, 5, on=date(2026, 3, 3))
    factories.reverse(acme, use, 1)
    factories.redate(acme, lot, date(2026, 3, 3))
    at(datetime(2026, 5, 3, 12, tzinfo=UTC))
    new = factories.lot_of(acme, factories.reverse(acme, use, 4))
    assert new.last_good_day == date(2026, 5, 3)


def test_in_parts_into_new_lots_and_never_too_much(acme, at):
    at(NOON)
    factories.issue(acme, 5, expiry="2026-04-08")
    use = factories.consume(acme, 4)
    factories.reverse(acme, use, 1)
    at(datetime(2026, 5, 3, 12, tzinfo=UTC))
    factories.reverse(acme, use, 1)
    factories.reverse(acme, use, 1)
    with refused(errors.OverReversal, left=1, withdrawn=0):
        factories.reverse(acme, use, 2)
    factories.reverse(acme, use, 1)
    assert [(lot.amount, lot.remaining, lot.expired) for lot in factories.lots(acme)] == [
        (5, 0, 2),
        (1, 1, 0),
        (1, 1, 0),
        (1, 1, 0),
    ]


def test_a_withdrawn_lot_comes_back_only_if_asked(acme):
    lot = factories.lot_of(acme, factories.issue(acme, 5))
    factories.issue(acme, 5)
    use = factories.consume(acme, 3)
    both = factories.consume(acme, 4)
    factories.reverse(acme, both, 4)
    factories.withdraw(acme, lot, 2)
    with refused(errors.OverReversal, left=0, withdrawn=3):
        factories.reverse(acme, use, 1)
    assert factories.reverse(acme, use, 3, revive=True).balance_after == 8
    assert left(acme) == [3, 5]


def test_part_of_the_lots_is_withdrawn(acme, at):
    at(NOON)
    first = factories.lot_of(acme, factories.issue(acme, 3, expiry="2026-04-08"))
    factories.issue(acme, 5)
    early = factories.consume(acme, 2)
    use = factories.consume(acme, 3)  # 1 of the first lot, 2 of the second
    factories.reverse(acme, early, 2)
    factories.withdraw(acme, first, 2)
    with refused(errors.OverReversal, left=2, withdrawn=1):
        factories.reverse(acme, use, 3)
    factories.reverse(acme, use, 2)
    assert left(acme) == [0, 5]
    factories.reverse(acme, use, 1, revive=True)
    assert left(acme) == [1, 5]


def test_only_uses_of_this_account(acme, zen):
    theirs = factories.consume(zen, 1) if factories.issue(zen, 5) else None
    issue = factories.issue(acme, 5)
    for name in (theirs.key, issue.key, uuid.uuid4()):
        with refused(errors.NotHere), scope(acme.account):
            services.reverse(account=acme.account, use=name, amount=1, key=uuid.uuid4(), reason="", actor=acme.actor)


def test_undo_by_who_made_it_within_fifteen_minutes(acme, at):
    at(NOON)
    factories.issue(acme, 5)
    use = factories.consume(acme, 2)
    assistant = Actor("user", acme.assistant.pk)
    with refused(errors.UndoTooLate), scope(acme.account):
        services.undo(account=acme.account, use=use.key, actor=assistant)
    at(datetime(2026, 3, 3, 12, 15, tzinfo=UTC))
    with scope(acme.account):
        undone = services.undo(account=acme.account, use=use.key, actor=acme.actor)
        assert services.undo(account=acme.account, use=use.key, actor=acme.actor).id == undone.id
    assert undone.balance_after == 5
    late = factories.consume(acme, 1)
    at(datetime(2026, 3, 3, 12, 30, 1, tzinfo=UTC))
    with refused(errors.UndoTooLate), scope(acme.account):
        services.undo(account=acme.account, use=late.key, actor=acme.actor)


def test_back_to_a_lot_that_lives_again(acme, at):
    at(NOON)
    lot = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-03-10"))
    use = factories.consume(acme, 2)
    at(datetime(2026, 4, 3, 12, tzinfo=UTC))
    factories.redate(acme, lot, None)
    factories.reverse(acme, use, 2)
    with scope(acme.account):
        assert Lot.objects.get().remaining == 5

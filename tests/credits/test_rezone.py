"""The account goes by another zone: last good days stay, and end when those days do there."""

from datetime import UTC, date, datetime

from credits import services
from credits.models import Lot
from credits.proof import verify
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import sql

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def rezone(world, zone):
    with scope(world.account):
        return services.rezone(account=world.account, time_zone=zone)


def ends(world):
    with scope(world.account):
        return sorted(Lot.objects.values_list("last_good_day", "expires_at"))


def test_every_lot_keeps_its_day(acme, zen, at):
    at(NOON)
    factories.issue(acme, 5, expiry="1 months")
    factories.issue(acme, 5, expiry="never")
    factories.issue(zen, 5, expiry="1 months")
    before = ends(zen)
    assert rezone(acme, "America/New_York") == 1
    with scope(acme.account):
        assert list(Lot.objects.exclude(last_good_day=None).values_list("last_good_day", "expires_at")) == [
            (date(2026, 4, 3), datetime(2026, 4, 4, 4, tzinfo=UTC))
        ]
    assert ends(zen) == before
    due = [
        at
        for (at,) in sql(
            "SELECT due FROM outbox_job WHERE kind = 'credits.expire' AND account_id = %s", acme.account.pk
        )
    ]
    assert datetime(2026, 4, 4, 4, tzinfo=UTC) in due
    with scope(acme.account, read_only=True):
        assert verify(Account.objects.get(pk=acme.account.pk)) == []
    assert rezone(acme, "America/New_York") == 0


def test_what_was_over_stays_over(acme, at):
    at(NOON)
    factories.issue(acme, 5, expiry="2026-03-04")
    at(datetime(2026, 3, 4, 23, 30, tzinfo=UTC))  # half past midnight in Copenhagen, still the 4th in New York
    rezone(acme, "America/New_York")
    with scope(acme.account):
        [lot] = Lot.objects.all()
        assert (lot.remaining, lot.expired) == (0, 5)


def test_what_is_over_there_is_over(acme, at):
    at(datetime(2026, 3, 4, 12, tzinfo=UTC))
    factories.issue(acme, 5, expiry="2026-03-04")
    at(datetime(2026, 3, 4, 13, tzinfo=UTC))  # the 5th in Kiritimati
    rezone(acme, "Pacific/Kiritimati")
    assert factories.sweep(acme) == 1

"""Issuing: one lot, good through the last second of its last good day in the account's own zone."""

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits import errors, services
from credits.models import Entry, Lot
from simplero.tenancy import grants
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, refused, sql
from tests.conftest import make_account
from tests.credits.model import day_end

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def test_makes_a_lot_an_entry_an_event_and_an_address_for_its_expiry(acme, at):
    at(NOON)
    posting = factories.issue(acme, 5, expiry="3 months", note="welcome")
    assert (posting.kind, posting.amount, posting.balance_after, posting.seq, posting.replayed) == (
        "issue",
        5,
        5,
        1,
        False,
    )
    lot = factories.lot_of(acme, posting)
    assert (lot.amount, lot.remaining, lot.open, lot.last_good_day) == (5, 5, True, date(2026, 6, 3))
    assert lot.expires_at == datetime(2026, 6, 3, 22, tzinfo=UTC)  # midnight in Copenhagen, in summer
    with scope(acme.account):
        [(kind, body, actor)] = sql(
            "SELECT kind, body, actor_id FROM outbox_event WHERE account_id = %s AND kind LIKE 'credits.%%'",
            acme.account.pk,
        )
        [entry] = Entry.objects.all()
        assert [note.text for note in entry.notes.all()] == ["welcome"]
    assert kind == "credits.issued"
    assert actor == acme.owner.pk
    assert '"welcome"' not in str(body)
    assert sql("SELECT kind, subject, due FROM outbox_job WHERE account_id = %s ORDER BY kind", acme.account.pk) == [
        ("credits.expire", 0, lot.expires_at),
        ("credits.expiring", 0, lot.expires_at - timedelta(days=7)),
        ("credits.moved", posting.id, NOON),
    ]


@pytest.mark.parametrize(
    ("today", "expiry", "last_good_day"),
    [
        (date(2027, 1, 31), "1 months", date(2027, 2, 28)),
        (date(2028, 1, 31), "1 months", date(2028, 2, 29)),
        (date(2028, 2, 29), "1 years", date(2029, 2, 28)),
        (date(2026, 8, 31), "6 months", date(2027, 2, 28)),
        (date(2026, 12, 31), "1 days", date(2027, 1, 1)),
        (date(2026, 12, 28), "1 weeks", date(2027, 1, 4)),
        (date(2026, 3, 3), "2026-03-03", date(2026, 3, 3)),
        (date(2026, 3, 3), "2031-12-31", date(2031, 12, 31)),
        (date(2026, 3, 3), "never", None),
        (date(2026, 3, 3), "", None),
    ],
)
def test_last_good_day(acme, at, today, expiry, last_good_day):
    at(datetime.combine(today, datetime.min.time(), ZoneInfo("Europe/Copenhagen")) + timedelta(hours=9))
    assert factories.lot_of(acme, factories.issue(acme, expiry=expiry)).last_good_day == last_good_day


def test_the_default_of_the_type_unless_the_issue_says_otherwise(acme, at):
    at(NOON)
    month = factories.credit_type(acme, "massage", expires_after=1, unit="months")
    days = [
        factories.lot_of(acme, factories.issue(acme, of=month, expiry=expiry)).last_good_day
        for expiry in ("", "never", "2 weeks", "2026-12-24")
    ]
    assert days == [date(2026, 4, 3), None, date(2026, 3, 17), date(2026, 12, 24)]


def test_today_is_the_day_it_is_in_the_account(acme, zen, at):
    at(datetime(2026, 7, 1, 3, tzinfo=UTC))  # 1 July in Copenhagen, still 30 June in Los Angeles
    assert factories.lot_of(acme, factories.issue(acme, expiry="1 days")).last_good_day == date(2026, 7, 2)
    assert factories.lot_of(zen, factories.issue(zen, expiry="1 days")).last_good_day == date(2026, 7, 1)
    factories.issue(zen, expiry="2026-06-30")
    with refused(errors.DayInPast):
        factories.issue(acme, expiry="2026-06-30")


@pytest.mark.parametrize("amount", [0, -1, 1_000_001, 2**40])
def test_refuses_amounts_out_of_range(acme, amount):
    assert acme.contact
    assert acme.session
    with refused(errors.AmountOutOfRange):
        factories.issue(acme, amount)


def test_the_most_and_the_least(acme):
    assert factories.issue(acme, 1).balance_after == 1
    assert factories.issue(acme, 1_000_000).balance_after == 1_000_001


def test_refuses_an_archived_type_and_spends_what_was_issued(acme):
    factories.issue(acme, 3)
    with scope(acme.account):
        services.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    with refused(errors.TypeArchived):
        factories.issue(acme, 1)
    assert factories.consume(acme, 2).balance_after == 1
    with scope(acme.account):
        services.bring_back_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    assert factories.issue(acme, 1).balance_after == 2


def test_wallets_of_others_are_untouched(acme, zen):
    ben = factories.contact(acme, "Ben")
    massage = factories.credit_type(acme, "massage")
    for world in (acme, zen):
        factories.issue(world, 5)
    factories.issue(acme, 7, to=ben)
    factories.issue(acme, 9, of=massage)
    assert [figures(acme).free, figures(acme, to=ben).free, figures(acme, of=massage).free, figures(zen).free] == [
        5,
        7,
        9,
        5,
    ]


ZONES = [
    "Pacific/Pago_Pago",  # UTC-11
    "Pacific/Kiritimati",  # UTC+14
    "Europe/Copenhagen",
    "America/Havana",  # midnight comes twice in autumn, not at all in spring
    "Asia/Beirut",  # clocks change at midnight
    "America/Sao_Paulo",  # midnight was left out in November 2018
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "America/Scoresbysund",
    "Australia/Lord_Howe",  # half an hour
    "Atlantic/Azores",
    "America/Nuuk",
]


@pytest.mark.django_db
def test_the_end_of_a_day_is_what_zoneinfo_says():
    @given(zone=st.sampled_from(ZONES), day=st.dates(date(2007, 1, 1), date(2037, 12, 31)))
    def same(zone, day):
        [(ends,)] = sql("SELECT credits_day_end(%s, %s)", day, zone)
        assert ends == day_end(day, ZoneInfo(zone))

    same()


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Pago_Pago", date(2026, 3, 3)),
        ("Pacific/Kiritimati", date(2026, 3, 3)),
        ("Europe/Copenhagen", date(2026, 3, 28)),  # 23 hours follow
        ("Europe/Copenhagen", date(2026, 3, 29)),
        ("Europe/Copenhagen", date(2026, 10, 25)),
        ("America/Havana", date(2026, 3, 7)),  # the next day begins at 01:00
        ("America/Havana", date(2026, 10, 31)),  # the next day begins with the first of two midnights
        ("Asia/Beirut", date(2026, 3, 28)),
        ("Asia/Beirut", date(2026, 10, 24)),  # its last hour comes twice
        ("America/Sao_Paulo", date(2018, 11, 3)),
        ("America/Sao_Paulo", date(2018, 2, 17)),
        ("America/Nuuk", date(2026, 10, 24)),
        ("Atlantic/Azores", date(2026, 10, 24)),
        ("Europe/Copenhagen", date(2028, 2, 29)),
    ],
)
def test_good_through_the_last_second(db, at, zone, day):
    world = make_account("Far", time_zone=zone, currency="EUR")
    end = day_end(day, ZoneInfo(zone))
    at(end - timedelta(hours=30))
    factories.issue(world, 3, expiry=day.isoformat())
    at(end - timedelta(microseconds=1))
    assert figures(world).free == 3
    assert factories.consume(world, 1).balance_after == 2
    at(end)
    assert (figures(world).free, figures(world).expired) == (0, 2)
    with refused(errors.InsufficientCredits, free=0, asked=1):
        factories.consume(world, 1)
    assert factories.sweep(world) == 1
    with scope(world.account):
        assert Entry.objects.get(kind="expire").happened_at == end
    assert (figures(world).free, figures(world).expired) == (0, 2)


def test_the_shipped_clock_is_the_time_of_the_statement():
    """The test database has a clock of its own; what ships stands in the migration."""
    bodies = [operation.sql for operation in grants.OPERATIONS if "ledger_now" in operation.sql]
    assert bodies == [
        "CREATE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT statement_timestamp()'"
    ]


def test_a_key_of_another_account_is_nobodys_business(acme, zen):
    key = uuid.uuid4()
    first, second = factories.issue(acme, 5, key=key), factories.issue(zen, 7, key=key)
    assert first.key == second.key
    assert not second.replayed
    assert Account.objects.count() == 2
    with scope(zen.account):
        assert Lot.objects.get().amount == 7

"""Sums of what moved are those of the entries, wherever their mark stands."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from credits import proof, tallies
from credits.models import Entry, Lot, TallyMark
from credits.queries import account_ends, account_movements
from credits.queries import tallies as kept
from credits.queries.account_movements import Wanted
from credits.queries.figures import free_by_type, types_with_figures
from credits.tasks import tally_every_account
from simplero.tenancy.scope import now as scoped_now
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import sql

START = datetime(2026, 8, 30, 20, 30, tzinfo=UTC)  # the last evening but one of a month in Copenhagen


def listed(world, **wanted):
    """All lines of the account's activity, page by page."""
    lines, cursor = [], ""
    while True:
        page = account_movements.movements(world.account, Wanted(**wanted), cursor=cursor, limit=25)
        lines += page.lines
        cursor = page.older
        if not cursor:
            return [line for _, line in lines]


def ends(world):
    found = account_ends.ends(world.account, until=date(2027, 6, 1))
    return {(one.credit_type_id, one.last_good_day): one.amount for one in found}


def live_ends(world):
    """The same, lot by lot."""
    found = Counter()
    for lot in Lot.objects.filter(open=True, expires_at__gt=scoped_now()).select_related("wallet"):
        found[lot.wallet.credit_type_id, lot.last_good_day] += lot.remaining
    return dict(found)


def test_sums_are_those_of_the_list_wherever_the_mark_stands(acme, zen, at):
    """Random movements over two months: late sweeps, uses dated back, reversals, extended lots, marks moved now and then."""
    chance = random.Random(11)
    now = START
    at(now)
    people = [acme.contact, factories.contact(acme, "Ben"), factories.contact(acme, "Cleo")]
    types = [acme.session, factories.credit_type(acme, "seat", expires_after=9, unit="days")]
    factories.issue(zen, 99)
    uses = []
    for _ in range(90):
        now += timedelta(minutes=chance.choice((1, 40, 300, 1500)))
        at(now)
        who, what = chance.choice(people), chance.choice(types)
        with scope(acme.account):
            free = free_by_type(acme.account, who).get(what.pk, 0)
        match chance.choice(("issue", "use", "use", "use", "back", "sweep", "mark", "extend", "give back")):
            case "issue":
                factories.issue(acme, chance.randint(1, 6), to=who, of=what)
            case "use" if free:
                uses.append(factories.consume(acme, 1, to=who, of=what))
            case "back" if free:
                day = now.astimezone(acme.account.zone).date() - timedelta(chance.randint(0, 40))
                uses.append(factories.consume(acme, 1, to=who, of=what, on=day))
            case "give back" if uses:
                factories.reverse(acme, uses.pop(), 1, revive=True)
            case "sweep":
                factories.sweep(acme)
            case "extend":
                lots = [lot for lot in factories.lots(acme) if lot.last_good_day and lot.remaining]
                if lots:
                    day = max(lots[-1].last_good_day, now.date()) + timedelta(3)
                    factories.redate(acme, lots[-1], day)
            case "mark":
                with scope(acme.account):
                    tallies.advance(account=acme.account, most=chance.choice((3, 1000)))
                    assert ends(acme) == live_ends(acme)
    at(now + timedelta(days=3))
    with scope(acme.account):
        check(acme)
        while not tallies.advance(account=acme.account, most=40):
            check(acme)
        check(acme)
        tallies.rebuild(account=acme.account)
        check(acme)
    factories.sweep(acme)
    with scope(acme.account):
        check(acme)
        assert Entry.objects.count() > 40
    factories.issue(acme, 7, of=types[1])
    factories.consume(acme, 2, of=types[1])
    with scope(acme.account):
        check(acme)
    with scope(zen.account):
        assert [(one.kind, one.amount) for one in kept.sums(zen.account)] == [("issue", 99)]


def check(world):
    """Sums, list and wallets tell the same story, for several periods."""
    lines = listed(world)
    zone = world.account.zone
    days = [line.happened_at.astimezone(zone).date() for line in lines]
    for since, until in [
        (None, None),
        (date(2026, 9, 1), date(2026, 9, 30)),
        (date(2026, 8, 31), date(2026, 8, 31)),
        (date(2026, 8, 31), None),
        (None, date(2026, 9, 15)),
        (date(2026, 9, 3), date(2026, 10, 2)),
    ]:
        inside = [
            (line.credit_type.pk, line.kind, line.amount)
            for line, day in zip(lines, days, strict=True)
            if (since or day) <= day <= (until or day)
        ]
        found = kept.sums(world.account, since=since, until=until)
        expected = Counter()
        for type_id, kind, amount in inside:
            expected[type_id, kind] += amount
        assert {(one.credit_type_id, one.kind): one.amount for one in found} == dict(expected)
        assert sum(one.times for one in found) == len(inside)
        assert len(listed(world, since=since, until=until)) == len(inside)
    daily = kept.sums(world.account, daily=date(2026, 9, 10))
    assert {one.day for one in daily if one.day} == {day for day in days if day >= date(2026, 9, 10)}
    assert ends(world) == live_ends(world)
    free = {pk: total.amount for pk, total in kept.by_type(kept.sums(world.account)).items()}
    assert free == {one.pk: figures.free for one, figures in types_with_figures(world.account)}


def test_days_are_those_of_the_zone_there_is_now(acme, zen, at):
    """Until they are added up anew, sums of another zone are not read."""
    at(datetime(2026, 10, 31, 22, 30, tzinfo=UTC))  # October in Copenhagen, November in Tokyo
    factories.issue(acme, 4)
    at(datetime(2026, 11, 2, 12, tzinfo=UTC))

    def october():
        with scope(acme.account):
            return sum(one.amount for one in kept.sums(acme.account, until=date(2026, 10, 31)))

    with scope(acme.account):
        tallies.advance(account=acme.account)
    assert october() == 4
    acme.account.time_zone = "Asia/Tokyo"
    acme.account.save()
    assert october() == 0
    with scope(acme.account):
        tallies.advance(account=acme.account)
        assert proof.verify(acme.account) == []
    assert october() == 0


@pytest.mark.corrupts_ledger
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE credits_tally SET amount = amount + 1 WHERE account_id = %s AND span = 'day'", "says 5 in 1, entries say 4 in 1"),
        ("DELETE FROM credits_tally WHERE account_id = %s AND span = 'month'", "says 0 in 0, entries say 4 in 1"),
        ("UPDATE credits_endtally SET amount = 1 WHERE account_id = %s", "comes to 1, lots have 4 left"),
    ],
)  # fmt: skip
def test_a_wrong_sum_is_named(acme, zen, at, damage, says):
    at(START)
    factories.issue(acme, 4, of=factories.credit_type(acme, "seat", expires_after=9, unit="days"))
    at(START + timedelta(days=1))
    with scope(acme.account):
        assert tallies.advance(account=acme.account)
        assert proof.verify(acme.account) == []
        sql(damage, acme.account.pk)
        assert [(found.invariant, found.says) for found in proof.verify(acme.account)] == [("tally", says)]
        tallies.rebuild(account=acme.account)
        assert proof.verify(acme.account) == []


def test_the_task_moves_every_mark(acme, zen, at):
    at(START)
    factories.issue(acme, 4)
    factories.issue(zen, 3)
    at(START + timedelta(days=1))
    tally_every_account.__wrapped__()
    for world in (acme, zen):
        with scope(world.account):
            assert TallyMark.objects.get().at > START

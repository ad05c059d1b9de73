"""Sums of what moved are those of the entries, wherever their mark stands."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from credits import tallies
from credits.models import Entry
from credits.queries import account_movements
from credits.queries import tallies as kept
from credits.queries.account_movements import Wanted
from credits.queries.figures import free_by_type, types_with_figures
from simplero.tenancy.scope import scope
from tests import factories

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


def summed(found):
    return {key: value for key, value in Counter(found).items() if value}


def test_sums_are_those_of_the_list_wherever_the_mark_stands(acme, zen, at):
    """Random movements over two months: late sweeps, uses dated back, reversals, extended lots, marks moved now and then."""
    chance = random.Random(11)
    now = START
    at(now)
    people = [acme.contact, factories.contact(acme, "Ben"), factories.contact(acme, "Cleo")]
    types = [acme.session, factories.credit_type(acme, "seat", expires_after=9, unit="days")]
    factories.issue(zen, 99)
    uses = []
    for _ in range(130):
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
        assert Entry.objects.count() > 60
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
    free = {pk: total.amount for pk, total in kept.by_type(kept.sums(world.account)).items()}
    assert free == {one.pk: figures.free for one, figures in types_with_figures(world.account)}

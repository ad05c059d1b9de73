"""Statements against a plain model: what was left on any day, and that the numbers of a period add up."""

import random
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from contacts import services as contacts
from contacts.directory import Details
from credits.queries import statements
from credits.views.statement_words import title
from tests import factories
from tests.factories import inside

from .model import CreditType, Ledger, Refused, day_end

START = datetime(
    2026, 10, 20, 9, 30, tzinfo=UTC
)  # clocks go back in Copenhagen on the 25th, in Los Angeles on 1 November
DAYS = 24
PLACE = (0, 0)


def told(world, since, until):
    with inside(world):
        [section] = statements.statement(world.account, world.contact, since=since, until=until).sections
        return section, statements.lines(world.account, section, limit=1000)


def balance_on(world, day):
    with inside(world):
        return {of.pk: left for of, left in statements.balances_on(world.account, world.contact, day)}[world.session.pk]


def live(world, at, model, seed):
    """A month of a wallet, in the ledger and in the model: issues that end soon, uses of the day and of days before, reversals."""
    chance = random.Random(seed)  # noqa: S311  the same month again
    uses = []
    now = START
    while now < START + timedelta(days=DAYS):
        now += timedelta(minutes=chance.randint(30, 30 * 60))
        at(now)
        model.advance(now)
        key, amount = uuid.uuid4(), chance.randint(1, 4)
        match chance.choice(["issue", "issue", "consume", "consume", "back", "reverse"]):
            case "issue":
                expiry = chance.choice(["0 days", "1 days", "3 days", "2 weeks", "never"])
                factories.issue(world, amount, expiry=expiry, key=key)
                model.issue(PLACE, amount, key, expiry)
            case "reverse" if uses:
                use, known = chance.choice(uses)
                try:
                    model.reverse(known, 1, key, False)
                except Refused:
                    continue
                factories.reverse(world, use, 1, key=key)
            case kind:
                on = model.today - timedelta(days=chance.randint(1, 5)) if kind == "back" else None
                try:
                    model.consume(PLACE, amount, key, on)
                except Refused:
                    continue
                uses.append((factories.consume(world, amount, on=on, key=key), key))
    factories.issue(world, 3, expiry="1 days", key=(key := uuid.uuid4()))
    model.issue(PLACE, 3, key, "1 days")
    return now


@pytest.mark.parametrize(("name", "seed"), [("acme", 1), ("zen", 2)])
def test_every_day_is_as_the_model_has_it_and_every_period_adds_up(request, at, acme, zen, name, seed):
    world = {"acme": acme, "zen": zen}[name]
    at(START)
    model = Ledger(world.account.time_zone, START, [CreditType("never")])
    factories.issue(world, 1, key=(key := uuid.uuid4()))
    model.issue(PLACE, 1, key, "")
    end = live(world, at, model, seed) + timedelta(days=3)  # quiet days, on which lots end that nobody writes off
    at(end)
    model.advance(end)
    entries = model.entries[PLACE]
    days = [START.date() + timedelta(days=number) for number in range(-1, DAYS + 4)]
    days = [day for day in days if day <= model.today]

    def left(day):
        before = [entry for entry in entries if entry.happened_at < day_end(day, model.zone)]
        return before[-1].balance_after if before else 0

    def whole():
        return [balance_on(world, day) for day in days]

    assert whole() == [left(day) for day in days]
    assert len(set(whole())) > 3
    periods = [(None, days[-1]), (days[3], days[3]), (days[5], days[12]), (days[9], days[-2]), (days[-2], days[-1])]
    read = []
    for since, until in periods:
        section, lines = told(world, since, until)
        figures = section.figures
        assert section.opening + sum(line.amount for line in lines) == section.closing == left(until)
        assert section.opening == (left(since - timedelta(days=1)) if since else 0)
        assert figures.free == section.closing
        assert section.closing == (
            section.opening + figures.issued - figures.used - figures.expired - figures.withdrawn
        )
        assert section.count == len(lines)
        expected = [
            (entry.kind, entry.amount, entry.balance_after)
            for entry in entries
            if (since is None or entry.happened_at >= day_end(since - timedelta(days=1), model.zone))
            and entry.happened_at < day_end(until, model.zone)
        ]
        assert [(line.kind, line.amount, line.balance_after) for line in lines] == expected
        read.append([section.opening, section.closing, figures, expected])
    assert any(line.key is None for line in told(world, None, days[-1])[1]), "nothing was left for the sweep"
    assert factories.sweep(world) > 0
    assert whole() == [left(day) for day in days]
    for (since, until), before in zip(periods, read, strict=True):
        section, lines = told(world, since, until)
        after = [(line.kind, line.amount, line.balance_after) for line in lines]
        assert [section.opening, section.closing, section.figures, after] == before


@pytest.mark.parametrize(
    ("zone", "day", "last_instant"),
    [
        ("Europe/Copenhagen", date(2026, 10, 25), datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC)),  # a day of 25 hours
        ("Pacific/Kiritimati", date(2026, 10, 25), datetime(2026, 10, 25, 9, 59, 59, tzinfo=UTC)),  # 14 hours ahead
        ("Pacific/Niue", date(2026, 10, 25), datetime(2026, 10, 26, 10, 59, 59, tzinfo=UTC)),  # 11 hours behind
    ],
)
def test_a_day_is_the_accounts_own(at, acme, zone, day, last_instant):
    type(acme.account).objects.filter(pk=acme.account.pk).update(time_zone=zone)
    acme.account.refresh_from_db()
    at(last_instant - timedelta(days=3))
    factories.issue(acme, 3, expiry=day.isoformat())
    at(last_instant)
    factories.consume(acme, 1)
    assert balance_on(acme, day) == 2
    at(last_instant + timedelta(seconds=1))
    factories.issue(acme, 5)
    at(last_instant + timedelta(days=2))
    assert [balance_on(acme, day + timedelta(days=number)) for number in (-1, 0, 1, 2)] == [3, 2, 5, 5]
    section, lines = told(acme, day, day)
    assert [(line.kind, line.balance_after) for line in lines] == [("consume", 2)]
    section, lines = told(acme, day + timedelta(days=1), day + timedelta(days=1))
    assert [(line.kind, line.balance_after) for line in lines] == [("expire", 0), ("issue", 5)]
    assert (section.opening, section.figures.expired, section.closing) == (2, 2, 5)


def test_a_use_dated_back_stands_on_the_day_on_which_it_was_written_down(at, acme):
    at(START)
    factories.issue(acme, 2, expiry="2026-10-21")
    at(START + timedelta(days=4))
    factories.consume(acme, 1, on=date(2026, 10, 21))
    assert [balance_on(acme, date(2026, 10, number)) for number in (20, 21, 22, 23, 24)] == [2, 2, 0, 0, 0]
    _, lines = told(acme, date(2026, 10, 22), date(2026, 10, 24))
    assert [(line.kind, line.amount, line.service_date) for line in lines] == [
        ("expire", -2, None),
        ("restore", 1, None),
        ("consume", -1, date(2026, 10, 21)),
    ]


def test_pages_are_cut_anywhere_and_lose_nothing(at, acme):
    at(START)
    for name in ("massage", "lesson"):
        factories.issue(acme, 1, of=factories.credit_type(acme, name))
    factories.issue(acme, 2, expiry="2026-10-21")
    for _ in range(7):
        factories.issue(acme, 3)
    at(START + timedelta(days=4))
    factories.sweep(acme)
    factories.issue(acme, 1, expiry="2026-10-25")
    at(START + timedelta(days=8))
    with inside(acme):
        found = statements.statement(acme.account, acme.contact, since=date(2026, 10, 22), until=date(2026, 10, 28))
        assert [(one.count, one.rows) for one in found.sections] == [(0, 1), (0, 1), (3, 3)]
        whole = statements.statement(acme.account, acme.contact, since=None, until=date(2026, 10, 28))
        everything = [line for one in whole.sections for line in statements.lines(acme.account, one, limit=100)]
        assert len(everything) == whole.count == whole.rows == 13
        for size in (1, 2, 3, 5, 13, 14):
            pages = [
                statements.page(acme.account, whole, number=number, size=size)
                for number in range(1, -(-whole.rows // size) + 1)
            ]
            assert [(line.seq, line.wallet_id) for page in pages for one in page for line in one.lines] == [
                (line.seq, line.wallet_id) for line in everything
            ]
            for one in (one for page in pages for one in page):
                assert one.skipped + len(one.lines) + one.left_out == one.section.count
                assert one.carried + sum(line.amount for line in one.lines) == (
                    one.lines[-1].balance_after if one.lines else one.carried
                )
        [first, second, third] = statements.newest(acme.account, whole, most=6)
        assert [(len(one.lines), one.skipped) for one in (first, second, third)] == [(1, 0), (1, 0), (4, 7)]


def test_another_account_is_not_told_of(at, acme, zen):
    at(START)
    factories.issue(zen, 3)
    with inside(acme):
        assert statements.statement(acme.account, zen.contact, since=None, until=START.date()).sections == []
        assert statements.balances_on(acme.account, zen.contact, START.date()) == []


def test_who_was_merged_into_the_contact_has_a_section_that_ends_with_the_transfer(at, acme, zen):
    at(START)
    factories.issue(acme, 3)
    old = factories.contact(acme, "Anna Old")
    factories.issue(acme, 8, to=old)
    factories.consume(acme, 2, to=old)
    at(START + timedelta(days=2))
    with inside(acme):
        contacts.merge(
            account=acme.account,
            source=old,
            target=acme.contact,
            details=Details.of(acme.contact),
            key=uuid.uuid4(),
            actor=acme.actor,
        )
        found = statements.statement(acme.account, acme.contact, since=None, until=date(2026, 10, 22))
        assert [
            (one.of_self, one.opening, one.figures.issued, one.figures.used, one.closing) for one in found.sections
        ] == [
            ("", 0, 9, 0, 9),
            ("Anna Old", 0, 2, 2, 0),
        ]
        assert [title(one) for one in found.sections] == ["Sessions", "Sessions, as Anna Old"]
        assert [line.kind for line in statements.lines(acme.account, found.sections[1], limit=9)] == [
            "issue",
            "consume",
            "transfer",
        ]
    assert [balance_on(acme, date(2026, 10, number)) for number in (19, 20, 21, 22)] == [0, 9, 9, 9]

"""Random programs on three accounts at once, beside a plain Python model (F30).

The accounts run the same program; one is swept at the very instant at which a lot ends, one now and then, one never. After
each step all three answer as the model does. HYPOTHESIS_PROFILE=long runs 20 times as many programs.
"""

import os
import uuid
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from credits import errors, ledger, proof, queries
from credits import models as tables
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from tests import factories
from tests.credits import model

TYPES = [("session", "never"), ("class", "1 months"), ("massage", "10 days")]
CONTACTS = ["Ann", "Ben"]

STARTS = [
    ("Europe/Copenhagen", datetime(2026, 3, 20, 9, tzinfo=UTC)),  # a week before 23 hours
    ("Europe/Copenhagen", datetime(2026, 10, 20, 21, 30, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 10, 25, 4, tzinfo=UTC)),  # midnight comes twice on 1 November
    ("Asia/Beirut", datetime(2026, 3, 20, 22, tzinfo=UTC)),  # midnight is left out on 29 March
    ("America/Sao_Paulo", datetime(2018, 10, 29, 3, tzinfo=UTC)),
    ("Pacific/Kiritimati", datetime(2027, 1, 30, 9, 59, tzinfo=UTC)),
    ("Pacific/Pago_Pago", datetime(2028, 1, 31, 10, 59, tzinfo=UTC)),
]

STATE = """
SELECT (SELECT coalesce(json_agg(json_build_array(w.id, w.contact_id, w.credit_type_id, w.balance, w.issued, w.used, w.expired) ORDER BY w.id), '[]')
          FROM credits_wallet w WHERE w.account_id = %(account)s),
       (SELECT coalesce(json_agg(json_build_array(e.wallet_id, e.kind, e.amount, e.balance_after, extract(epoch FROM e.happened_at)::text) ORDER BY e.seq), '[]')
          FROM credits_entry e WHERE e.account_id = %(account)s),
       (SELECT coalesce(json_agg(json_build_array(l.wallet_id, l.public_id, l.amount, l.remaining, l.expired, l.withdrawn, l.last_good_day, extract(epoch FROM l.expires_at)::text, l.expires_at <= ledger_now()) ORDER BY l.id), '[]')
          FROM credits_lot l WHERE l.account_id = %(account)s)
"""


def epoch(instant: datetime) -> str:
    return f"{(instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1) / 1e6:.6f}"


class Side:
    """One account that runs the program."""

    def __init__(self, name: str, zone: str) -> None:
        account = Account.objects.create(name=name, slug=f"{name}-{uuid.uuid4()}", time_zone=zone, currency="EUR")
        self.name = name
        self.account = account
        world = SimpleNamespace(account=account, actor=SYSTEM)
        with scope(account):
            self.contacts = [factories.contact(world, contact) for contact in CONTACTS]
            self.types = []
            for type_name, default in TYPES:
                count, unit = default.split() if " " in default else (None, "")
                self.types.append(
                    factories.credit_type(world, type_name, expires_after=count and int(count), unit=unit)
                )
        self.lots: dict[model.Place, list[uuid.UUID]] = {}

    def ids(self, place: model.Place) -> dict[str, int]:
        return {"contact_id": self.contacts[place[0]].pk, "credit_type_id": self.types[place[1]].pk}

    def lot(self, lot: model.Lot) -> uuid.UUID:
        return self.lots[lot.place][lot.number]

    def perform(self, verb: str, arguments: dict[str, Any]) -> Any:
        """What the ledger answers: the entry's kind, amount and balance, or the refusal's name and numbers."""
        arguments = dict(arguments)
        if "place" in arguments:
            arguments |= self.ids(arguments.pop("place"))
        if "lot" in arguments:
            arguments["lot"] = self.lot(arguments["lot"])
        if "rows" in arguments:
            arguments["rows"] = [
                ledger.Row(**self.ids(place), amount=amount, key=key) for place, amount, key in arguments["rows"]
            ]
        try:
            with transaction.atomic():
                said = getattr(ledger, verb)(account=self.account, **arguments, origin=factories.STAFF)
        except (errors.LedgerRefusal, errors.NotHere) as refusal:
            return type(refusal).__name__, {
                name: value for name, value in vars(refusal).items() if isinstance(value, int)
            }
        if isinstance(said, list):
            return [answer(row.outcome, row.reason, row.free, row.row.amount) for row in said]
        return said.kind, said.amount, said.balance_after

    def state(self) -> dict[model.Place, Any]:
        """By the clock: what is overdue counts as written off."""
        with connection.cursor() as cursor:
            cursor.execute(STATE, {"account": self.account.pk})
            wallets, entries, lots = cursor.fetchone()
        contacts = {contact.pk: number for number, contact in enumerate(self.contacts)}
        types = {credit_type.pk: number for number, credit_type in enumerate(self.types)}
        places = {wallet[0]: (contacts[wallet[1]], types[wallet[2]]) for wallet in wallets}
        found: dict[model.Place, Any] = {}
        self.unwritten = 0
        self.lots = {}
        for wallet_id, _, _, balance, issued, used, expired in wallets:
            place = places[wallet_id]
            lines = [tuple(entry[1:]) for entry in entries if entry[0] == wallet_id]
            held = []
            overdue = []
            for lot_wallet, public_id, amount, remaining, lost, withdrawn, day, ends, ended in lots:
                if lot_wallet != wallet_id:
                    continue
                self.lots.setdefault(place, []).append(uuid.UUID(public_id))
                if ended and remaining:
                    overdue.append((float(ends), len(held), ends, remaining))
                    lost, remaining = lost + remaining, 0
                held.append((amount, remaining, lost, withdrawn, day))
            for _, _, ends, remaining in sorted(overdue):
                balance -= remaining
                expired += remaining
                lines.append(("expire", -remaining, balance, ends))
                self.unwritten += 1
            if lines:  # a batch whose row is refused may leave an empty wallet
                found[place] = {"figures": (issued, used, expired, balance), "entries": lines, "lots": held}
        return found


def answer(outcome: str, reason: str, free: int | None, amount: int) -> tuple[Any, ...]:
    """A batch's answer as far as it is promised: which of several reasons is named, is not."""
    return outcome, reason if 1 <= amount <= 1_000_000 else "", free if outcome in ("posted", "short") else None


REASONS = {error.__name__: reason for reason, error in errors.BY_REASON.items()} | {"KeyReused": "key_reused"}

places = st.tuples(st.integers(0, len(CONTACTS) - 1), st.integers(0, len(TYPES) - 1))
amounts = st.one_of(st.integers(1, 6), st.integers(1, 12), st.sampled_from([0, -1, 1, 1_000_001]))
keys = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 30))  # a fresh one, or one that was used before
days_back = st.one_of(st.none(), st.integers(0, 20), st.integers(-1, 95))
spans = st.tuples(st.integers(1, 14), st.sampled_from(["days", "weeks", "months", "years"])).map(
    lambda s: f"{s[0]} {s[1]}"
)
expiries = st.one_of(st.just(""), st.just("never"), spans, st.integers(-1, 20))


class Program(RuleBasedStateMachine):
    at: Any  # moves the clock, given by the test

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: tuple[str, datetime]) -> None:
        zone, now = start
        self.at(now)
        self.model = model.Ledger(zone, now, [model.CreditType(default) for _, default in TYPES])
        self.sides = [Side(name, zone) for name in ("prompt", "late", "never")]
        self.keys: list[uuid.UUID] = []
        self.history: list[tuple[str, dict[str, Any]]] = []

    def key(self, pick: int | None) -> uuid.UUID:
        if pick is not None and self.keys:
            return self.keys[pick % len(self.keys)]
        self.keys.append(uuid.uuid4())
        return self.keys[-1]

    def day(self, expiry: str | int) -> str:
        return expiry if isinstance(expiry, str) else (self.model.today + timedelta(days=expiry)).isoformat()

    def perform(self, verb: str, **arguments: Any) -> None:
        self.history.append((verb, arguments))
        expected = getattr(self, f"expect_{verb}", self.expect)(verb, arguments)
        for side in self.sides:
            with scope(side.account):
                said = side.perform(verb, arguments)
                assert said == expected, (side.name, verb, arguments)
                self.compare(side)

    def expect(self, verb: str, arguments: dict[str, Any]) -> Any:
        named = {"redate": {"last_good_day": "day"}}.get(verb, {})
        try:
            entry = getattr(self.model, verb)(**{named.get(name, name): value for name, value in arguments.items()})
        except model.Refused as refusal:
            return refusal.name, refusal.numbers
        return entry.kind, entry.amount, entry.balance_after

    def expect_issue_many(self, _: str, arguments: dict[str, Any]) -> Any:
        return [self.expect_row("issue", row, expiry=arguments["expiry"]) for row in arguments["rows"]]

    def expect_consume_many(self, _: str, arguments: dict[str, Any]) -> Any:
        return [self.expect_row("consume", row, service_date=arguments["service_date"]) for row in arguments["rows"]]

    def expect_row(self, verb: str, row: tuple[model.Place, int, uuid.UUID], **more: Any) -> Any:
        place, amount, key = row
        known = key in self.model.keys
        try:
            entry = getattr(self.model, verb)(place=place, amount=amount, key=key, **more)
        except model.Refused as refusal:
            if refusal.name == "InsufficientCredits":
                return answer("short", "", refusal.numbers["free"], amount)
            return answer("refused", REASONS[refusal.name], None, amount)
        return answer("replayed" if known else "posted", "", entry.balance_after, amount)

    def compare(self, side: Side) -> None:
        expected = {
            place: {
                "figures": self.model.figures(place),
                "entries": [(e.kind, e.amount, e.balance_after, epoch(e.happened_at)) for e in entries],
                "lots": [
                    (
                        lot.amount,
                        lot.remaining,
                        lot.expired,
                        lot.withdrawn,
                        lot.last_good_day and lot.last_good_day.isoformat(),
                    )
                    for lot in self.model.lots[place]
                ],
            }
            for place, entries in self.model.entries.items()
        }
        assert side.state() == expected, side.name
        if side.name == "prompt":
            assert side.unwritten == 0

    @rule(place=places, amount=amounts, key=keys, expiry=expiries)
    def issue(self, place, amount, key, expiry):
        self.perform("issue", place=place, amount=amount, key=self.key(key), expiry=self.day(expiry))

    @rule(place=places, amount=st.integers(3, 9), days=st.integers(0, 6))
    def issue_for_days(self, place, amount, days):
        self.perform("issue", place=place, amount=amount, key=self.key(None), expiry=self.day(days))

    @rule(place=places, amount=amounts, key=keys, back=days_back)
    def consume(self, place, amount, key, back):
        self.perform("consume", place=place, amount=amount, key=self.key(key), service_date=self.days_ago(back))

    @rule(place=places, amount=st.integers(1, 4), back=st.integers(1, 12))
    def consume_dated_back(self, place, amount, back):
        self.perform("consume", place=place, amount=amount, key=self.key(None), service_date=self.days_ago(back))

    @rule(rows=st.lists(st.tuples(places, amounts, keys), min_size=1, max_size=6), expiry=expiries)
    def issue_many(self, rows, expiry):
        self.perform("issue_many", rows=self.rows(rows), expiry=self.day(expiry))

    @rule(rows=st.lists(st.tuples(places, amounts, keys), min_size=1, max_size=6), back=days_back)
    def consume_many(self, rows, back):
        self.perform("consume_many", rows=self.rows(rows), service_date=self.days_ago(back))

    @precondition(lambda self: self.model.uses())
    @rule(pick=st.integers(0, 30), amount=amounts, key=keys, revive=st.booleans())
    def reverse(self, pick, amount, key, revive):
        uses = self.model.uses()
        self.perform("reverse", use=uses[pick % len(uses)][0], amount=amount, key=self.key(key), revive=revive)

    @precondition(lambda self: self.model.uses())
    @rule(pick=st.integers(0, 30), revive=st.booleans())
    def reverse_the_whole(self, pick, revive):
        uses = self.model.uses()
        use, entry = uses[pick % len(uses)]
        self.perform("reverse", use=use, amount=-entry.amount, key=self.key(None), revive=revive)

    @precondition(lambda self: self.model.lots)
    @rule(pick=st.integers(0, 30), amount=st.one_of(st.none(), amounts), key=keys)
    def withdraw(self, pick, amount, key):
        lot = self.pick_lot(pick)
        self.perform("withdraw", lot=lot, amount=lot.remaining if amount is None else amount, key=self.key(key))

    @precondition(lambda self: self.model.lots)
    @rule(pick=st.integers(0, 30), days=st.one_of(st.none(), st.integers(-1, 20)), key=keys)
    def redate(self, pick, days, key):
        day = None if days is None else self.model.today + timedelta(days=days)
        self.perform("redate", lot=self.pick_lot(pick), last_good_day=day, key=self.key(key))

    @precondition(lambda self: self.history)
    @rule(pick=st.integers(0, 60))
    def again(self, pick):
        """The same request once more, whatever has happened since: to the letter, so dates stay the old ones."""
        verb, arguments = self.history[pick % len(self.history)]
        self.perform(verb, **arguments)

    @rule(number=st.integers(0, len(TYPES) - 1))
    def archive_or_bring_back(self, number):
        kind = self.model.types[number]
        kind.archived = not kind.archived
        for side in self.sides:
            with scope(side.account):
                tables.CreditType.objects.filter(pk=side.types[number].pk).update(
                    archived_at=self.model.now if kind.archived else None
                )

    @rule(passed=st.one_of(st.integers(1, 48), st.integers(24, 24 * 40)))
    def hours_pass(self, passed):
        self.move(self.model.now + timedelta(hours=passed))

    @precondition(lambda self: any(lot.remaining and lot.ends < model.NEVER for lot in self.model.all_lots()))
    @rule(beside=st.sampled_from([timedelta(microseconds=-1), timedelta(0), timedelta(seconds=1)]))
    def a_lot_ends(self, beside):
        ends = min(lot.ends for lot in self.model.all_lots() if lot.remaining)
        self.move(max(self.model.now, ends + beside))

    def move(self, now: datetime) -> None:
        ends = {lot.ends for lot in self.model.all_lots() if lot.remaining and lot.ends <= now}
        for instant in sorted(ends):
            self.at(instant)
            self.sweep(self.sides[0])
        self.at(now)
        self.model.advance(now)
        for side in self.sides:
            with scope(side.account):
                self.compare(side)

    @rule()
    def sweep_late(self):
        self.sweep(self.sides[1])
        with scope(self.sides[1].account):
            self.compare(self.sides[1])
            assert self.sides[1].unwritten == 0

    def sweep(self, side: Side) -> None:
        with scope(side.account):
            ledger.expire_due(account=side.account)

    def days_ago(self, days: int | None) -> date | None:
        return None if days is None else self.model.today - timedelta(days=days)

    def rows(self, rows: list[tuple[model.Place, int, int | None]]) -> list[tuple[model.Place, int, uuid.UUID]]:
        return [(place, amount, self.key(key)) for place, amount, key in rows]

    def pick_lot(self, pick: int) -> model.Lot:
        lots = self.model.all_lots()
        return lots[pick % len(lots)]

    def teardown(self) -> None:
        """At the end of a program: pages say the same of each account, and each is proven."""
        if not hasattr(self, "sides"):
            return
        for side in self.sides:
            with scope(side.account, read_only=True):
                assert proof.verify(side.account) == []
                for number, contact in enumerate(side.contacts):
                    self.compare_pages(side, number, contact)

    def compare_pages(self, side: Side, number: int, contact: Any) -> None:
        shown = {section.credit_type.pk: section.figures for section in queries.section(side.account, contact)}
        for kind, credit_type in enumerate(side.types):
            place = (number, kind)
            if place not in self.model.entries:
                continue
            figures = shown[credit_type.pk]
            assert (figures.issued, figures.used, figures.expired, figures.free) == self.model.figures(place)
            lines = queries.activity(side.account, contact, credit_type=credit_type, limit=1000).lines
            told = [(line.kind, line.amount, line.balance_after) for line in reversed(lines)]
            assert told == [(entry.kind, entry.amount, entry.balance_after) for entry in self.model.entries[place]]


@pytest.mark.django_db(transaction=True)
def test_the_ledger_does_as_the_model(at):
    many = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1
    Program.at = staticmethod(at)
    run_state_machine_as_test(
        Program,
        settings=settings(
            max_examples=20 * many,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""The ledger in plain Python, as the rules of the product say it and not as the SQL does it.

Time is told to it (`advance`), and it writes off what ends at the instant at which it ends. An amount is an int, a refusal a
`Refused` with the name of the error in `credits.errors`.
"""

import calendar
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NEVER = datetime.max.replace(tzinfo=UTC)


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after `day`, found by halving a span that surely holds it."""
    early = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=20)
    late = early + timedelta(hours=100)
    while late - early > timedelta(microseconds=1):
        middle = early + (late - early) / 2
        early, late = (middle, late) if middle.astimezone(zone).date() <= day else (early, middle)
    return late


def add_span(day: date, count: int, unit: str) -> date:
    """`day` plus so many days, weeks, months or years; the last day of a shorter month."""
    if unit in ("days", "weeks"):
        return day + timedelta(**{unit: count})
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


class Refused(Exception):
    def __init__(self, name: str, **numbers: int) -> None:
        super().__init__(name, numbers)
        self.name = name
        self.numbers = numbers


Place = tuple[int, int]
"""A wallet: the number of its contact, and of its credit type."""


@dataclass(eq=False)
class Lot:
    place: Place
    number: int  # within its wallet, from 0
    amount: int
    last_good_day: date | None
    ends: datetime
    issued_on: date
    remaining: int = 0
    expired: int = 0
    withdrawn: int = 0
    wholly_withdrawn: bool = False


@dataclass(eq=False)
class Entry:
    kind: str
    amount: int
    balance_after: int
    happened_at: datetime
    place: Place
    request: tuple[object, ...] = ()
    served: date | None = None
    drawn: list[tuple[Lot, int]] = field(default_factory=list)
    given: dict[int, int] = field(default_factory=dict)  # by position in `drawn`


@dataclass
class CreditType:
    default: str  # "never" or a span
    archived: bool = False


class Ledger:
    def __init__(self, zone: str, now: datetime, types: list[CreditType]) -> None:
        self.zone = ZoneInfo(zone)
        self.now = now
        self.types = types
        self.lots: dict[Place, list[Lot]] = {}
        self.entries: dict[Place, list[Entry]] = {}
        self.keys: dict[uuid.UUID, Entry] = {}

    # What is asked

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def balance(self, place: Place) -> int:
        return sum(lot.remaining for lot in self.lots.get(place, []))

    def figures(self, place: Place) -> tuple[int, int, int, int]:
        """Issued, used, expired and free."""
        total = dict.fromkeys(("issue", "consume", "reverse", "expire", "restore", "withdraw", "redate"), 0)
        for entry in self.entries.get(place, []):
            total[entry.kind] += entry.amount
        used = -total["consume"] - total["reverse"]
        return total["issue"], used, -total["expire"] - total["restore"], self.balance(place)

    def all_lots(self) -> list[Lot]:
        return [lot for place in sorted(self.lots) for lot in self.lots[place]]

    def uses(self) -> list[tuple[uuid.UUID, Entry]]:
        return [(key, entry) for key, entry in self.keys.items() if entry.kind == "consume"]

    # What is done

    def advance(self, now: datetime) -> None:
        """Time passes, and each lot ends at its instant."""
        ending = [lot for lot in self.all_lots() if lot.remaining and lot.ends <= now]
        for lot in sorted(ending, key=lambda lot: (lot.ends, lot.place, lot.number)):
            amount, lot.remaining = lot.remaining, 0
            lot.expired += amount
            self._write("expire", -amount, lot.place, at=lot.ends)
        self.now = now

    def issue(self, place: Place, amount: int, key: uuid.UUID, expiry: str) -> Entry:
        self._check_amount(amount)
        request = ("issue", place, amount, expiry)
        if replayed := self._replay(key, request):
            return replayed
        if self.types[place[1]].archived:
            raise Refused("TypeArchived")
        last_good_day = self._last_good_day(expiry or self.types[place[1]].default)
        if last_good_day is not None and last_good_day < self.today:
            raise Refused("DayInPast")
        self._open(place, amount, last_good_day)
        return self._write("issue", amount, place, key=key, request=request)

    def consume(self, place: Place, amount: int, key: uuid.UUID, service_date: date | None) -> Entry:
        self._check_amount(amount)
        request = ("consume", place, amount, service_date)
        if replayed := self._replay(key, request):
            return replayed
        day = service_date or self.today
        if day > self.today:
            raise Refused("DayInFuture")
        if day < self.today - timedelta(days=90):
            raise Refused("DayTooFarBack")
        payers = [(lot, lot.remaining or lot.expired) for lot in self.payers(place, day)]
        free = sum(payable for _, payable in payers)
        if free < amount:
            raise Refused("InsufficientCredits", free=free, asked=amount)
        drawn, need = [], amount
        for lot, payable in payers:
            take = min(need, payable)
            if not take:
                break
            need -= take
            if not lot.remaining:  # it had expired: what it pays is restored first
                lot.expired -= take
                lot.remaining += take
                self._write("restore", take, place)
            drawn.append((lot, take))
        for lot, take in drawn:
            lot.remaining -= take
        return self._write("consume", -amount, place, key=key, request=request, served=day, drawn=drawn)

    def payers(self, place: Place, day: date) -> list[Lot]:
        """Those with something left; for a day in the past also those that expired after it. Lots issued later pay last."""
        found = [
            lot
            for lot in self.lots.get(place, [])
            if lot.remaining
            or (day < self.today and lot.expired and lot.last_good_day and lot.issued_on <= day <= lot.last_good_day)
        ]
        return sorted(found, key=lambda lot: (day < self.today and lot.issued_on > day, lot.ends, lot.number))

    def reverse(self, use: uuid.UUID, amount: int, key: uuid.UUID, revive: bool) -> Entry:
        self._check_amount(amount)
        entry = self.keys.get(use)
        if entry is None or entry.kind != "consume":
            raise Refused("NotHere")
        request = ("reverse", use, amount)
        if replayed := self._replay(key, request):
            return replayed
        parts = []
        withheld = 0
        for position in reversed(range(len(entry.drawn))):
            lot, taken = entry.drawn[position]
            back = taken - entry.given.get(position, 0)
            if lot.wholly_withdrawn and not revive:
                withheld += back
            else:
                parts.append((position, lot, back))
        left = sum(back for _, _, back in parts)
        if amount > left:
            raise Refused("OverReversal", left=left, withdrawn=withheld)
        need = amount
        for position, lot, back in parts:
            give = min(need, back)
            if not give:
                continue
            need -= give
            entry.given[position] = entry.given.get(position, 0) + give
            if lot.ends <= self.now:
                assert lot.last_good_day
                assert entry.served
                self._open(entry.place, give, self.today + max(lot.last_good_day - entry.served, timedelta(0)))
            else:
                lot.remaining += give
                lot.wholly_withdrawn = False
        return self._write("reverse", amount, entry.place, key=key, request=request)

    def withdraw(self, lot: Lot, amount: int, key: uuid.UUID) -> Entry:
        self._check_amount(amount)
        request = ("withdraw", lot, amount)
        if replayed := self._replay(key, request):
            return replayed
        if amount > lot.remaining:
            raise Refused("OverWithdrawal", left=lot.remaining)
        lot.remaining -= amount
        lot.withdrawn += amount
        lot.wholly_withdrawn = lot.remaining == 0
        return self._write("withdraw", -amount, lot.place, key=key, request=request)

    def redate(self, lot: Lot, day: date | None, key: uuid.UUID) -> Entry:
        request = ("redate", lot, day)
        if replayed := self._replay(key, request):
            return replayed
        if day is not None and day < self.today:
            raise Refused("DayInPast")
        if not lot.remaining and not lot.expired:
            raise Refused("NothingLeft")
        if lot.last_good_day == day:
            raise Refused("SameDay")
        lot.last_good_day, lot.ends = day, self._end(day)
        entry = self._write("redate", 0, lot.place, key=key, request=request)
        if lot.expired:
            amount, lot.expired = lot.expired, 0
            lot.remaining += amount
            self._write("restore", amount, lot.place)
        return entry

    # How

    def _check_amount(self, amount: int) -> None:
        if not 1 <= amount <= 1_000_000:
            raise Refused("AmountOutOfRange")

    def _replay(self, key: uuid.UUID, request: tuple[object, ...]) -> Entry | None:
        known = self.keys.get(key)
        if known is not None and known.request != request:
            raise Refused("KeyReused")
        return known

    def _last_good_day(self, expiry: str) -> date | None:
        if expiry == "never":
            return None
        if expiry[4:5] == "-":
            return date.fromisoformat(expiry)
        count, unit = expiry.split()
        return add_span(self.today, int(count), unit)

    def _end(self, day: date | None) -> datetime:
        return day_end(day, self.zone) if day else NEVER

    def _open(self, place: Place, amount: int, last_good_day: date | None) -> None:
        lots = self.lots.setdefault(place, [])
        ends = self._end(last_good_day)
        lots.append(Lot(place, len(lots), amount, last_good_day, ends, self.today, remaining=amount))

    def _write(
        self,
        kind: str,
        amount: int,
        place: Place,
        *,
        at: datetime | None = None,
        key: uuid.UUID | None = None,
        request: tuple[object, ...] = (),
        served: date | None = None,
        drawn: list[tuple[Lot, int]] | None = None,
    ) -> Entry:
        chain = self.entries.setdefault(place, [])
        before = chain[-1].balance_after if chain else 0
        entry = Entry(kind, amount, before + amount, at or self.now, place, request, served, drawn or [])
        chain.append(entry)
        if key is not None:
            self.keys[key] = entry
        return entry

"""Each movement as the sentence a person reads. Plain text from plain values, without the full stop: no table is read here.

The unit's number follows the amount it stands beside, so a part of a whole reads "1 coaching session, from the 5 issued on 3 May".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from simplero.lib.lists import listed
from simplero.lib.moments import day

from .wording import Unit, good, quantity

NAMED = 3
"""Lots that one sentence names; of a use that took from more, the rest are counted."""


@dataclass(frozen=True, slots=True)
class LotWords:
    """What a sentence says of a lot: how many it was issued with, on which day, and through which day it is good now (None: for ever)."""

    amount: int
    issued_on: date
    last_good_day: date | None
    name: str = ""  # of what was bought, such as "Pack of 5"; empty when issued by hand
    given_back: bool = False  # opened by a reversal, since the lot that had paid has expired


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a movement fell on a lot, without its sign. `made` when the movement made that lot."""

    amount: int
    lot: LotWords
    made: bool = False


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry, in the days of the account's time zone."""

    kind: str
    amount: int  # with its sign
    unit: Unit
    on: date  # the day on which it happened
    today: date
    parts: Sequence[Part] = ()
    service_day: date | None = None  # of a use; of a reversal and its use
    last_good_day: date | None = None  # of a redate: the new one, None being for ever
    redated: bool = False  # of an issue: its lot is good through another day now than when it was issued
    by: str = ""  # who; empty when nobody in particular
    what: str = ""  # what it was for, such as "Workshop"; empty when that has no name
    other: str = ""  # of a transfer: from or to whom
    parted: bool = False  # of a transfer: two who had been merged were parted again


def sentence(movement: Movement) -> str:
    """What happened, with the credits it happened to: "2 coaching sessions used for 14 November, from the 5 issued on 3 May, by Maria Holm".

    With several lots, each with its share behind a colon. Only what makes a lot says how long it is good: the day may be
    changed, and beside what happened before the change the new one would be untrue.
    """
    said, shares = _SENTENCES[movement.kind](movement)
    by = f", by {movement.by}" if movement.by else ""
    return f"{said}{by}: {shares}" if shares else f"{said}{by}"


Said = tuple[str, str]
"""The statement, and what stands behind its colon, if anything."""


def _issue(m: Movement) -> Said:
    until = f", {'now ' if m.redated else ''}{_good(m.parts[0].lot, m)}" if m.parts else ""
    return f"{_moved(m)} issued{f' with {m.what}' if m.what else ''}{until}", ""


def _consume(m: Movement) -> Said:
    said = f"{_moved(m)} used for {_use(m, m.service_day or m.on)}"
    if len(m.parts) == 1:
        return f"{said}, from {_lot(m.parts[0].lot, m)}", ""
    return said, _shares(m, "from")


def _reverse(m: Movement) -> Said:
    use = f"the use for {_use(m, m.service_day)}" if m.service_day else "a use"
    why = f", reversing {use}"
    if len(m.parts) == 1:
        return f"{_moved(m)} given back {_back(m.parts[0], m)}{why}", ""
    return f"{_moved(m)} given back{why}", _shares(m, "to")


def _withdraw(m: Movement) -> Said:
    return f"{_moved(m)} withdrawn{f' from {_lot(m.parts[0].lot, m)}' if m.parts else ''}", ""


def _expire(m: Movement) -> Said:
    return f"{_moved(m)} expired unused{f', from {_lot(m.parts[0].lot, m)}' if m.parts else ''}", ""


def _restore(m: Movement) -> Said:
    return f"{_moved(m)} restored{f' to {_lot(m.parts[0].lot, m)}' if m.parts else ''} after expiring", ""


def _redate(m: Movement) -> Said:
    whose = f" of {_lot(m.parts[0].lot, m)}" if m.parts else f" of some {m.unit.plural}"
    change = f"changed to {_day(m.last_good_day, m)}" if m.last_good_day else "removed, so that they never expire"
    return f"Last good day{whose} {change}", ""


def _transfer(m: Movement) -> Said:
    other, on = m.other or "another contact", _day(m.on, m)
    if m.parted:
        way = f"came back from {other}" if m.amount > 0 else f"went back to {other}"
        return f"{_moved(m)} {way}, when the merge was undone on {on}", ""
    return f"{_moved(m)} {f'came from {other}' if m.amount > 0 else f'went to {other}'}, merged on {on}", ""


_SENTENCES = {
    "transfer": _transfer,
    "issue": _issue,
    "consume": _consume,
    "reverse": _reverse,
    "withdraw": _withdraw,
    "expire": _expire,
    "restore": _restore,
    "redate": _redate,
}


def _moved(m: Movement) -> str:
    return quantity(abs(m.amount), m.unit)


def _use(m: Movement, service_day: date) -> str:
    """What a use was for: "14 November", "Workshop on 14 November"."""
    return f"{m.what} on {_day(service_day, m)}" if m.what else _day(service_day, m)


def _day(value: date, m: Movement) -> str:
    return day(value, today=m.today)


def _good(lot: LotWords, m: Movement) -> str:
    return good(lot.last_good_day, today=m.today, never="never expiring")


def _lot(lot: LotWords, m: Movement) -> str:
    if lot.name:
        return f"{lot.name} (bought {_day(lot.issued_on, m)})"
    came = "given back" if lot.given_back else "issued"
    return f"the {lot.amount:,} {came} on {_day(lot.issued_on, m)}"


def _back(part: Part, m: Movement) -> str:
    """Where a reversal put credits: the lot that had paid, or, where that has expired since, a new one."""
    return f"as a new lot, now {_good(part.lot, m)}" if part.made else f"to {_lot(part.lot, m)}"


def _shares(m: Movement, way: str) -> str:
    """The lots a movement fell on, each with its share: "1 from the 5 issued on 3 May and 2 from …"."""
    said = [
        f"{part.amount:,} {_back(part, m) if way == 'to' else f'from {_lot(part.lot, m)}'}" for part in m.parts[:NAMED]
    ]
    rest = m.parts[NAMED:]
    if rest:
        said.append(
            f"{sum(part.amount for part in rest):,} {way} {len(rest):,} more {'lot' if len(rest) == 1 else 'lots'}"
        )
    return listed(said)


_EVENTS = {
    "credits.issued": "issued",
    "credits.consumed": "used",
    "credits.reversed": "given back",
    "credits.withdrawn": "withdrawn",
    "credits.expired": "expired",
    "credits.restored": "restored",
}


def event_sentence(body: Mapping[str, Any], kind: str, credit_type: Unit | None) -> str:
    """What a timeline says of the event of that `kind`: "1 coaching session used, 4 left". `credit_type` is the one that
    body["credit_type_id"] names, None when it is not known. Raises KeyError for a kind that is not of credits."""
    of = credit_type or _Credit
    if kind == "credits.redated":
        return f"Last good day of some {of.plural} changed"
    if kind == "credits.expiring":
        days = int(body["days"])
        return f"{quantity(int(body['amount']), of)} to expire within {'a day' if days == 1 else f'{days} days'}"
    amount, left = abs(int(body["amount"])), int(body["balance"])
    if kind == "credits.transferred":
        way = "came from" if int(body["amount"]) > 0 else "went to"
        return f"{quantity(amount, of)} {way} another contact, {f'{left:,}' if left else 'none'} left"
    return f"{quantity(amount, of)} {_EVENTS[kind]}, {f'{left:,}' if left else 'none'} left"


class _Credit:
    """The unit of a type that is not known."""

    name, plural = "credit", "credits"

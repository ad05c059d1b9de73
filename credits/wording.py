"""Amounts, and how long they are good, in words. Plain text from plain values: no table is read here."""

from datetime import date
from typing import Protocol

from simplero.lib.moments import day


class Unit(Protocol):
    """Anything with a name for one and a name for many, such as a credit type."""

    name: str
    plural: str


def unit(amount: int, of: Unit) -> str:
    """The unit alone, in the right number: "coaching session", "coaching sessions". Its first letter is as staff typed it."""
    return of.name if abs(amount) == 1 else of.plural


def quantity(amount: int, of: Unit) -> str:
    """ "1 coaching session", "1,000 coaching sessions"."""
    return f"{amount:,} {unit(amount, of)}"


def capital(words: str) -> str:
    """`words` as a heading, or as the beginning of a line."""
    return words[:1].upper() + words[1:]


def expiration(number: int | None, unit: str) -> str:
    """How long credits are good from the day of issue: "good for 6 months", of no `number` "never expires"."""
    return f"good for {number:,} {unit.removesuffix('s') if number == 1 else unit}" if number else "never expires"


def good(last_good_day: date | None, *, today: date, never: str = "never expires") -> str:
    """ "good through 3 August", through the last second of that day; without one `never`."""
    return f"good through {day(last_good_day, today=today)}" if last_good_day else never

"""Amounts and days in words. Plain text from plain values: no table is read here."""

from datetime import date
from typing import Protocol


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


def day(value: date, *, today: date) -> str:
    """ "3 May", with the year when it is not this one."""
    return f"{value.day} {value:%B}" if value.year == today.year else f"{value.day} {value:%B %Y}"

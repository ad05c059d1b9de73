"""The arithmetic of a price: units, tiers and totals. Whole numbers in, whole numbers out; nothing here is read from a table.

Credits bought = quantity × number included (none: 1 per quantity); total = credits bought × price per credit of the highest tier
they reach (product.md, "cheaper by quantity"). A product that is not of credits counts pieces instead.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from simplero.lib.moments import later


class Tier(Protocol):
    """A price as far as its arithmetic goes."""

    minimum: int


T = TypeVar("T", bound=Tier)


def units(quantity: int, included: int | None) -> int:
    """What `quantity` of a product comes to: credits of a credit product, else pieces."""
    return quantity * (included or 1)


def reached(tiers: Iterable[T], count: int) -> T | None:
    """The highest of `tiers` that `count` units reach, None below the lowest."""
    return max((tier for tier in tiers if tier.minimum <= count), key=lambda tier: tier.minimum, default=None)


def money(count: int, each: int) -> int:
    """What `count` units cost, in minor units."""
    return count * each


def credits(quantity: int, each: int) -> int:
    """How many credits `quantity` of a product takes at a credit price (product rule 8)."""
    return quantity * each


def period_begins(first: datetime, number: int, every: int, period: str, zone: ZoneInfo) -> datetime:
    """When the period after `number` others begins, counted from the `first` and never from the one before: a start on
    31 January renews on the last day of shorter months and on the 31st again. The same time of day in `zone`."""
    start = first.astimezone(zone)
    day: date = later(start.date(), number * every, period)
    clock: time = start.time()
    return datetime.combine(day, clock, tzinfo=zone)

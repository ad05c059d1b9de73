"""Until when a run waits at a step. Plain arithmetic; what it needs to know of credits it is told.

Settings: {"for": "while", "number", "unit"}, {"for": "weekday", "weekday" (Monday is 0), "time"}, {"for": "date", "date", "time"},
{"for": "expiry", "credit_type", "days"}, {"for": "event", "occasion", "event", "number", "unit"} (at most so long).
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simplero.lib.moments import later

Settings = Mapping[str, Any]

UNITS = ("minutes", "hours", "days", "weeks", "months")
LONGEST = 1000
"""Of each unit."""

WHILE, WEEKDAY, DATE, EXPIRY, EVENT = "while", "weekday", "date", "expiry", "event"


def until(settings: Settings, *, since: datetime, zone: ZoneInfo, end: datetime | None = None) -> datetime | None:
    """The instant at which a wait that began at `since` is over; for an event the latest one. None: there is nothing to wait for.

    `end` is when the next of the contact's credits ends, for a wait on that.
    """
    match settings["for"]:
        case "while" | "event":
            return _later(since, settings["number"], settings["unit"], zone)
        case "weekday":
            return _weekday(since, settings["weekday"], time.fromisoformat(settings["time"]), zone)
        case "date":
            day = date.fromisoformat(settings["date"])
            return datetime.combine(day, time.fromisoformat(settings["time"]), tzinfo=zone)
        case "expiry":
            return _earlier(end, settings["days"], zone) if end else None
    raise ValueError(settings["for"])


def _later(since: datetime, number: int, unit: str, zone: ZoneInfo) -> datetime:
    """Minutes and hours by the clock; days and longer to the same time of day in the account's zone."""
    if unit in ("minutes", "hours"):
        return since + timedelta(**{unit: number})
    local = since.astimezone(zone)
    return datetime.combine(later(local.date(), number, unit), local.timetz().replace(tzinfo=None), tzinfo=zone)


def _earlier(end: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day in the account's zone, `days` before."""
    local = end.astimezone(zone)
    return datetime.combine(local.date() - timedelta(days=days), local.timetz().replace(tzinfo=None), tzinfo=zone)


def _weekday(since: datetime, weekday: int, at: time, zone: ZoneInfo) -> datetime:
    """The first such day and time after `since`."""
    local = since.astimezone(zone)
    day = local.date() + timedelta(days=(weekday - local.weekday()) % 7)
    found = datetime.combine(day, at, tzinfo=zone)
    return found if found > since else datetime.combine(day + timedelta(days=7), at, tzinfo=zone)

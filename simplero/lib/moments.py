"""Days and times as people say them, in a zone of their own."""

from calendar import monthrange
from datetime import date, datetime, timedelta, tzinfo


def day(one: date, *, today: date | None = None) -> str:
    """A day: "3 August 2026"; beside `today`, of the same year, "3 August"."""
    year = "" if today is not None and one.year == today.year else f" {one.year}"
    return f"{one.day} {one:%B}{year}"


def later(one: date, number: int, unit: str) -> date:
    """The day `number` days, weeks, months or years after `one`; 31 January and 1 month is the last day of February.

    Raises ValueError for another unit, ValueError or OverflowError beyond the year 9999.
    """
    if unit in ("days", "weeks"):
        return one + timedelta(**{unit: number})
    if unit not in ("months", "years"):
        raise ValueError(unit)
    months = one.year * 12 + one.month - 1 + number * (12 if unit == "years" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(one.day, monthrange(year, month)[1]))


def moment(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """An instant as seen at `now` in `zone`: "Today, 10:42", "Yesterday, 09:10", "3 August, 10:42", "3 August 2025, 10:42"."""
    here, today = at.astimezone(zone), now.astimezone(zone).date()
    ago = (today - here.date()).days
    named = {0: "Today", 1: "Yesterday"}.get(ago) or day(here.date(), today=today)
    return f"{named}, {here:%H:%M}"


def span(since: date | None, until: date | None, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """The instants from the beginning of `since` to just before the end of `until`, days in `zone`; None where there is no such day."""
    start = datetime.combine(since, datetime.min.time(), zone) if since else None
    end = datetime.combine(until + timedelta(days=1), datetime.min.time(), zone) if until and until < date.max else None
    return start, end

"""Days and times as people say them, in a zone of their own."""

from datetime import date, datetime, tzinfo


def day(one: date, *, today: date | None = None) -> str:
    """A day: "3 May 2026"; beside `today`, of the same year, "3 May"."""
    year = "" if today is not None and one.year == today.year else f" {one.year}"
    return f"{one.day} {one:%b}{year}"


def moment(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """An instant as seen at `now` in `zone`: "Today, 10:42", "Yesterday, 09:10", "3 May, 10:42", "3 May 2025, 10:42"."""
    here, today = at.astimezone(zone), now.astimezone(zone).date()
    ago = (today - here.date()).days
    named = {0: "Today", 1: "Yesterday"}.get(ago) or day(here.date(), today=today)
    return f"{named}, {here:%H:%M}"

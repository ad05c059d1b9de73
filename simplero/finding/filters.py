"""What a list of contacts is asked for, read from an address and written back to one. Whatever is spoiled in it is left out."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict

from simplero.lib.text import one_line, unfit

HAS, NONE, FEWER = "has", "none", "fewer"
SORTS = {"name": ("name_key", False), "-name": ("name_key", True), "newest": ("created_at", True), "oldest": ("created_at", False)}  # fmt: skip
"""By its name in an address: the column that a list is sorted by, and whether downwards."""

LONGEST_TEXT = 200  # characters of a search
MOST = 8  # tags, and conditions on credits, of one filter
MOST_CREDITS = 1_000_000
MOST_DAYS = 3650

_LEFT = re.compile(r"([0-9a-fA-F-]{32,36})\.(?:(has|none)|fewer\.([0-9]{1,7}))")


@dataclass(frozen=True, slots=True)
class Left:
    """How many free credits of a type somebody has: some, none, or fewer than `below`."""

    credit_type: uuid.UUID
    test: str  # HAS, NONE or FEWER
    below: int = 0

    @classmethod
    def of(cls, text: str) -> Self | None:
        """From an address: "<credit type>.has", "<credit type>.none" or "<credit type>.fewer.3"."""
        found = _LEFT.fullmatch(text)
        credit_type = found and as_uuid(found[1])
        return (
            cls.asked(credit_type, found[2] or FEWER, number(found[3], MOST_CREDITS)) if found and credit_type else None
        )

    @classmethod
    def asked(cls, credit_type: uuid.UUID, test: str, below: int | None) -> Self | None:
        if test in (HAS, NONE):
            return cls(credit_type, test)
        return cls(credit_type, FEWER, below) if test == FEWER and below else None

    def __str__(self) -> str:
        return f"{self.credit_type}.{self.test}" + (f".{self.below}" if self.test == FEWER else "")


@dataclass(frozen=True, slots=True)
class Filter:
    """Whom a list shows, and in which order. All that it asks for must be true of a contact; each tag, each condition on credits."""

    text: str = ""  # each word begins a word of name, address or tags
    tags: tuple[uuid.UUID, ...] = ()
    credits: tuple[Left, ...] = ()
    within: int | None = None  # free credits expire on one of so many days from today on; 0 is today
    within_type: uuid.UUID | None = None  # of this type alone
    since: date | None = None  # added on that day of the account's zone or later
    until: date | None = None
    sort: str = "name"
    spoiled: bool = field(
        default=False, compare=False
    )  # the address asked for more, which could not be read: it finds too many

    @classmethod
    def of(cls, asked: QueryDict) -> Self:
        """From an address. A form sends its one condition on credits as `type`, `left` and `below`."""
        text = "".join(letter for letter in asked.get("q", "")[:LONGEST_TEXT] if not unfit(letter))
        written = [Left.of(one) for one in asked.getlist("credits")]
        if credit_type := as_uuid(asked.get("type", "")):
            below = number(asked.get("below", ""), MOST_CREDITS)
            written.append(Left.asked(credit_type, asked.get("left", HAS), below))
        within, since, until = (
            number(asked.get("within", ""), MOST_DAYS),
            _day(asked.get("from", "")),
            _day(asked.get("until", "")),
        )
        read = {
            "type": credit_type,
            "within": within,
            "within_type": as_uuid(asked.get("within_type", "")),
            "from": since,
            "until": until,
        }
        unread = None in written or any(asked.get(name) and value is None for name, value in read.items())
        return cls(
            text=one_line(text),
            tags=_once(as_uuid(one) for one in asked.getlist("tag")),
            credits=_once(written),
            within=within,
            within_type=as_uuid(asked.get("within_type", "")) if within is not None else None,
            since=since,
            until=until,
            sort=asked.get("sort", "name") if asked.get("sort") in SORTS else "name",
            spoiled=unread or _too_much(asked) or any(tag and as_uuid(tag) is None for tag in asked.getlist("tag")),
        )

    @classmethod
    def read(cls, query: str) -> Self:
        """From the part of an address after "?", as `query` writes it."""
        return cls.of(QueryDict(query))

    @property
    def narrowed(self) -> bool:
        """Whether it leaves anybody out."""
        return replace(self, sort="name") != Filter()

    @property
    def filtered(self) -> bool:
        """Whether more than a search is asked for."""
        return replace(self, text="", sort="name") != Filter()

    def query(self, **more: object) -> str:
        """The part of an address after "?" that asks for this, and `more`."""
        pairs = [
            ("q", self.text),
            *(("tag", tag) for tag in self.tags),
            *(("credits", left) for left in self.credits),
            ("within", self.within),
            ("within_type", self.within_type),
            ("from", self.since),
            ("until", self.until),
            ("sort", "" if self.sort == "name" else self.sort),
            *more.items(),
        ]
        return urlencode([(name, str(value)) for name, value in pairs if value not in (None, "")])

    def but(self, **changed: Any) -> Self:
        """This filter with something else in it."""
        return replace(self, **changed)


def as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def number(text: str | None, most: int) -> int | None:
    """A whole number from 0 to `most`, in plain digits; None for anything else."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,7}", text) and int(text) <= most else None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 <= found.year <= 9000 else None  # instants of other years do not fit every zone


def _once(found: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(one for one in found if one is not None))[:MOST]


def _too_much(asked: QueryDict) -> bool:
    """Whether an address asks for more than a filter holds."""
    return len(asked.get("q", "")) > LONGEST_TEXT or any(
        len(set(asked.getlist(name))) > MOST for name in ("tag", "credits")
    )

"""Entries and lots in the words and with the links of a staff page."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from django.http import HttpRequest

from contacts.models import Contact
from credits import wording
from credits.queries import Line, LotView
from credits.queries.movements import movement
from credits.sentences import sentence
from credits.services import UNDO_WITHIN
from credits.sources import MERGED, PARTED
from credits.wording import capital, good
from simplero.lib.moments import day
from simplero.tenancy.scope import now, today
from simplero.web.http import StaffRequest

from .lookup import address

SOURCES = {"staff": "By hand", "clock": "By the calendar", "purchase": "Purchase", "trigger": "Trigger", "automation": "Automation", MERGED: "Merge", PARTED: "Undo of a merge", "bulk": "Job for many", "roster": "Roster", "import": "Import"}  # fmt: skip
SOON = 14  # days before its end at which a lot says so


def lot_name(lot: LotView, *, today: date) -> str:
    """What tells a lot from its neighbours: "5 issued on 3 May", "5 of Pack of 5 bought on 3 May"."""
    if lot.name:
        return f"{lot.amount:,} of {lot.name} bought on {day(lot.issued_on, today=today)}"
    came = "given back" if lot.replacement else "issued"
    return f"{lot.amount:,} {came} on {day(lot.issued_on, today=today)}"


def line_sentence(line: Line, *, today: date, by: bool = True) -> str:
    """The entry's sentence; `by` with who did it, where that was a person. Of somebody merged into the contact it says as whom."""
    said = sentence(movement(line, today=today, by=by))
    return f"As {line.of_self}: {said}" if line.of_self else said


def source_words(line: Line) -> str:
    """Where it came from: "By hand", "Purchase: Pack of 5"."""
    kind = SOURCES.get(line.source, line.source.replace("_", " ").capitalize())
    return f"{kind}: {line.named}" if line.named else kind


def who_words(line: Line) -> str:
    return line.who if line.actor.kind != "system" else ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of activity as its page shows it."""

    line: Line
    sentence: str
    on: str  # day and time in the account's zone, worded here: a template would take them to another
    time: str
    iso: str
    source: str
    who: str
    unit: str
    anchor: str
    mark: str  # "Reversed", "1 of 3 reversed", …
    links: list[tuple[str, str]]  # to the entries that it answers or that answer it
    reverse_url: str
    undo_url: str
    left: int  # of a use: what can still be given back


def row(request: HttpRequest, contact: Contact, line: Line, *, shown: set[uuid.UUID], may_correct: bool) -> Row:
    """`shown` are the keys on the same page: links go to them; to others by a page that shows one entry."""
    account = cast(StaffRequest, request).account
    left = -line.amount - line.given_back if line.kind == "consume" else 0
    links = []
    if line.linked_key:
        words = "See the use" if line.kind == "reverse" else "See the expiry"
        links.append((words, _entry_url(request, contact, line.linked_key, shown)))
    for number, key in enumerate(line.answers, start=1):
        words = "See the reversal" if line.kind == "consume" else "See what was restored"
        links.append(
            (f"{words} {number}" if len(line.answers) > 1 else words, _entry_url(request, contact, key, shown))
        )
    happened = line.happened_at.astimezone(account.zone)
    return Row(
        line=line,
        sentence=line_sentence(line, today=today(account), by=False),
        on=day(happened.date()),
        time=f"{happened:%H:%M}",
        iso=happened.isoformat(timespec="minutes"),
        source=source_words(line),
        who=who_words(line),
        unit=wording.unit(line.amount, line.credit_type),
        anchor=f"e-{line.key}" if line.key else "",
        mark=_mark(line),
        links=links,
        reverse_url=address(request, contact, "reverse", line.key) if may_correct and left > 0 else "",
        undo_url=address(request, contact, "undo", line.key) if not may_correct and may_undo(request, line) else "",
        left=left,
    )


def _entry_url(request: HttpRequest, contact: Contact, key: uuid.UUID, shown: set[uuid.UUID]) -> str:
    return f"#e-{key}" if key in shown else f"{address(request, contact, 'activity')}?entry={key}#e-{key}"


def _mark(line: Line) -> str:
    if not line.given_back:
        return ""
    done = "reversed" if line.kind == "consume" else "restored"
    return done.capitalize() if line.given_back == -line.amount else f"{line.given_back:,} of {-line.amount:,} {done}"


def may_undo(request: HttpRequest, line: Line) -> bool:
    """Whether the one who looks made this use, lately enough, and nothing of it was given back or has expired since."""
    if line.kind != "consume" or line.given_back or line.actor != cast(StaffRequest, request).actor:
        return False
    expired = any(lot.expires_at and lot.expires_at <= now() for lot, _ in line.lots)
    return not expired and line.happened_at >= now() - UNDO_WITHIN


def done_words(request: HttpRequest, line: Line) -> tuple[str, str]:
    """What a confirmation says of an entry: in bold what was done, and what that leaves."""
    account = cast(StaffRequest, request).account
    this_day = today(account)
    amount, left = wording.quantity(abs(line.amount), line.credit_type), _left(line.balance_after)
    lots = [lot for lot, _ in line.lots]
    match line.kind:
        case "issue":
            return (
                f"{amount} issued.",
                f"{left} {capital(good(lots[0].last_good_day, today=this_day))}." if lots else left,
            )
        case "consume":
            whence = f" Taken from the {lot_name(lots[0], today=this_day)}." if len(lots) == 1 else ""
            return f"{amount} used.", f"{left}{whence}"
        case "reverse":
            return f"{amount} given back.", left
        case "withdraw":
            return f"{amount} withdrawn.", left
        case "redate":
            until = None if line.expiry == "never" else date.fromisoformat(line.expiry)
            return (
                "Last good day changed.",
                f"Now {good(until, today=this_day)}." if until else "These credits never expire now.",
            )
    return f"{capital(line_sentence(line, today=this_day))}.", ""


def _left(balance: int) -> str:
    return f"{balance:,} left." if balance else "None left."


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot as the Credits section shows it."""

    lot: LotView
    name: str
    label: str  # for those who do not see where its buttons stand
    sub: str
    until: str
    when: str
    soon: bool
    next: bool
    closed: bool
    withdraw_url: str
    redate_url: str


def lot_row(request: HttpRequest, contact: Contact, lot: LotView, *, next: bool, may: dict[str, bool]) -> LotRow:
    account = cast(StaffRequest, request).account
    this_day = today(account)
    until, when, soon = until_words(lot, today=this_day)
    can = may["correct"]
    return LotRow(
        lot=lot,
        name=lot.name or f"{'Given back' if lot.replacement else 'Issued'} {day(lot.issued_on, today=this_day)}",
        label=lot_name(lot, today=this_day),
        sub=f"Bought {day(lot.issued_on, today=this_day)}"
        if lot.name
        else SOURCES.get(lot.source, lot.source.capitalize()),
        until=until,
        when=when,
        soon=soon,
        next=next,
        closed=not lot.free,
        withdraw_url=address(request, contact, "withdraw", lot.public_id) if can and lot.free else "",
        redate_url=address(request, contact, "last-good-day", lot.public_id)
        if can and (lot.free or lot.expired)
        else "",
    )


def until_words(lot: LotView, *, today: date) -> tuple[str, str, bool]:
    """How long a lot is good or what became of it, how far off that is, and whether that is soon."""
    last = lot.last_good_day
    if lot.state == "expired" and last:
        return f"Expired after {day(last, today=today)}", "", False
    if lot.state == "withdrawn":
        return "Withdrawn", "", False
    if lot.state == "used":
        return "Used up", "", False
    if last is None:
        return "Never expires", "", False
    ahead = (last - today).days
    return capital(good(last, today=today)), _ahead(ahead), ahead <= SOON


def _ahead(days: int) -> str:
    if days <= 0:
        return "Today is the last day"
    if days == 1:
        return "Tomorrow is the last day"
    if days <= 60:
        return f"{days} days left"
    return f"{round(days / 30.44)} months left" if days < 700 else f"{round(days / 365.25)} years left"


def good_again(lot: LotView, *, served: date, today: date) -> date | None:
    """Through which day credits are good that a reversal gives back after their lot has expired (product rule 6); None when it has not."""
    if lot.last_good_day is None or lot.last_good_day >= today:
        return None
    return today + max(lot.last_good_day - served, timedelta(0))


def sections(request: HttpRequest, contact: Contact, parts: list[Any], may: dict[str, bool]) -> list[dict[str, Any]]:
    """`queries.section` dressed for the contact page."""
    return [
        {
            "type": part.credit_type,
            "figures": part.figures,
            "unit": f"{wording.unit(part.figures.free, part.credit_type)} free",
            "open": [
                lot_row(request, contact, lot, next=index == 0 and len(part.open_lots) > 1, may=may)
                for index, lot in enumerate(part.open_lots)
            ],
            "past": [lot_row(request, contact, lot, next=False, may=may) for lot in part.past_lots],
            "past_count": len(part.past_lots),
            "more": f"and {part.more_lots:,} more in the credit activity" if part.more_lots else "",
            "issue_url": ""
            if part.credit_type.archived_at
            else f"{address(request, contact, 'issue')}?type={part.credit_type.public_id}",
            "consume_url": f"{address(request, contact, 'consume')}?type={part.credit_type.public_id}",
            "activity_url": f"{address(request, contact, 'activity')}?type={part.credit_type.public_id}",
        }
        for part in sorted(parts, key=lambda part: not part.figures.free)  # by name, what is left to use first
    ]

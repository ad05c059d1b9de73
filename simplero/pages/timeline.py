"""Everything that happened to one contact, newest first, each event in a plain sentence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.text import Truncator

from contacts import queries as contacts
from contacts.models import Contact
from simplero.lib.moments import moment
from simplero.outbox.models import Event
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now, require

PAGE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One event as the page shows it: words already chosen, who by name, when in the account's zone."""

    sentence: str
    icon: str
    tone: str
    who: str
    when: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    lines: list[Line]
    older: str  # the cursor of the next page, "" on the last


@dataclass(frozen=True, slots=True)
class Words:
    """What an event's sentence needs and its body does not hold: tags by name, notes as they stand now."""

    tags: dict[int, str]
    notes: dict[int, str]


@dataclass(frozen=True, slots=True)
class Said:
    sentence: str
    icon: str
    tone: str = ""
    note: str = ""


def read(*, account: Account, contact: Contact, older: str = "") -> Timeline:
    """A page of what happened to `contact`; `older` is the cursor from the page before, a spoiled one means the first page.

    The same number of queries however long the page is.
    """
    events, cursor = _page(account, contact, older)
    names = actor_names(Actor(event.actor_kind, event.actor_id) for event in events)
    bodies = [event.body for event in events]
    words = Words(
        tags=contacts.tag_names(account, {body["tag_id"] for body in bodies if "tag_id" in body}),
        notes=contacts.note_texts(account, {body["note_id"] for body in bodies if "note_id" in body}),
    )
    said = _said(account, events, words)
    lines = [
        Line(
            sentence=one.sentence,
            icon=one.icon,
            tone=one.tone,
            note=one.note,
            who=names[Actor(event.actor_kind, event.actor_id)],
            when=moment(event.at, now=now(), zone=account.zone),
            at=event.at,
        )
        for event, one in zip(events, said, strict=True)
    ]
    return Timeline(lines, cursor)


def _page(account: Account, contact: Contact, older: str) -> tuple[list[Event], str]:
    """The events behind a cursor "<microseconds since 1970>.<events of that very instant already shown>".

    Events of one transaction share their instant, so the instant alone would skip some; their ids would tell how many there are.
    """
    found = Event.objects.filter(account_id=require(account), contact_id=contact.pk)
    at, shown = _cursor(older)
    if at is not None:
        found = found.filter(at__lte=at)
    taken = list(found.order_by("-at", "-id")[shown : shown + PAGE + 1])
    events = taken[:PAGE]
    if len(taken) <= PAGE:
        return events, ""
    last = events[-1].at
    again = sum(event.at == last for event in events) + (shown if last == at else 0)
    return events, f"{(last - _EPOCH) // timedelta(microseconds=1)}.{again}"


def _cursor(text: str) -> tuple[datetime | None, int]:
    try:
        instant, shown = (int(part) for part in text.split("."))
        return _EPOCH + timedelta(microseconds=instant), min(max(shown, 0), 10_000)
    except (ValueError, OverflowError):
        return None, 0


def _said(account: Account, events: list[Event], words: Words) -> list[Said]:
    return [SENTENCES.get(event.kind, _other)(event.body, words) for event in events]


def _created(body: dict[str, Any], words: Words) -> Said:
    return Said("Contact added", "user-plus")


def _changed(body: dict[str, Any], words: Words) -> Said:
    return Said(f"{_listed(body['fields']).capitalize()} changed", "pencil")


def _tagged(body: dict[str, Any], words: Words) -> Said:
    return Said(f"Tagged {words.tags.get(body['tag_id'], 'with a tag')}", "tag")


def _untagged(body: dict[str, Any], words: Words) -> Said:
    return Said(f"Tag {words.tags.get(body['tag_id'], '')} removed".replace("  ", " "), "tag")


def _note_added(body: dict[str, Any], words: Words) -> Said:
    text = words.notes.get(body["note_id"])
    if text is None:
        return Said("Note added, since deleted", "sticky-note")
    return Said("Note added", "sticky-note", note=Truncator(text).chars(140))


def _note_edited(body: dict[str, Any], words: Words) -> Said:
    return Said("Note edited", "sticky-note")


def _note_deleted(body: dict[str, Any], words: Words) -> Said:
    return Said("Note deleted", "sticky-note")


def _other(body: dict[str, Any], words: Words) -> Said:
    return Said("Something changed", "dot")


SENTENCES: dict[str, Callable[[dict[str, Any], Words], Said]] = {
    "contact.created": _created,
    "contact.changed": _changed,
    "contact.tagged": _tagged,
    "contact.untagged": _untagged,
    "contact.note_added": _note_added,
    "contact.note_edited": _note_edited,
    "contact.note_deleted": _note_deleted,
}


def _listed(words: Iterable[str]) -> str:
    """ "name", "name and phone", "name, email and phone"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last

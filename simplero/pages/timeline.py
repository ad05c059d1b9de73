"""Everything that happened to one contact, newest first, each event in a plain sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from automations.queries.naming import Names, names
from contacts import queries as contacts
from contacts.models import Contact
from credits import queries as credits
from credits.sentences import event_sentence
from credits.wording import Unit
from products.queries import sales
from products.sentences import KINDS as OF_PURCHASES
from products.sentences import Said, said
from simplero.lib.lists import listed
from simplero.lib.moments import moment
from simplero.outbox.models import Event
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now, require

PAGE = 10
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


@dataclass(frozen=True, slots=True)
class Timeline:
    lines: list[Line]
    older: str  # the cursor of the next page, "" on the last


@dataclass(frozen=True, slots=True)
class Words:
    """What an event's sentence needs and its body does not hold: tags, credit types, automations and what was bought by name."""

    tags: dict[int, str]
    credit_types: dict[int, Unit]
    purchases: dict[str, str]
    flows: Names
    people: dict[int, str]  # contacts, by id


def read(*, account: Account, contact: Contact, older: str = "", purchases: bool = True) -> Timeline:
    """A page of what happened to `contact`; `older` is the cursor from the page before, a spoiled one means the first page.

    Without `purchases` it is the page of somebody who may not see them. The same number of queries however long the page is.
    """
    whole = contacts.selves(account, contact)
    others = contacts.merged_names(account, contact) if len(whole) > 1 else {}
    events, cursor = _page(account, contact, whole, older, purchases)
    people = actor_names(Actor(event.actor_kind, event.actor_id) for event in events)
    words = words_for(account, [event.body for event in events])
    names = [others.get(event.contact_id or 0, "") for event in events]
    return Timeline(
        [_line(account, event, words, people, name) for event, name in zip(events, names, strict=True)], cursor
    )


def _line(account: Account, event: Event, words: Words, people: dict[Actor, str], of_self: str) -> Line:
    """`of_self` is the name of somebody merged into the contact, as whom it happened; "" of the contact."""
    words_of = SENTENCES.get(event.kind, _other)(event, words)
    return Line(
        sentence=f"As {of_self}: {words_of.sentence}" if of_self else words_of.sentence,
        icon=words_of.icon,
        tone=words_of.tone,
        who=people[Actor(event.actor_kind, event.actor_id)],
        when=moment(event.at, now=now(), zone=account.zone),
        at=event.at,
    )


def words_for(account: Account, bodies: list[dict[str, Any]]) -> Words:
    def ids(name: str) -> set[int]:
        return {body[name] for body in bodies if name in body}

    types = credits.types(account) | credits.types(account, archived=True)
    return Words(
        tags=contacts.tag_names(account, ids("tag_id")),
        credit_types={kind.pk: kind for kind in types.filter(pk__in=ids("credit_type_id"))},
        purchases=sales.names(account, {body["purchase"] for body in bodies if "purchase" in body}),
        flows=names(account, [{"flow": flow_id} for flow_id in ids("flow_id")]),
        people=contacts.contact_names(account, ids("source_id") | ids("other_id")),
    )


def _page(account: Account, contact: Contact, whole: list[int], older: str, purchases: bool) -> tuple[list[Event], str]:
    """The events behind a cursor "<microseconds since 1970>.<events of that very instant already shown>".

    Events of one transaction share their instant, so the instant alone would skip some; their ids would tell how many there are.
    """
    found = Event.objects.filter(account_id=require(account), contact_id__in=whole)
    found = found.exclude(kind="credits.transferred", body__amount=0)
    if len(whole) > 1:  # of a pair of transfers, what the contact's own wallet says
        found = found.exclude(~Q(contact_id=contact.pk), kind="credits.transferred")
    if not purchases:
        found = found.exclude(kind__in=OF_PURCHASES)
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


def _created(event: Event, words: Words) -> Said:
    return Said("Contact added", "user-plus")


def _changed(event: Event, words: Words) -> Said:
    return Said(f"{listed(event.body['fields']).capitalize()} changed", "pencil")


def _tagged(event: Event, words: Words) -> Said:
    return Said(f"Tagged {words.tags.get(event.body['tag_id'], 'with a tag')}", "tag")


def _untagged(event: Event, words: Words) -> Said:
    return Said(f"Tag {words.tags.get(event.body['tag_id'], '')} removed".replace("  ", " "), "tag")


def _merged(event: Event, words: Words) -> Said:
    return Said(
        f"{words.people.get(event.body['source_id'], 'Another contact')} merged into this contact", "merge", "brand"
    )


def _merge_undone(event: Event, words: Words) -> Said:
    return Said(f"Merge with {words.people.get(event.body['other_id'], 'another contact')} undone", "undo-2")


def _erased(event: Event, words: Words) -> Said:
    return Said("Person erased, numbers kept", "user-x", "bad")


def _note_added(event: Event, words: Words) -> Said:
    return Said("Note added", "sticky-note")


def _note_edited(event: Event, words: Words) -> Said:
    return Said("Note edited", "sticky-note")


def _note_deleted(event: Event, words: Words) -> Said:
    return Said("Note deleted", "sticky-note")


def _credits(event: Event, words: Words) -> Said:
    icon, tone = _MOVEMENTS[event.kind]
    credit_type = words.credit_types.get(event.body["credit_type_id"])
    return Said(event_sentence(event.body, event.kind, credit_type), icon, tone)


_MOVEMENTS = {
    "credits.issued": ("plus", "good"),
    "credits.consumed": ("check", ""),
    "credits.reversed": ("undo-2", "brand"),
    "credits.withdrawn": ("circle-minus", "bad"),
    "credits.expired": ("hourglass", "warn"),
    "credits.restored": ("rotate-ccw", "brand"),
    "credits.redated": ("calendar-clock", ""),
    "credits.transferred": ("merge", ""),
    "credits.expiring": ("hourglass", "warn"),
}


def _automation(event: Event, words: Words) -> Said:
    verb, icon, tone = _WAYS[event.kind]
    return Said(f"{verb} {words.flows.flow(event.body['flow_id'])}", icon, tone)


_WAYS = {
    "automation.started": ("Entered", "log-in", "brand"),
    "automation.finished": ("Finished", "flag", "good"),
    "automation.stopped": ("Taken out of", "circle-stop", ""),
}


def _called(event: Event, words: Words) -> Said:
    return Said("Call received from another system", "webhook", "")


def _purchase(event: Event, words: Words) -> Said:
    return said(event.kind, event.body, words.purchases.get(event.body["purchase"], ""))


def _other(event: Event, words: Words) -> Said:
    return Said("Something changed", "dot")


SENTENCES: dict[str, Callable[[Event, Words], Said]] = {
    "contact.created": _created,
    "contact.changed": _changed,
    "contact.tagged": _tagged,
    "contact.untagged": _untagged,
    "contact.merged": _merged,
    "contact.merge_undone": _merge_undone,
    "contact.erased": _erased,
    "contact.note_added": _note_added,
    "contact.note_edited": _note_edited,
    "contact.note_deleted": _note_deleted,
    **dict.fromkeys(_MOVEMENTS, _credits),
    **dict.fromkeys(OF_PURCHASES, _purchase),
    **dict.fromkeys(_WAYS, _automation),
    "hook.received": _called,
}

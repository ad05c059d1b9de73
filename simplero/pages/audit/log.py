"""Events and changes as one stream, newest first: an event with the changes of its deed, and each change that no event tells of.

Who changes a row writes an event beside it. Should one be forgotten, the change stands in the log by itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from contacts import queries as contacts
from contacts.models import Contact
from simplero.audit.models import Change, ChangeDetail
from simplero.lib.moments import span
from simplero.outbox.models import AREAS, LEDGER, Event
from simplero.tenancy import vault
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

PAGE = 50
CHANGES = 10
"""Rows changed that a page looks at for each of its lines; a deed that changed more shows the newest of them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 2**63 - 1
_LONG = timedelta(minutes=10)  # for one deed
_CURSOR = "place in the audit log"

OTHER, PEOPLE = 0, 3
GROUPS: dict[str, tuple[str, tuple[int, ...]]] = {
    "contacts": ("Contacts", (PEOPLE,)),
    "credits": ("Credits", (LEDGER, 2)),
    "products": ("Sales", (4,)),
    "marketing": ("Marketing", (5,)),
    "settings": ("Settings and team", (OTHER,)),
}
"""What the filter offers, with the areas of events that it means."""

THINGS: dict[str, int] = {
    **dict.fromkeys(("contact", "note", "tag", "filter", "roster"), PEOPLE),
    "credit_type": 2,
    **dict.fromkeys(("product", "product_credit", "price", "sales", "gateway", "gateway_address"), 4),
    **dict.fromkeys(("flow", "version", "endpoint", "trigger", "hook"), 5),
}
"""The area of a watched row; of one that is not here, OTHER."""

ROW_OF = {
    **{thing: f"{thing}_id" for thing in ("credit_type", "product", "price", "flow", "endpoint", "trigger")},
    **{thing: f"{thing}_id" for thing in ("domain", "invitation", "note", "tag")},
}
"""Under which name an event says which row it is about."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of the log; all of it unless said otherwise. `since` and `until` are days of the account, both included."""

    actor: Actor | None = None  # without an id: all of its kind
    areas: tuple[int, ...] = ()
    since: date | None = None
    until: date | None = None
    contact: Contact | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A change with what stood in its columns; both empty where that has been erased."""

    change: Change
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class Entry:
    """One line of the log. Without an event it has one change."""

    event: Event | None
    changes: list[Told] = field(default_factory=list)

    @property
    def source(self) -> Event | Change:
        return self.event or self.changes[0].change


@dataclass(frozen=True, slots=True)
class Page:
    entries: list[Entry]
    older: str  # the cursor of the next page, "" on the last


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: what is older than `at`, or of that very instant and with a smaller id."""

    at: datetime
    event: int
    change: int


def page(account: Account, wanted: Filter, *, cursor: str = "", limit: int = PAGE) -> Page:
    """A page of the log; `cursor` is what the page before said, a spoiled one means the first. The same number of queries however
    long it is."""
    account_id, place = require(account), _opened(account, cursor)
    ids = contacts.selves(account, wanted.contact) if wanted.contact else []
    events = _events(account, wanted, ids, place, limit + 1)
    untold = _untold(account, wanted, ids, place)
    if len(events) > limit:
        untold = untold.filter(at__gte=events[-1].at)
    alone = list(untold.order_by("-at", "-id")[: limit + 1])
    both: list[Event | Change] = sorted([*events, *alone], key=_newest, reverse=True)
    shown = both[:limit]
    told = [event for event in shown if isinstance(event, Event)]
    changes = _told(
        account_id, [*_of_deeds(account_id, told, limit * CHANGES), *(one for one in shown if isinstance(one, Change))]
    )
    entries = _joined(shown, changes)
    return Page(entries, _sealed(account, shown[-1]) if len(both) > limit else "")


def _newest(one: Event | Change) -> tuple[datetime, bool, int]:
    return one.at, isinstance(one, Event), one.pk


def _events(account: Account, wanted: Filter, ids: Sequence[int], place: Place | None, number: int) -> list[Event]:
    """In the order of an index, whatever is asked for: a contact's, a person's, or those of one area at a time."""
    found = _within(Event.objects.filter(account_id=account.pk), account, wanted)
    if place:
        found = found.filter(at__lte=place.at).filter(Q(at__lt=place.at) | Q(pk__lt=place.event))
    if wanted.contact:
        found = found.filter(contact_id__in=ids)
    if wanted.contact or (wanted.actor and wanted.actor.id is not None):
        found = found.filter(area__in=wanted.areas) if wanted.areas else found
        return list(found.order_by("-at", "-id")[:number])
    parts = [found.filter(area=area).order_by("-at", "-id")[:number] for area in wanted.areas or (OTHER, *AREAS)]
    joined = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return list(joined.order_by("-at", "-id")[:number] if len(parts) > 1 else joined)


def _untold(account: Account, wanted: Filter, ids: Sequence[int], place: Place | None) -> QuerySet[Change]:
    """Changes in whose deed there is no event but, at most, of postings: those change no watched row."""
    events = Event.objects.filter(account_id=account.pk, deed=OuterRef("deed")).exclude(area=LEDGER)
    found = _within(Change.objects.filter(~Exists(events), account_id=account.pk), account, wanted)
    if place:
        found = found.filter(at__lte=place.at).filter(Q(at__lt=place.at) | Q(pk__lt=place.change))
    if wanted.contact:
        found = found.filter(contact_id__in=ids)
    if wanted.areas:
        mine = Q(thing__in=[thing for thing, area in THINGS.items() if area in wanted.areas])
        found = found.filter(mine | ~Q(thing__in=THINGS) if OTHER in wanted.areas else mine)
        if PEOPLE not in wanted.areas:
            found = found.filter(contact_id=None)  # by an index of its own
    return found


def _within(found: QuerySet[Any], account: Account, wanted: Filter) -> QuerySet[Any]:
    start, end = span(wanted.since, wanted.until, account.zone)
    if start:
        found = found.filter(at__gte=start)
    if end:
        found = found.filter(at__lt=end)
    if wanted.actor:
        found = found.filter(actor_kind=wanted.actor.kind)
        if wanted.actor.id is not None:
            found = found.filter(actor_id=wanted.actor.id)
    return found


def _of_deeds(account_id: int, events: Sequence[Event], most: int) -> list[Change]:
    """What changed in the deeds of these events, of nobody but whom they are about."""
    deeds = {event.deed for event in events if event.deed and event.area != LEDGER}
    if not deeds:
        return []
    about = {event.contact_id for event in events if event.contact_id}
    found = Change.objects.filter(account_id=account_id, deed__in=deeds)
    return list(found.filter(Q(contact_id=None) | Q(contact_id__in=about)).order_by("-at", "-id")[:most])


def _told(account_id: int, changes: Sequence[Change]) -> list[Told]:
    details = ChangeDetail.objects.filter(account_id=account_id, change__in=[change.pk for change in changes])
    known = {detail.change_id: detail for detail in details} if changes else {}
    return [
        Told(change, known[change.pk].before, known[change.pk].after) if change.pk in known else Told(change, {}, {})
        for change in changes
    ]


def _joined(shown: Sequence[Event | Change], changes: Sequence[Told]) -> list[Entry]:
    """Each change beside the one event of its deed that it goes with best, in the order in which they were made."""
    entries = [Entry(one if isinstance(one, Event) else None) for one in shown]
    alone = {one.pk: entry for one, entry in zip(shown, entries, strict=True) if isinstance(one, Change)}
    of_deed: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.event and entry.event.area != LEDGER:
            of_deed[entry.event.deed].append(entry)
    for told in sorted(changes, key=lambda told: told.change.pk):
        same = [alone[told.change.pk]] if told.change.pk in alone else of_deed.get(told.change.deed, [])
        if same:
            max(same, key=lambda entry: _likeness(entry.event, told.change)).changes.append(told)
    return entries


def _likeness(event: Event | None, change: Change) -> tuple[bool, bool, bool, timedelta]:
    """About the same row; about the same contact; of the same area, at the same time; or, at the least, near it in time."""
    if event is None:
        return False, False, False, timedelta.min
    row, apart = ROW_OF.get(change.thing), abs(event.at - change.at)
    return (
        bool(row) and event.body.get(row) == change.row_id,
        change.contact_id is not None and change.contact_id == event.contact_id,
        THINGS.get(change.thing, OTHER) == event.area and apart < _LONG,
        -apart,
    )


def _sealed(account: Account, last: Event | Change) -> str:
    """A cursor that says nothing: ids would tell how much happens here, and in the accounts beside it."""
    instant = (last.at - _EPOCH) // timedelta(microseconds=1)
    event, change = (last.pk, _LAST) if isinstance(last, Event) else (0, last.pk)
    return vault.seal_text(f"{instant}.{event}.{change}", account=account, use=_CURSOR, which="")


def _opened(account: Account, cursor: str) -> Place | None:
    try:
        instant, event, change = (
            int(part) for part in vault.unseal_text(cursor, account=account, use=_CURSOR, which="").split(".")
        )
    except vault.Unreadable:
        return None
    return Place(_EPOCH + timedelta(microseconds=instant), event, change)

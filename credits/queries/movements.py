"""The credit activity: every movement as it was written, and those expiries that are as good as written."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Q, Sum

from contacts.models import Contact
from contacts.queries import merged_names, selves
from credits import sources
from credits.models import Allocation, CreditType, Entry, EntryNote, Lot, Wallet
from credits.sentences import LotWords, Movement, Part
from credits.sources import PARTED
from simplero.lib.moments import later
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import require

from .figures import overdue_lots
from .lots import LotView, day_of, lot_views, views_of


@dataclass(slots=True)
class Line:
    """One line of the credit activity, written or (an overdue expiry) as good as written."""

    wallet_id: int
    credit_type: CreditType
    kind: str
    amount: int
    balance_after: int
    happened_at: datetime
    day: date  # in the account's zone: of the service, of the expiry's last good day, else of the record
    seq: int
    key: uuid.UUID | None = None  # None: not written yet
    recorded_at: datetime | None = None
    service_date: date | None = None
    expiry: str = ""  # as asked for, of an issue or redate
    source: str = "clock"
    source_id: str = ""
    named: str = ""  # what the source is called, such as "Pack of 5"
    actor: Actor = Actor("system")
    who: str = "the system"
    note: str = ""
    note_for_customer: bool = False
    lots: list[tuple[LotView, int]] = field(default_factory=list)  # in the order in which they were touched
    linked_key: uuid.UUID | None = None
    linked_day: date | None = None
    of_self: str = ""  # of somebody merged into the contact: as whom it happened
    other: str = ""  # of a transfer: from or to whom
    given_back: int = 0  # of a use: reversed so far; of an expiry: restored
    answers: list[uuid.UUID] = field(default_factory=list)  # the keys of the entries that did so


@dataclass(frozen=True, slots=True)
class Activity:
    lines: list[Line]
    older: str  # the cursor of the next page, "" at the end


@dataclass(frozen=True, slots=True)
class Reversible:
    """What of a use can still be given back: to which lots, the last drawn first; `withdrawn` is the part that staff must ask for."""

    line: Line
    contact_id: int
    lots: list[tuple[LotView, int, bool]]  # the lot, how much, whether it has been withdrawn since

    @property
    def plainly(self) -> int:
        return sum(amount for _, amount, withdrawn in self.lots if not withdrawn)

    @property
    def withdrawn(self) -> int:
        return sum(amount for _, amount, withdrawn in self.lots if withdrawn)


def reversible(account: Account, contact: Contact, use: uuid.UUID) -> Reversible:
    """A use of this contact, and what of it can be reversed. Raises Entry.DoesNotExist."""
    entry = get_entry(account, contact, use)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT r.lot_id, r.reversible, r.withdrawn FROM credits_entry e, LATERAL credits_reversible(e) WITH ORDINALITY AS r
                WHERE e.account_id = %s AND e.id = %s ORDER BY r.ordinality""",
            [require(account), entry.pk],
        )
        rows = cursor.fetchall()
    views = lot_views(account, [lot_id for lot_id, *_ in rows])
    [line] = lines_for(account, [entry])
    return Reversible(line, contact.pk, [(views[lot_id], amount, gone) for lot_id, amount, gone in rows])


def get_entry(account: Account, contact: Contact, key: uuid.UUID) -> Entry:
    """An entry of this contact, or of somebody merged into it, by its key. Raises Entry.DoesNotExist."""
    of = Entry.objects.select_related("wallet__credit_type")
    return of.get(key=key, wallet__contact__in=selves(account, contact))


def line(account: Account, contact: Contact, key: uuid.UUID) -> Line:
    """One entry of this contact as its line of activity. Raises Entry.DoesNotExist."""
    entry = get_entry(account, contact, key)
    [found] = lines_for(account, [entry])
    if entry.wallet.contact_id != contact.pk:
        found.of_self = merged_names(account, contact).get(entry.wallet.contact_id, "")
    return found


def line_of(account: Account, entry_id: int) -> tuple[Contact, Line]:
    """The entry of that row as its line of activity, and whose it is. Raises Entry.DoesNotExist."""
    require(account)
    entry = Entry.objects.select_related("wallet__credit_type", "wallet__contact").get(pk=entry_id)
    [found] = lines_for(account, [entry])
    return entry.wallet.contact, found


def activity(
    account: Account,
    contact: Contact,
    *,
    credit_type: CreditType | None = None,
    kinds: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Activity:
    """The contact's movements, newest first, from `cursor` on; `since` and `until` are days on which they happened, both included.

    Each wallet is read backwards along its sequence, what is not written yet in its place, and the wallets are merged: a page
    costs the same at any depth, and is the same before and after a sweep. A cursor that makes no sense starts at the top.
    """
    mine = Wallet.objects.filter(contact__in=selves(account, contact))
    wallets = list(mine.select_related("credit_type").order_by("pk"))
    names = merged_names(account, contact) if any(w.contact_id != contact.pk for w in wallets) else {}
    marks = dict(zip([w.pk for w in wallets], _parse_cursor(cursor, len(wallets)), strict=True))
    of_wallet = {w.pk: w.contact_id for w in wallets}
    shown = [w for w in wallets if credit_type is None or w.credit_type_id == credit_type.pk]
    start, end = _span(account, since, until)
    entries = list(
        Entry.objects.raw(
            # Of a pair of transfers only the entry in the contact's own wallet is told, and none that moved nothing.
            """SELECT e.* FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[]) AS w(id, before, own), LATERAL (
                 SELECT * FROM credits_entry
                  WHERE account_id = %s AND wallet_id = w.id AND (w.before IS NULL OR seq < w.before)
                    AND (%s OR kind = ANY (%s)) AND (kind <> 'transfer' OR w.own AND amount <> 0) AND happened_at >= %s AND happened_at < %s
                  ORDER BY seq DESC LIMIT %s) AS e
               ORDER BY e.happened_at DESC, e.wallet_id DESC, e.seq DESC LIMIT %s""",
            [
                [w.pk for w in shown],
                [marks[w.pk] for w in shown],
                [w.contact_id == contact.pk for w in shown],
                require(account),
                not kinds,
                list(kinds),
                start,
                end,
                limit + 1,
                limit + 1,
            ],
        )
    )
    pending = [
        line
        for line in unwritten(account, shown, kinds, start, end)
        if (mark := marks[line.wallet_id]) is None or line.seq < mark
    ]
    merged = sorted([*pending, *entries], key=lambda each: (each.happened_at, each.wallet_id, each.seq), reverse=True)
    page = merged[:limit]
    written = lines_for(account, [each for each in page if isinstance(each, Entry)], wallets={w.pk: w for w in wallets})
    for line in written:
        line.of_self = names.get(of_wallet[line.wallet_id], "")
    lines_by_key = {line.key: line for line in written}
    marks |= {each.wallet_id: each.seq for each in page}  # newest first, so each wallet's oldest stands
    older = "-".join(str(marks[w.pk] or 0) for w in wallets) if len(merged) > limit else ""
    return Activity([each if isinstance(each, Line) else lines_by_key[each.key] for each in page], older)


def _parse_cursor(cursor: str, wallets: int) -> list[int | None]:
    marks = cursor.split("-") if cursor else []
    if not all(mark.isascii() and mark.isdigit() and len(mark) < 19 for mark in marks) or len(marks) > wallets:
        marks = []
    return [int(mark) or None for mark in marks] + [None] * (wallets - len(marks))


def _span(account: Account, since: date | None, until: date | None) -> tuple[datetime, datetime]:
    zone = account.zone
    start = datetime.combine(since, datetime.min.time(), zone) if since else datetime(1, 1, 2, tzinfo=zone)
    if until and until < date.max:
        return start, datetime.combine(date.fromordinal(until.toordinal() + 1), datetime.min.time(), zone)
    return start, datetime(9999, 12, 30, tzinfo=zone)


def lines_for(account: Account, entries: Sequence[Entry], wallets: dict[int, Wallet] | None = None) -> list[Line]:
    """Everything a reader of `entries` wants to know, in a number of queries that does not grow with them."""
    if not entries:
        return []
    by_id = {entry.pk: entry for entry in entries}
    touched: dict[int, list[tuple[Lot, int]]] = defaultdict(list)
    for allocation in Allocation.objects.filter(entry__in=list(by_id)).select_related("lot__entry").order_by("pk"):
        touched[allocation.entry_id].append((allocation.lot, allocation.amount))
    redated = {
        lot.pk: lot
        for lot in Lot.objects.filter(pk__in={e.lot_id for e in entries if e.kind == "redate"}).select_related("entry")
    }
    for entry in entries:
        if entry.lot_id in redated:
            touched[entry.pk].append((redated[entry.lot_id], 0))
    notes = {note.entry_id: note for note in EntryNote.objects.filter(entry__in=list(by_id))}
    linked = {entry.pk: entry for entry in Entry.objects.filter(pk__in={e.linked_id for e in entries if e.linked_id})}
    answered = {
        linked_id: (amount, keys)
        for linked_id, amount, keys in Entry.objects.filter(linked__in=[e.pk for e in entries if e.amount < 0])
        .order_by()
        .values_list("linked_id")
        .annotate(back=Sum("amount"), keys=ArrayAgg("key", order_by="seq"))
    }
    others = _others([entry for entry in entries if entry.kind == "transfer"])
    names = actor_names(Actor(entry.actor_kind, entry.actor_id) for entry in entries)
    views = views_of(account, {lot.pk: lot for parts in touched.values() for lot, _ in parts}.values())
    named = sources.names(account, [(entry.source, entry.source_id) for entry in entries])
    lines = []
    for entry in entries:
        wallet = wallets[entry.wallet_id] if wallets else entry.wallet
        actor = Actor(entry.actor_kind, entry.actor_id)
        note = notes.get(entry.pk)
        cause = linked.get(entry.linked_id) if entry.linked_id else None
        given_back, answers = answered.get(entry.pk, (0, [])) if entry.kind != "transfer" else (0, [])
        if entry.kind == "transfer":
            cause = None
        lines.append(
            Line(
                wallet_id=entry.wallet_id,
                credit_type=wallet.credit_type,
                kind=entry.kind,
                amount=entry.amount,
                balance_after=entry.balance_after,
                happened_at=entry.happened_at,
                day=_line_day(account, entry),
                seq=entry.seq,
                key=entry.key,
                recorded_at=entry.recorded_at,
                service_date=entry.service_date,
                expiry=entry.expiry,
                source=entry.source,
                source_id=entry.source_id,
                named=named.get((entry.source, entry.source_id), ""),
                actor=actor,
                who=names[actor],
                note=note.text if note else "",
                note_for_customer=bool(note and note.for_customer),
                lots=[(views[lot.pk], amount) for lot, amount in touched[entry.pk]],
                linked_key=cause.key if cause else None,
                linked_day=_line_day(account, cause) if cause else None,
                other=others.get(entry.pk, ""),
                given_back=given_back,
                answers=answers,
            )
        )
    return lines


def _others(transfers: Sequence[Entry]) -> dict[int, str]:
    """From whom, or to whom, each of these entries took credits, by name."""
    if not transfers:
        return {}
    came = {entry.linked_id: entry.pk for entry in transfers if entry.linked_id}
    pairs = Entry.objects.filter(Q(pk__in=came) | Q(linked__in=[e.pk for e in transfers if not e.linked_id]))
    return {
        came.get(pk, linked_id): name
        for pk, linked_id, name in pairs.values_list("pk", "linked_id", "wallet__contact__name")
    }


def unwritten(
    account: Account, wallets: Sequence[Wallet], kinds: Sequence[str], start: datetime, end: datetime
) -> list[Line]:
    """The expiries that a sweep or the next posting will write, just as it will write them."""
    if kinds and "expire" not in kinds:
        return []
    by_id = {wallet.pk: wallet for wallet in wallets}
    seqs = {wallet.pk: wallet.seq for wallet in wallets}
    balances = {wallet.pk: wallet.balance for wallet in wallets}
    lines = []
    overdue = list(overdue_lots().filter(wallet__in=list(by_id)).select_related("entry").order_by("expires_at", "pk"))
    views = views_of(account, overdue)
    for lot in overdue:
        seqs[lot.wallet_id] += 1
        balances[lot.wallet_id] -= lot.remaining
        if lot.expires_at is None or lot.last_good_day is None:
            continue
        happened_at = max(lot.expires_at, by_id[lot.wallet_id].moved_at)
        if not start <= happened_at < end:
            continue
        lines.append(
            Line(
                wallet_id=lot.wallet_id,
                credit_type=by_id[lot.wallet_id].credit_type,
                kind="expire",
                amount=-lot.remaining,
                balance_after=balances[lot.wallet_id],
                happened_at=happened_at,
                day=lot.last_good_day,
                seq=seqs[lot.wallet_id],
                lots=[(views[lot.pk], -lot.remaining)],
            )
        )
    return lines


def _line_day(account: Account, entry: Entry) -> date:
    if entry.service_date:
        return entry.service_date
    if entry.kind == "expire":  # at the first instant after the last good day
        return date.fromordinal(day_of(account, entry.happened_at).toordinal() - 1)
    return day_of(account, entry.happened_at)


def movement(line: Line, *, today: date, by: bool = True) -> Movement:
    """A line as `credits.sentences` words it; `by` with who did it, where that was a person."""
    redate = line.kind == "redate"
    return Movement(
        kind=line.kind,
        amount=line.amount,
        unit=line.credit_type,
        on=line.day,
        today=today,
        parts=[
            Part(abs(amount), lot_words(lot), made=line.kind == "reverse" and lot.made_by == line.key)
            for lot, amount in line.lots
        ],
        service_day=line.day if line.kind == "consume" else line.linked_day,
        last_good_day=date.fromisoformat(line.expiry) if redate and line.expiry != "never" else None,
        redated=line.kind == "issue" and not _good_as_issued(line),
        by=line.who if by and line.actor.kind != "system" else "",
        what=line.named,
        other=line.other,
        parted=line.source == PARTED,
    )


def lot_words(lot: LotView) -> LotWords:
    return LotWords(
        amount=lot.amount,
        issued_on=lot.issued_on,
        last_good_day=lot.last_good_day,
        name=lot.name,
        given_back=lot.replacement,
    )


def _good_as_issued(line: Line) -> bool:
    """Whether the lot of an issue is good through the day it was issued with; False also when its type has another default now."""
    until = [lot.last_good_day for lot, _ in line.lots]
    credit_type = line.credit_type
    default = f"{credit_type.expires_after} {credit_type.expires_unit}" if credit_type.expires_after else "never"
    expiry = line.expiry or default
    if expiry == "never":
        return until == [None]
    number, _, unit = expiry.partition(" ")
    try:
        return until == [later(line.day, int(number), unit) if unit else date.fromisoformat(expiry)]
    except (ValueError, OverflowError):
        return False

"""Reading credits, by the clock: what is overdue counts as expired whether or not a sweep has written it off yet."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from contacts.models import Contact
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now, require, today

from .models import Allocation, CreditType, Entry, EntryNote, Lot, Wallet

MOST_LOTS = 100
"""Lots of one contact that a page shows at most; the activity tells of all of them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The four numbers (product rule 14), and what was withdrawn: issued = used + expired + free + withdrawn."""

    issued: int = 0
    used: int = 0  # less reversed
    expired: int = 0  # written, less restored, plus what is left in overdue lots
    free: int = 0  # in open lots that are not overdue
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class LotView:
    """A lot by the clock."""

    public_id: uuid.UUID
    amount: int
    free: int
    used: int
    expired: int
    withdrawn: int
    last_good_day: date | None
    expires_at: datetime | None
    issued_on: date
    source: str
    source_id: str
    replacement: bool  # opened by a reversal, for a lot that had expired
    made_by: uuid.UUID  # the key of the entry that opened it

    @property
    def state(self) -> str:
        """open, expired, withdrawn or used (up)."""
        if self.free:
            return "open"
        return "expired" if self.expired else "withdrawn" if self.withdrawn else "used"


@dataclass(frozen=True, slots=True)
class TypeSection:
    """One credit type on a contact page."""

    credit_type: CreditType
    figures: Figures
    open_lots: list[LotView]
    past_lots: list[LotView]


@dataclass(frozen=True, slots=True)
class Payer:
    """A lot that would pay a use: `amount` of it, leaving `left`. `restored` when it has expired since the day of service."""

    lot: LotView
    amount: int
    left: int
    restored: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """Who would pay a use of `asked`; short when `free` is less."""

    asked: int
    free: int  # what could pay a use on that day
    payers: list[Payer]

    @property
    def short(self) -> bool:
        return self.free < self.asked


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
    actor: Actor = Actor("system")
    who: str = "the system"
    note: str = ""
    note_for_customer: bool = False
    lots: list[tuple[LotView, int]] = field(default_factory=list)  # in the order in which they were touched
    linked_key: uuid.UUID | None = None
    linked_day: date | None = None
    given_back: int = 0  # of a use: reversed so far; of an expiry: restored
    answers: list[uuid.UUID] = field(default_factory=list)  # the keys of the entries that did so


@dataclass(frozen=True, slots=True)
class Activity:
    lines: list[Line]
    older: str  # the cursor of the next page, "" at the end


def get_type(account: Account, public_id: uuid.UUID) -> CreditType:
    """The account's credit type of that public id. Raises CreditType.DoesNotExist."""
    require(account)
    return CreditType.objects.get(public_id=public_id)


def types(account: Account, *, archived: bool = False) -> QuerySet[CreditType]:
    """Credit types that are in use, or the archived ones; by name."""
    require(account)
    return CreditType.objects.filter(archived_at__isnull=not archived).order_by("name_key", "pk")


def types_with_figures(account: Account, *, archived: bool = False) -> list[tuple[CreditType, Figures]]:
    """The account's types with their totals over all contacts."""
    found = list(types(account, archived=archived))
    totals = _totals(Wallet.objects.filter(credit_type__in=[t.pk for t in found]))
    return [(credit_type, totals.get(credit_type.pk, Figures())) for credit_type in found]


def type_figures(account: Account, credit_type: CreditType) -> Figures:
    require(account)
    return _totals(Wallet.objects.filter(credit_type=credit_type)).get(credit_type.pk, Figures())


def _totals(wallets: QuerySet[Wallet]) -> dict[int, Figures]:
    summed = wallets.order_by().values("credit_type_id").annotate(
        issued_=Sum("issued"), used_=Sum("used"), expired_=Sum("expired"), withdrawn_=Sum("withdrawn"), balance_=Sum("balance")
    )  # fmt: skip
    overdue = dict(
        _overdue_lots()
        .filter(wallet__in=wallets.order_by().values("pk"))
        .order_by()
        .values_list("wallet__credit_type_id")
        .annotate(Sum("remaining"))
    )
    return {
        row["credit_type_id"]: _figures(
            issued=row["issued_"],
            used=row["used_"],
            expired=row["expired_"],
            withdrawn=row["withdrawn_"],
            balance=row["balance_"],
            overdue=overdue.get(row["credit_type_id"], 0),
        )
        for row in summed
    }


def _figures(*, issued: int, used: int, expired: int, withdrawn: int, balance: int, overdue: int) -> Figures:
    return Figures(issued=issued, used=used, expired=expired + overdue, free=balance - overdue, withdrawn=withdrawn)


def _overdue_lots() -> QuerySet[Lot]:
    return Lot.objects.filter(open=True, expires_at__lte=now())


def wallets_by_clock(account: Account) -> QuerySet[Any]:
    """Wallets annotated with `overdue`, what of the balance has gone bad, and `free`, the rest."""
    require(account)
    overdue = (
        _overdue_lots()
        .filter(wallet=OuterRef("pk"))
        .order_by()
        .values("wallet")
        .annotate(total=Sum("remaining"))
        .values("total")
    )
    return Wallet.objects.annotate(overdue=Coalesce(Subquery(overdue), 0)).annotate(free=F("balance") - F("overdue"))


def _wallet_figures(wallet: Any) -> Figures:
    return _figures(
        issued=wallet.issued,
        used=wallet.used,
        expired=wallet.expired,
        withdrawn=wallet.withdrawn,
        balance=wallet.balance,
        overdue=wallet.overdue,
    )


def holders(
    account: Account, credit_type: CreditType, *, after: tuple[str, int] | None = None, limit: int = 50
) -> list[tuple[Contact, Figures]]:
    """Contacts with a wallet of this type, by name, from behind `after` = (name_key, contact id); one more than `limit` when there is more."""
    wallets = wallets_by_clock(account).filter(credit_type=credit_type).select_related("contact")
    if after:
        wallets = wallets.filter(
            Q(contact__name_key__gt=after[0]) | Q(contact__name_key=after[0], contact__pk__gt=after[1])
        )
    return [
        (wallet.contact, _wallet_figures(wallet))
        for wallet in wallets.order_by("contact__name_key", "contact__pk")[: limit + 1]
    ]


def free_by_contact(account: Account, contact_ids: Iterable[int]) -> dict[int, list[tuple[CreditType, int]]]:
    """What each of these contacts has free, type by type where it is not nothing."""
    found: dict[int, list[tuple[CreditType, int]]] = defaultdict(list)
    wallets = (
        wallets_by_clock(account).filter(contact__in=list(contact_ids), balance__gt=0).select_related("credit_type")
    )
    for wallet in wallets.order_by("credit_type__name_key", "pk"):
        if wallet.free:
            found[wallet.contact_id].append((wallet.credit_type, wallet.free))
    return dict(found)


def free_by_type(account: Account, contact: Contact) -> dict[int, int]:
    """What a contact has free, by credit type id; types without a wallet are left out."""
    return {wallet.credit_type_id: wallet.free for wallet in wallets_by_clock(account).filter(contact=contact)}


def types_for(account: Account, contact: Contact) -> list[tuple[CreditType, int]]:
    """The types in use and those this contact has ever had, archived ones too, each with what the contact has free; by name."""
    free = free_by_type(account, contact)
    wanted = CreditType.objects.filter(Q(archived_at=None) | Q(pk__in=list(free))).order_by("name_key", "pk")
    return [(credit_type, free.get(credit_type.pk, 0)) for credit_type in wanted]


def section(account: Account, contact: Contact) -> list[TypeSection]:
    """A contact's credits: a part for every type they have ever had, with the lots that still count and the newest that are done."""
    wallets = list(
        wallets_by_clock(account)
        .filter(contact=contact)
        .select_related("credit_type")
        .order_by("credit_type__name_key", "pk")
    )
    of_contact = Lot.objects.filter(wallet__in=[wallet.pk for wallet in wallets]).select_related("entry")
    good = Q(expires_at=None) | Q(expires_at__gt=now())
    alive = of_contact.filter(good, open=True).order_by(F("expires_at").asc(nulls_last=True), "pk")[:MOST_LOTS]
    gone = of_contact.exclude(Q(open=True) & good).order_by("-issued_at", "-pk")[:MOST_LOTS]
    lots: dict[tuple[int, bool], list[LotView]] = defaultdict(list)
    for is_open, found in ((True, alive), (False, gone)):
        for lot in found:
            lots[lot.wallet_id, is_open].append(lot_view(account, lot))
    return [
        TypeSection(wallet.credit_type, _wallet_figures(wallet), lots[wallet.pk, True], lots[wallet.pk, False])
        for wallet in wallets
    ]


def lot_view(account: Account, lot: Lot) -> LotView:
    """`lot` by the clock; its `entry` should be at hand."""
    overdue = lot.remaining if lot.expires_at and lot.expires_at <= now() else 0
    return LotView(
        public_id=lot.public_id,
        amount=lot.amount,
        free=lot.remaining - overdue,
        used=lot.amount - lot.remaining - lot.expired - lot.withdrawn,
        expired=lot.expired + overdue,
        withdrawn=lot.withdrawn,
        last_good_day=lot.last_good_day,
        expires_at=lot.expires_at,
        issued_on=_day(account, lot.issued_at),
        source=lot.entry.source,
        source_id=lot.entry.source_id,
        replacement=lot.replaces_id is not None,
        made_by=lot.entry.key,
    )


def get_lot(account: Account, contact: Contact, public_id: uuid.UUID) -> tuple[CreditType, LotView]:
    """A lot of this contact. Raises Lot.DoesNotExist."""
    require(account)
    lot = Lot.objects.select_related("entry", "wallet__credit_type").get(public_id=public_id, wallet__contact=contact)
    return lot.wallet.credit_type, lot_view(account, lot)


def payers(
    account: Account, contact: Contact, credit_type: CreditType, *, amount: int, service_date: date | None = None
) -> Payment:
    """The lots that would pay a use of `amount`, in the order in which they would (product rules 2 and 9). Changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.id, p.payable, p.has_expired
                 FROM credits_wallet w, LATERAL credits_payers_on(w, %s::date, %s) WITH ORDINALITY AS p
                WHERE w.account_id = %s AND w.contact_id = %s AND w.credit_type_id = %s ORDER BY p.ordinality""",
            [service_date or today(account), account.time_zone, require(account), contact.pk, credit_type.pk],
        )
        offered = cursor.fetchall()
    free = sum(payable for _, payable, _ in offered)
    drawn, need = [], amount
    for lot_id, payable, restored in offered:
        if need <= 0:
            break
        drawn.append((lot_id, min(payable, need), payable, restored))
        need -= payable
    views = _lot_views(account, [lot_id for lot_id, *_ in drawn])
    return Payment(
        asked=amount,
        free=free,
        payers=[Payer(views[lot_id], take, payable - take, restored) for lot_id, take, payable, restored in drawn],
    )


def _lot_views(account: Account, ids: Iterable[int]) -> dict[int, LotView]:
    return {lot.pk: lot_view(account, lot) for lot in Lot.objects.filter(pk__in=set(ids)).select_related("entry")}


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
    views = _lot_views(account, [lot_id for lot_id, *_ in rows])
    [line] = _lines(account, [entry])
    return Reversible(line, contact.pk, [(views[lot_id], amount, gone) for lot_id, amount, gone in rows])


def get_entry(account: Account, contact: Contact, key: uuid.UUID) -> Entry:
    """An entry of this contact by its key. Raises Entry.DoesNotExist."""
    require(account)
    return Entry.objects.select_related("wallet__credit_type").get(key=key, wallet__contact=contact)


def line(account: Account, contact: Contact, key: uuid.UUID) -> Line:
    """One entry of this contact as its line of activity. Raises Entry.DoesNotExist."""
    [found] = _lines(account, [get_entry(account, contact, key)])
    return found


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

    Each wallet is read backwards along its sequence and the wallets are merged, so a page costs the same at any depth. A
    cursor that makes no sense starts at the top.
    """
    wallets = list(Wallet.objects.filter(contact=contact).select_related("credit_type").order_by("pk"))
    before = _parse_cursor(cursor, len(wallets))
    if credit_type:
        shown = [(w, b) for w, b in zip(wallets, before, strict=True) if w.credit_type_id == credit_type.pk]
    else:
        shown = list(zip(wallets, before, strict=True))
    start, end = _span(account, since, until)
    entries = list(
        Entry.objects.raw(
            """SELECT e.* FROM unnest(%s::bigint[], %s::bigint[]) AS w(id, before), LATERAL (
                 SELECT * FROM credits_entry
                  WHERE account_id = %s AND wallet_id = w.id AND (w.before IS NULL OR seq < w.before)
                    AND (%s OR kind = ANY (%s)) AND happened_at >= %s AND happened_at < %s
                  ORDER BY seq DESC LIMIT %s) AS e
               ORDER BY e.happened_at DESC, e.wallet_id DESC, e.seq DESC LIMIT %s""",
            [
                [w.pk for w, _ in shown],
                [b for _, b in shown],
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
    more, entries = len(entries) > limit, entries[:limit]
    lines = _lines(account, entries, wallets={w.pk: w for w in wallets})
    if not any(before):
        lines = _unwritten(account, [w for w, _ in shown], kinds, start, end) + lines
        lines.sort(key=lambda line: (line.happened_at, line.wallet_id, line.seq), reverse=True)
    oldest = {entry.wallet_id: entry.seq for entry in entries}  # newest first, so the last one stands
    marks = [oldest.get(w.pk, b) for w, b in zip(wallets, before, strict=True)]
    return Activity(lines, "-".join(str(mark or 0) for mark in marks) if more else "")


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


def _lines(account: Account, entries: Sequence[Entry], wallets: dict[int, Wallet] | None = None) -> list[Line]:
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
    names = actor_names(Actor(entry.actor_kind, entry.actor_id) for entry in entries)
    lines = []
    for entry in entries:
        wallet = wallets[entry.wallet_id] if wallets else entry.wallet
        actor = Actor(entry.actor_kind, entry.actor_id)
        note = notes.get(entry.pk)
        cause = linked.get(entry.linked_id) if entry.linked_id else None
        given_back, answers = answered.get(entry.pk, (0, []))
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
                actor=actor,
                who=names[actor],
                note=note.text if note else "",
                note_for_customer=bool(note and note.for_customer),
                lots=[(lot_view(account, lot), amount) for lot, amount in touched[entry.pk]],
                linked_key=cause.key if cause else None,
                linked_day=_line_day(account, cause) if cause else None,
                given_back=given_back,
                answers=answers,
            )
        )
    return lines


def _unwritten(
    account: Account, wallets: Sequence[Wallet], kinds: Sequence[str], start: datetime, end: datetime
) -> list[Line]:
    """The expiries that a sweep or the next posting will write, just as it will write them; newest first."""
    if kinds and "expire" not in kinds:
        return []
    by_id = {wallet.pk: wallet for wallet in wallets}
    seqs = {wallet.pk: wallet.seq for wallet in wallets}
    balances = {wallet.pk: wallet.balance for wallet in wallets}
    lines = []
    for lot in _overdue_lots().filter(wallet__in=list(by_id)).select_related("entry").order_by("expires_at", "pk"):
        seqs[lot.wallet_id] += 1
        balances[lot.wallet_id] -= lot.remaining
        if lot.expires_at is None or lot.last_good_day is None or not start <= lot.expires_at < end:
            continue
        lines.append(
            Line(
                wallet_id=lot.wallet_id,
                credit_type=by_id[lot.wallet_id].credit_type,
                kind="expire",
                amount=-lot.remaining,
                balance_after=balances[lot.wallet_id],
                happened_at=lot.expires_at,
                day=lot.last_good_day,
                seq=seqs[lot.wallet_id],
                lots=[(lot_view(account, lot), -lot.remaining)],
            )
        )
    return lines[::-1]


def _line_day(account: Account, entry: Entry) -> date:
    if entry.service_date:
        return entry.service_date
    if entry.kind == "expire":  # at the first instant after the last good day
        return date.fromordinal(_day(account, entry.happened_at).toordinal() - 1)
    return _day(account, entry.happened_at)


def _day(account: Account, instant: datetime) -> date:
    return instant.astimezone(account.zone).date()

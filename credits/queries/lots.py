"""Lots by the clock: what a contact has, what would pay a use, what of a use can be given back."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from contacts.models import Contact
from contacts.queries import selves
from credits import sources
from credits.models import CreditType, Lot
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require, today

from .figures import Figures, add, figures_of, wallets_by_clock

MOST_LOTS = 50
"""Lots of one wallet that a page shows at most, open and past ones each; the activity tells of all of them."""


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
    name: str = ""  # of what was bought with it, such as "Pack of 5"

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
    more_lots: int  # open ones that are not in the list


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


def section(account: Account, contact: Contact) -> list[TypeSection]:
    """A contact's credits: a part for every type they have ever had, with the lots that still count and the newest that are done."""
    wallets = list(
        wallets_by_clock(account)
        .filter(contact__in=selves(account, contact))
        .select_related("credit_type")
        .order_by("credit_type__name_key", "pk")
    )
    of_type: dict[int, list[Any]] = defaultdict(list)  # the contact's own wallet first: in it are the lots
    for wallet in sorted(wallets, key=lambda wallet: wallet.contact_id != contact.pk):
        of_type[wallet.credit_type_id].append(wallet)
    of_contact = Lot.objects.filter(wallet__in=[wallet.pk for wallet in wallets])
    good = Q(expires_at=None) | Q(expires_at__gt=now())
    soonest_first = [F("expires_at").asc(nulls_last=True), F("pk").asc()]
    newest_first = [F("issued_at").desc(), F("pk").desc()]
    open_lots = list(_first_of_each(of_contact.filter(good, open=True), soonest_first))
    past_lots = list(_first_of_each(of_contact.exclude(Q(open=True) & good), newest_first))
    views = views_of(account, [*open_lots, *past_lots])
    shown: dict[tuple[int, bool], list[LotView]] = defaultdict(list)
    for is_open, lots in ((True, open_lots), (False, past_lots)):
        for lot in lots:
            shown[lot.wallet_id, is_open].append(views[lot.pk])
    held = {lot.wallet_id: lot.of_wallet for lot in open_lots}
    return [
        TypeSection(
            credit_type=mine[0].credit_type,
            figures=reduce(add, map(figures_of, mine)),
            open_lots=[lot for wallet in mine for lot in shown[wallet.pk, True]],
            past_lots=[lot for wallet in mine for lot in shown[wallet.pk, False]],
            more_lots=sum(held.get(wallet.pk, 0) - len(shown[wallet.pk, True]) for wallet in mine),
        )
        for mine in (of_type[pk] for pk in dict.fromkeys(wallet.credit_type_id for wallet in wallets))
    ]


def _first_of_each(lots: QuerySet[Lot], order: list[Any]) -> QuerySet[Any]:
    """The first lots of each wallet in this order, with their number `of_wallet`."""
    return (
        lots.annotate(
            rank=Window(RowNumber(), partition_by="wallet", order_by=order),
            of_wallet=Window(Count("pk"), partition_by="wallet"),
        )
        .filter(rank__lte=MOST_LOTS)
        .select_related("entry")
        .order_by("wallet", "rank")
    )


def views_of(account: Account, lots: Iterable[Lot]) -> dict[int, LotView]:
    """These lots by the clock, by id, named after what was bought with them; their `entry` should be at hand."""
    lots = list(lots)
    named = sources.names(account, [_source(lot) for lot in lots])
    return {lot.pk: _view(account, lot, named.get(_source(lot), "")) for lot in lots}


def _source(lot: Lot) -> tuple[str, str]:
    """What was bought with the lot. One that a reversal opened was not bought, whatever was refunded."""
    bought = lot.entry.source in sources.BOUGHT and not lot.replaces_id
    return (lot.entry.source, lot.entry.source_id) if bought else ("", "")


def _view(account: Account, lot: Lot, name: str) -> LotView:
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
        issued_on=day_of(account, lot.issued_at),
        source=lot.entry.source,
        source_id=lot.entry.source_id,
        replacement=lot.replaces_id is not None,
        made_by=lot.entry.key,
        name=name,
    )


def get_lot(account: Account, contact: Contact, public_id: uuid.UUID) -> tuple[CreditType, LotView]:
    """A lot of this contact. Raises Lot.DoesNotExist."""
    require(account)
    lot = Lot.objects.select_related("entry", "wallet__credit_type").get(public_id=public_id, wallet__contact=contact)
    return lot.wallet.credit_type, views_of(account, [lot])[lot.pk]


def lots_made_by(account: Account, keys: Iterable[uuid.UUID]) -> list[tuple[CreditType, LotView]]:
    """The lots that the issues of these entry keys opened, and those that replace one of them since it expired; the oldest first."""
    require(account)
    of_type = Lot.objects.select_related("entry", "wallet__credit_type")
    found = {lot.pk: lot for lot in of_type.filter(entry__key__in=list(keys))}
    newest = set(found)
    while newest:
        replacing = of_type.filter(replaces__in=newest).exclude(pk__in=found)
        added = {lot.pk: lot for lot in replacing}
        found |= added
        newest = set(added)
    views = views_of(account, found.values())
    return [(lot.wallet.credit_type, views[lot.pk]) for _, lot in sorted(found.items())]


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
    views = lot_views(account, [lot_id for lot_id, *_ in drawn])
    return Payment(
        asked=amount,
        free=free,
        payers=[Payer(views[lot_id], take, payable - take, restored) for lot_id, take, payable, restored in drawn],
    )


def lot_views(account: Account, ids: Iterable[int]) -> dict[int, LotView]:
    return views_of(account, Lot.objects.filter(pk__in=set(ids)).select_related("entry"))


def day_of(account: Account, instant: datetime) -> date:
    """The day it is at `instant` where the account is."""
    return instant.astimezone(account.zone).date()

"""Statements: what a contact had, what came and went in a period, and what was left; and what they had on any day.

By the clock: an expiry counts from the instant at which its lot ended, whether or not it is written yet, so that a statement of
days gone by says the same before and after a sweep. Postings count from when they were recorded: a use dated back stands on the day
on which it was written down.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection

from contacts.models import Contact
from contacts.queries import merged_names, selves
from credits.models import CreditType, Entry, Wallet
from simplero.lib.moments import span
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from .figures import Figures
from .movements import Line, lines_for, unwritten

EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a statement about one credit type. `opening` + issued − used − expired − withdrawn of the period = `closing`."""

    wallet: Wallet
    opening: int
    closing: int
    figures: Figures  # of the period; `free` is the closing balance
    after: int  # the sequence number before the first movement that is written
    through: int  # that of the last
    pending: list[Line]  # expiries that are as good as written, which stand behind the others
    of_self: str = ""  # who was merged into the contact, and had these credits before

    @property
    def credit_type(self) -> CreditType:
        return self.wallet.credit_type

    @property
    def count(self) -> int:
        """How many movements."""
        return self.through - self.after + len(self.pending)

    @property
    def rows(self) -> int:
        """How many rows that takes: to say that there was none takes one."""
        return max(self.count, 1)


@dataclass(frozen=True, slots=True)
class Statement:
    """Of one contact, for the days from `since` (None: from the first movement) through `until`, at the instant `at`."""

    contact: Contact
    since: date | None
    until: date
    at: datetime
    sections: list[Section]

    @property
    def count(self) -> int:
        return sum(section.count for section in self.sections)

    @property
    def rows(self) -> int:
        return sum(section.rows for section in self.sections)


@dataclass(frozen=True, slots=True)
class Extract:
    """Movements of one section that stand together: `skipped` of them come before, and left `carried`; `left_out` come after."""

    section: Section
    lines: list[Line]
    skipped: int
    carried: int
    left_out: int


def statement(
    account: Account, contact: Contact, *, since: date | None, until: date, credit_type: CreditType | None = None
) -> Statement:
    """A section for every type that the contact has ever had, or for the one; by name. What those had who were merged into the contact
    stands in sections of their own, which end with the transfer."""
    start, end = span(since, until, account.zone)
    wallets = _wallets(account, contact, credit_type)
    names = merged_names(account, contact) if any(wallet.contact_id != contact.pk for wallet in wallets) else {}
    edges = _edges(account, wallets, start or EARLIEST, end or LATEST)
    moved = _moved(account, edges)
    pending = unwritten(account, wallets, (), EARLIEST, end or LATEST)
    sections = []
    for wallet in wallets:
        after, opening, through, closing = edges[wallet.pk]
        before = [line for line in pending if line.wallet_id == wallet.pk and start and line.happened_at < start]
        within = [line for line in pending if line.wallet_id == wallet.pk and not (start and line.happened_at < start)]
        gone = -sum(line.amount for line in within)
        opening += sum(line.amount for line in before)
        closing += sum(line.amount for line in before) - gone
        of = moved[wallet.pk]
        figures = Figures(
            issued=of["issue"] + of["transfer"],
            used=-of["consume"] - of["reverse"],
            expired=-of["expire"] - of["restore"] + gone,
            free=closing,
            withdrawn=-of["withdraw"],
        )
        of_self = names.get(wallet.contact_id, "")
        sections.append(Section(wallet, opening, closing, figures, after, through, within, of_self))
    return Statement(contact, since, until, now(), sections)


def balances_on(account: Account, contact: Contact, day: date) -> list[tuple[CreditType, int]]:
    """What the contact, and whoever was merged into it, had of each type as `day` ended, today as it stands; nothing on days before the
    first movement."""
    _, end = span(None, day, account.zone)
    wallets = _wallets(account, contact, None)
    edges = _edges(account, wallets, EARLIEST, end or LATEST)
    types = {wallet.credit_type_id: wallet.credit_type for wallet in wallets}
    left: dict[int, int] = defaultdict(int)
    for wallet in wallets:
        left[wallet.credit_type_id] += edges[wallet.pk][3]
    for line in unwritten(account, wallets, (), EARLIEST, end or LATEST):
        left[line.credit_type.pk] += line.amount
    return [(credit_type, left[pk]) for pk, credit_type in types.items()]


def lines(account: Account, section: Section, *, first: int = 0, limit: int) -> list[Line]:
    """The movements of a section from number `first` (0 is the oldest) on; a page costs the same at any depth."""
    start = section.after + first
    end = min(start + limit, section.through)
    found: list[Line] = []
    if start < end:
        entries = Entry.objects.filter(
            account_id=require(account), wallet=section.wallet.pk, seq__gt=start, seq__lte=end
        )
        found = lines_for(account, list(entries.order_by("seq")), {section.wallet.pk: section.wallet})
    behind = max(first - (section.through - section.after), 0)
    return [*found, *section.pending[behind : behind + limit - len(found)]]


def page(account: Account, found: Statement, *, number: int, size: int) -> list[Extract]:
    """Page `number` (from 1) of a statement: `size` rows, counted through all sections."""
    first, last = (number - 1) * size, number * size
    extracts, begun = [], 0
    for section in found.sections:
        ends = begun + section.rows
        if begun < last and ends > first:
            skipped = max(first - begun, 0)
            limit = min(min(last, ends) - max(first, begun), section.count)
            extracts.append(extract(account, section, first=skipped, limit=limit))
        begun = ends
    return extracts


def newest(account: Account, found: Statement, *, most: int) -> Iterator[Extract]:
    """Every section, with its newest movements where there are more than `most` in all: small sections stay whole."""
    left, sections = most, len(found.sections)
    share: dict[int, int] = {}
    for section in sorted(found.sections, key=lambda one: one.count):
        share[section.wallet.pk] = min(section.count, left // sections)
        left, sections = left - share[section.wallet.pk], sections - 1
    for section in found.sections:
        listed = share[section.wallet.pk]
        yield extract(account, section, first=section.count - listed, limit=listed)


def extract(account: Account, section: Section, *, first: int = 0, limit: int) -> Extract:
    listed = lines(account, section, first=first, limit=limit) if limit else []
    carried = listed[0].balance_after - listed[0].amount if listed else section.opening
    return Extract(section, listed, first, carried, section.count - first - len(listed))


def _wallets(account: Account, contact: Contact, credit_type: CreditType | None) -> list[Wallet]:
    """By type, the contact's own before those of whoever was merged into it."""
    whole = selves(account, contact)
    found = Wallet.objects.filter(contact__in=whole).select_related("credit_type")
    if credit_type is not None:
        found = found.filter(credit_type=credit_type)
    return sorted(
        found, key=lambda one: (one.credit_type.name_key, one.credit_type_id, whole.index(one.contact_id), one.pk)
    )


def _edges(
    account: Account, wallets: list[Wallet], start: datetime, end: datetime
) -> dict[int, tuple[int, int, int, int]]:
    """By wallet, the last entry before `start` and the last before `end`: sequence number and balance after, of each.

    An entry never happened before the one it follows, so the walk back from the newest ends at the first that is old enough.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT w.id, coalesce(o.seq, 0), coalesce(o.balance_after, 0), coalesce(c.seq, 0), coalesce(c.balance_after, 0)
                 FROM credits_wallet w
                 LEFT JOIN LATERAL (SELECT seq, balance_after FROM credits_entry e
                                     WHERE e.account_id = w.account_id AND e.wallet_id = w.id AND e.happened_at < %(end)s
                                     ORDER BY seq DESC LIMIT 1) AS c ON true
                 LEFT JOIN LATERAL (SELECT seq, balance_after FROM credits_entry e
                                     WHERE e.account_id = w.account_id AND e.wallet_id = w.id AND e.happened_at < %(start)s
                                       AND e.seq <= c.seq
                                     ORDER BY seq DESC LIMIT 1) AS o ON true
                WHERE w.account_id = %(account)s AND w.id = ANY (%(wallets)s)""",
            {"account": require(account), "wallets": [w.pk for w in wallets], "start": start, "end": end},
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


def _moved(account: Account, edges: dict[int, tuple[int, int, int, int]]) -> dict[int, dict[str, int]]:
    """By wallet and kind, the sum of what is written between its edges."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.wallet_id, e.kind, sum(e.amount)::bigint
                 FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS w(id, after, through)
                 JOIN credits_entry e ON e.account_id = %s AND e.wallet_id = w.id AND e.seq > w.after AND e.seq <= w.through
                GROUP BY e.wallet_id, e.kind""",
            [
                list(edges),
                [after for after, *_ in edges.values()],
                [through for _, _, through, _ in edges.values()],
                require(account),
            ],
        )
        for wallet_id, kind, amount in cursor.fetchall():
            found[wallet_id][kind] = amount
    return found

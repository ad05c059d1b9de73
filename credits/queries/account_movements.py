"""Every movement of an account, newest first: the list behind the numbers of its dashboard."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from contacts.models import Contact
from credits.models import CreditType, Entry, Wallet
from simplero.lib.moments import span
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

from .movements import Line, lines_for, unwritten
from .tallies import Total, by_type, sums

LOOKED_AT = 20_000
"""Entries that one page looks at at most: where few match, it offers to look further back."""

ADDED_UP = 92
"""Days over which the movements of one person or source are added up; those of all have no limit."""

_BEGINNING, _END = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Place = tuple[datetime, int, int]
"""Where a movement stands: when it happened, its wallet, its number there. The same before and after an expiry is written."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which movements; all unless said otherwise. `since` and `until` are days on which they happened, both included."""

    credit_type: CreditType | None = None
    kinds: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    actor: Actor | None = None  # of a person; without an id, anybody of that kind
    source: str = ""

    @property
    def by_somebody(self) -> bool:
        return bool(self.actor or self.source)

    @property
    def unwritten_too(self) -> bool:
        """Whether expiries that are not written yet can be among them: the clock's, of no person."""
        return (not self.kinds or "expire" in self.kinds) and self.actor is None and self.source in ("", "clock")


@dataclass(frozen=True, slots=True)
class Movements:
    """A page of movements, each with whose it is. `older` is the cursor of the next one, "" at the end; `cut` when it ends because enough
    was looked at."""

    lines: list[tuple[Contact, Line]]
    older: str
    cut: bool = False


def movements(account: Account, wanted: Wanted, *, cursor: str = "", limit: int = 50) -> Movements:
    """The account's movements, newest first, from `cursor` on; one that makes no sense starts at the top."""
    start, end = span(wanted.since, wanted.until, account.zone)
    names = {"start": start or _BEGINNING, "end": end or _END, **_before(_place_of(cursor))}
    entries = _entries(account, wanted, names, limit + 1)
    frontier = _frontier(account, names) if len(entries) <= limit else None
    pending = _pending(account, wanted, names, limit + 1)
    if frontier:
        pending = [line for line in pending if _place(line) >= frontier]
    merged: list[Entry | Line] = sorted([*entries, *pending], key=_place, reverse=True)
    page = merged[:limit]
    written = [each for each in page if isinstance(each, Entry)]
    found = Wallet.objects.filter(pk__in={each.wallet_id for each in page})
    wallets = {wallet.pk: wallet for wallet in found.select_related("contact", "credit_type")}
    lines = {line.key: line for line in lines_for(account, written, wallets=wallets)}
    rows = [(wallets[each.wallet_id].contact, each if isinstance(each, Line) else lines[each.key]) for each in page]
    if len(merged) > limit:
        return Movements(rows, _cursor(_place(page[-1])))
    return Movements(rows, _cursor(frontier), cut=True) if frontier else Movements(rows, "")


def added_up(account: Account, wanted: Wanted) -> dict[int, Total] | None:
    """What those movements come to, by credit type; None where that would take too long (see ADDED_UP)."""
    if not wanted.by_somebody:
        found = by_type(sums(account, since=wanted.since, until=wanted.until), wanted.kinds)
        mine = wanted.credit_type
        return {pk: total for pk, total in found.items() if mine is None or pk == mine.pk}
    if wanted.since is None or wanted.until is None or wanted.until - wanted.since >= timedelta(ADDED_UP):
        return None
    start, end = span(wanted.since, wanted.until, account.zone)
    names = {"start": start, "end": end, **_before(None), "account": require(account), **_asked(wanted)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT w.credit_type_id, sum(e.amount)::bigint, count(*) FROM credits_entry e
                  JOIN credits_wallet w ON w.account_id = e.account_id AND w.id = e.wallet_id
                 WHERE e.account_id = %(account)s AND e.happened_at >= %(start)s AND e.happened_at < %(end)s AND {_MATCHES}
                 GROUP BY 1""",  # noqa: S608
            names,
        )
        found = {type_id: Total(amount, times) for type_id, amount, times in cursor.fetchall()}
        if wanted.unwritten_too:
            cursor.execute(
                f"""SELECT credit_type_id, sum(amount)::bigint, count(*) FROM ({_OVERDUE}) AS pending
                     WHERE {_PENDING_MATCHES} GROUP BY 1""",  # noqa: S608
                names,
            )
            for type_id, amount, times in cursor.fetchall():
                one = found.get(type_id, Total())
                found[type_id] = Total(one.amount + amount, one.times + times)
    return found


_MATCHES = """(%(type)s::bigint IS NULL OR w.credit_type_id = %(type)s) AND (NOT %(by_kind)s OR e.kind = ANY (%(kinds)s))
   AND (%(source)s = '' OR e.source = %(source)s) AND (%(actor_kind)s = '' OR e.actor_kind = %(actor_kind)s)
   AND (%(actor_id)s::bigint IS NULL OR e.actor_id = %(actor_id)s)"""

_OVERDUE = """
SELECT w.credit_type_id, l.wallet_id, -l.remaining AS amount, greatest(l.expires_at, w.moved_at) AS happened_at,
       w.seq + row_number() OVER (PARTITION BY l.wallet_id ORDER BY l.expires_at, l.id) AS seq
  FROM credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
 WHERE l.account_id = %(account)s AND l.open AND l.expires_at <= ledger_now()"""

_PENDING_MATCHES = """(%(type)s::bigint IS NULL OR credit_type_id = %(type)s) AND happened_at >= %(start)s AND happened_at < %(end)s
   AND happened_at <= %(at)s AND (happened_at < %(at)s OR (wallet_id, seq) < (%(wallet)s, %(seq)s))"""


def _entries(account: Account, wanted: Wanted, names: dict[str, Any], limit: int) -> list[Entry]:
    return list(
        Entry.objects.raw(
            f"""SELECT e.* FROM (
                  SELECT * FROM credits_entry
                   WHERE account_id = %(account)s AND happened_at >= %(start)s AND happened_at < %(end)s
                     AND happened_at <= %(at)s AND (happened_at < %(at)s OR (wallet_id, seq) < (%(wallet)s, %(seq)s))
                   ORDER BY happened_at DESC, wallet_id DESC, seq DESC LIMIT %(looked_at)s) AS e
                  JOIN credits_wallet w ON w.account_id = %(account)s AND w.id = e.wallet_id
                 WHERE {_MATCHES} ORDER BY e.happened_at DESC, e.wallet_id DESC, e.seq DESC LIMIT %(limit)s""",  # noqa: S608
            {"account": require(account), **names, **_asked(wanted), "looked_at": LOOKED_AT, "limit": limit},
        )
    )


def _pending(account: Account, wanted: Wanted, names: dict[str, Any], limit: int) -> list[Line]:
    """The newest expiries that are not written yet, as lines."""
    if not wanted.unwritten_too:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT DISTINCT wallet_id FROM (
                  SELECT wallet_id FROM ({_OVERDUE}) AS pending WHERE {_PENDING_MATCHES}
                   ORDER BY happened_at DESC, wallet_id DESC, seq DESC LIMIT %(limit)s) AS newest""",  # noqa: S608
            {"account": require(account), **names, **_asked(wanted), "limit": limit},
        )
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    wallets = list(Wallet.objects.filter(pk__in=ids).select_related("credit_type"))
    before = (names["at"], names["wallet"], names["seq"])
    found = unwritten(account, wallets, ["expire"], names["start"], names["end"])
    return [line for line in found if _place(line) < before]


def _frontier(account: Account, names: dict[str, Any]) -> Place | None:
    """The last place that a page has looked at, None when it has looked at all there is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT happened_at, wallet_id, seq FROM credits_entry
                WHERE account_id = %(account)s AND happened_at >= %(start)s AND happened_at < %(end)s
                  AND happened_at <= %(at)s AND (happened_at < %(at)s OR (wallet_id, seq) < (%(wallet)s, %(seq)s))
                ORDER BY happened_at DESC, wallet_id DESC, seq DESC OFFSET %(looked_at)s LIMIT 1""",
            {"account": require(account), **names, "looked_at": LOOKED_AT - 1},
        )
        return cursor.fetchone()


def _asked(wanted: Wanted) -> dict[str, Any]:
    return {
        "type": wanted.credit_type.pk if wanted.credit_type else None,
        "by_kind": bool(wanted.kinds),
        "kinds": list(wanted.kinds),
        "source": wanted.source,
        "actor_kind": wanted.actor.kind if wanted.actor else "",
        "actor_id": wanted.actor.id if wanted.actor else None,
    }


def _place(one: Entry | Line) -> Place:
    return one.happened_at, one.wallet_id, one.seq


def _before(place: Place | None) -> dict[str, Any]:
    at, wallet, seq = place or (_END, 0, 0)
    return {"at": at, "wallet": wallet, "seq": seq}


def _cursor(place: Place) -> str:
    at, wallet, seq = place
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}-{wallet}-{seq}"


def _place_of(cursor: str) -> Place | None:
    if not re.fullmatch(r"[0-9]{1,17}-[0-9]{1,18}-[0-9]{1,18}", cursor):
        return None
    micros, wallet, seq = map(int, cursor.split("-"))
    return _EPOCH + timedelta(microseconds=micros), wallet, seq


def types_moved(account: Account) -> Sequence[CreditType]:
    """Every credit type, archived ones too, by name: any may have moved."""
    require(account)
    return list(CreditType.objects.order_by("name_key", "pk"))

"""Free credits of an account that end: how many on which day, and whose."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from contacts.models import Contact
from credits.models import CreditType, Lot
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require, today


@dataclass(frozen=True, slots=True)
class Ends:
    """Free credits of one type that are good through one day, and no longer."""

    credit_type_id: int
    last_good_day: date
    amount: int


_KEPT = """
SELECT m.at, m.time_zone, m.ends,
       EXISTS (SELECT FROM credits_entry WHERE account_id = %(account)s AND happened_at >= %(mark)s AND kind = 'redate'),
       s.credit_type_id, s.last_good_day, s.amount
  FROM (VALUES (1)) AS one(row)
  LEFT JOIN credits_tallymark m ON m.account_id = %(account)s
  LEFT JOIN (
    SELECT credit_type_id, last_good_day, sum(amount)::bigint AS amount
      FROM (
        SELECT credit_type_id, last_good_day, amount FROM credits_endtally
         WHERE account_id = %(account)s AND last_good_day >= %(today)s AND last_good_day <= %(until)s
        UNION ALL
        SELECT w.credit_type_id, l.last_good_day, a.amount
          FROM credits_entry e
          JOIN credits_allocation a ON a.account_id = e.account_id AND a.entry_id = e.id
          JOIN credits_lot l ON l.account_id = a.account_id AND l.id = a.lot_id
          JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
         WHERE e.account_id = %(account)s AND e.happened_at >= %(mark)s AND l.last_good_day >= %(today)s AND l.last_good_day <= %(until)s
      ) AS held
     GROUP BY 1, 2 HAVING sum(amount) <> 0
  ) AS s ON true
 ORDER BY s.last_good_day, s.credit_type_id"""

_LIVE = """
SELECT w.credit_type_id, l.last_good_day, sum(l.remaining)::bigint
  FROM credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
 WHERE l.account_id = %(account)s AND l.open AND l.last_good_day >= %(today)s AND l.last_good_day <= %(until)s
   AND l.expires_at > ledger_now() AND l.expires_at <= %(around)s
 GROUP BY 1, 2 ORDER BY 2, 1"""


def ends(account: Account, *, until: date) -> list[Ends]:
    """What ends from today through `until`, by last good day and type, soonest first.

    From the kept tallies and what has been posted since their mark; a lot whose last good day was changed since then is in the tallies
    under the old one, so until the mark has passed that, all lots are asked.
    """
    this_day = today(account)
    names: dict[str, Any] = {"account": require(account), "today": this_day, "until": until}
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, time_zone, ends FROM credits_tallymark WHERE account_id = %(account)s", names)
        mark = cursor.fetchone()
        while mark and mark[1] == account.time_zone and mark[2]:
            cursor.execute(_KEPT, {**names, "mark": mark[0]})
            rows = cursor.fetchall()
            if rows[0][3]:
                break
            if rows[0][:3] == mark:
                return [Ends(*row[4:]) for row in rows if row[4] is not None]
            mark = rows[0][:3]
        cursor.execute(_LIVE, {**names, "around": _around(this_day, until)[1]})
        return [Ends(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class EndingLot:
    contact: Contact
    credit_type: CreditType
    last_good_day: date
    amount: int  # what is left in it
    issued: int  # with how many it began


@dataclass(frozen=True, slots=True)
class EndingLots:
    lots: list[EndingLot]
    later: str  # the cursor of the next page, "" at the end


def ending_lots(
    account: Account,
    *,
    credit_type: CreditType | None = None,
    since: date,
    until: date,
    cursor: str = "",
    limit: int = 50,
) -> EndingLots:
    """Lots with free credits whose last good day lies from `since` through `until`, soonest first, from `cursor` on."""
    require(account)
    found: Any = Lot.objects.filter(
        open=True, expires_at__gt=now(), last_good_day__gte=since, last_good_day__lte=until
    ).filter(expires_at__range=_around(since, until))
    if credit_type is not None:
        found = found.filter(wallet__credit_type=credit_type)
    if place := re.fullmatch(r"([0-9]{1,11})-([0-9]{1,18})", cursor):
        at, pk = datetime.fromtimestamp(min(int(place[1]), 250_000_000_000), tz=now().tzinfo), int(place[2])
        found = found.filter(expires_at__gte=at).filter(Q(expires_at__gt=at) | Q(pk__gt=pk))
    rows = list(
        found.select_related("wallet__contact", "wallet__credit_type").order_by("expires_at", "pk")[: limit + 1]
    )
    shown = rows[:limit]
    later = f"{int(shown[-1].expires_at.timestamp())}-{shown[-1].pk}" if len(rows) > limit else ""
    return EndingLots(
        [
            EndingLot(lot.wallet.contact, lot.wallet.credit_type, lot.last_good_day, lot.remaining, lot.amount)
            for lot in shown
        ],
        later,
    )


def _around(since: date, until: date) -> tuple[datetime, datetime]:
    """Instants between which those days end in any zone: what the index is asked, before the days decide."""
    first = datetime.combine(max(since, date(2, 1, 1)) - timedelta(1), datetime.min.time(), now().tzinfo)
    last = datetime.combine(min(until, date(9998, 1, 1)) + timedelta(3), datetime.min.time(), now().tzinfo)
    return first, last

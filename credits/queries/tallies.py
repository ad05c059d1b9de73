"""What moved in an account, by credit type, kind and day: the kept tallies, and what has happened since their mark.

By the instant at which it happened, in days of the account's zone: a use counts on the day on which it was entered, whatever its date
of service, and an expiry when the credits ended, whenever that was written down.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

USED = ("consume", "reverse")
EXPIRED = ("expire", "restore")
"""Kinds that one number takes together: used less given back, expired less restored."""

_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
_ALWAYS = date(1, 1, 2), date(9999, 12, 30)

_SUMS = """
SELECT m.at, m.time_zone, s.credit_type_id, s.kind, s.day, s.amount, s.times
  FROM (VALUES (1)) AS one(row)
  LEFT JOIN credits_tallymark m ON m.account_id = %(account)s
  LEFT JOIN (
    SELECT credit_type_id, kind, CASE WHEN day >= %(daily)s THEN day END AS day, sum(amount)::bigint AS amount, sum(times)::bigint AS times
      FROM (
        SELECT credit_type_id, kind, day, amount, times FROM credits_tally
         WHERE account_id = %(account)s AND %(kept)s AND span = 'month' AND day >= %(first_month)s AND day < %(last_month)s
        UNION ALL
        SELECT credit_type_id, kind, day, amount, times FROM credits_tally
         WHERE account_id = %(account)s AND %(kept)s AND span = 'day' AND day >= %(since)s AND day < %(first_month)s
        UNION ALL
        SELECT credit_type_id, kind, day, amount, times FROM credits_tally
         WHERE account_id = %(account)s AND %(kept)s AND span = 'day' AND day >= %(last_month)s AND day <= %(until)s
        UNION ALL
        SELECT credit_type_id, kind, day, amount, 1
          FROM (
            SELECT w.credit_type_id, e.kind, (e.happened_at AT TIME ZONE %(zone)s)::date AS day, e.amount
              FROM credits_entry e JOIN credits_wallet w ON w.account_id = e.account_id AND w.id = e.wallet_id
             WHERE e.account_id = %(account)s AND e.happened_at >= %(mark)s
            UNION ALL
            SELECT w.credit_type_id, 'expire', (greatest(l.expires_at, w.moved_at) AT TIME ZONE %(zone)s)::date, -l.remaining
              FROM credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
             WHERE l.account_id = %(account)s AND l.open AND l.expires_at <= ledger_now() AND greatest(l.expires_at, w.moved_at) >= %(mark)s
          ) AS since_mark
         WHERE day >= %(since)s AND day <= %(until)s
      ) AS moved
     GROUP BY 1, 2, 3
  ) AS s ON true"""


@dataclass(frozen=True, slots=True)
class Sum:
    """What the movements of one kind and type come to: `amount` with its sign, in so many of them. `day` is None where days are taken together."""

    credit_type_id: int
    kind: str
    day: date | None
    amount: int
    times: int


def sums(
    account: Account, *, since: date | None = None, until: date | None = None, daily: date | None = None
) -> list[Sum]:
    """What moved from `since` through `until`, days in the account's zone: day by day from `daily` on, what is before taken together.

    Two statements that each see one instant: the mark, and the sums beside it, asked again should it have moved in between.
    """
    first, last = since or _ALWAYS[0], until or _ALWAYS[1]
    names: dict[str, Any] = {
        "account": require(account),
        "zone": account.time_zone,
        "since": first,
        "until": last,
        "daily": daily or _ALWAYS[1],
    }
    names["first_month"], names["last_month"] = _whole_months(first, min(last, (daily or _ALWAYS[1]) - timedelta(1)))
    mark = _mark(account)
    while True:
        kept = mark[0] is not None and mark[1] == account.time_zone
        with connection.cursor() as cursor:
            # A literal mark: with one from a subquery the planner would expect a third of all entries behind it.
            cursor.execute(_SUMS, {**names, "kept": kept, "mark": mark[0] if kept else _BEGINNING})
            rows = cursor.fetchall()
        if rows[0][:2] == mark:
            return [Sum(*row[2:]) for row in rows if row[2] is not None]
        mark = rows[0][:2]


def _mark(account: Account) -> tuple[datetime | None, str | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, time_zone FROM credits_tallymark WHERE account_id = %s", [require(account)])
        return cursor.fetchone() or (None, None)


def _whole_months(since: date, until: date) -> tuple[date, date]:
    """The months that lie wholly between the two days, as the first day of the first and the day after the last; where there is none
    twice `since`, so that all days stand behind it."""
    first = since if since.day == 1 else (since.replace(day=1) + timedelta(32)).replace(day=1)
    end = (until + timedelta(1)).replace(day=1)
    return (first, end) if first < end else (since, since)


@dataclass(frozen=True, slots=True)
class Total:
    """Movements added up, of one type or of all."""

    amount: int = 0
    times: int = 0

    @classmethod
    def of(cls, found: Iterable[Sum]) -> "Total":
        found = list(found)
        return cls(sum(one.amount for one in found), sum(one.times for one in found))


def by_type(found: Iterable[Sum], kinds: Collection[str] = ()) -> dict[int, Total]:
    """Totals by credit type, of these kinds or of all; types of which nothing moved are left out."""
    mine: dict[int, list[Sum]] = {}
    for one in found:
        if not kinds or one.kind in kinds:
            mine.setdefault(one.credit_type_id, []).append(one)
    return {type_id: Total.of(rows) for type_id, rows in mine.items()}


def at_last_credit(account: Account) -> dict[int, int]:
    """How many contacts have exactly one credit of a type free, by type; types of which nobody is are left out.

    Counted from the index of stored balances; wallets with something overdue, which are few, are then asked by the clock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH overdue AS (
                 SELECT wallet_id, sum(remaining) AS gone FROM credits_lot
                  WHERE account_id = %(account)s AND open AND expires_at <= ledger_now() GROUP BY wallet_id)
               SELECT credit_type_id, sum(number)::bigint FROM (
                 SELECT credit_type_id, count(*) AS number FROM credits_wallet WHERE account_id = %(account)s AND level = 1 GROUP BY 1
                 UNION ALL
                 SELECT w.credit_type_id, (w.balance - o.gone = 1)::int - (w.level = 1)::int
                   FROM overdue o JOIN credits_wallet w ON w.account_id = %(account)s AND w.id = o.wallet_id
               ) AS counted GROUP BY 1 HAVING sum(number) > 0""",
            {"account": require(account)},
        )
        return dict(cursor.fetchall())

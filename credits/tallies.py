"""Tallies: what moved in an account, added up by credit type, kind and day, so that a sum costs the same after ten years as after one.

They hold everything that happened before the account's mark; readers (`credits.queries.tallies`) add what has happened since, so
figures are exact at every instant, however long nobody has moved the mark. An overdue lot counts as expired at the instant at which
its expiry will be dated, whether or not it is written yet (product rule 5): that instant does not change any more, so neither does a sum
that is kept.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Before any movement: a mark here holds nothing."""

MOST = 100_000
"""Entries that one step adds up, about a second's work."""

# What happened before this instant is committed and visible: a posting is dated when its statement began, a task and a page are
# ended after minutes, and should a transaction be older all the same, the mark waits for it.
SETTLED = """(SELECT ledger_now() - greatest(interval '15 minutes', max(clock_timestamp() - xact_start) + interval '1 minute')
                FROM pg_stat_activity WHERE datname = current_database())"""

_BOUND = """
SELECT least({settled}, (SELECT happened_at FROM credits_entry WHERE account_id = %(account)s AND happened_at > %(mark)s
                          ORDER BY happened_at OFFSET %(most)s LIMIT 1))"""

_DONE = """
SELECT NOT EXISTS (SELECT FROM credits_entry WHERE account_id = %(account)s AND happened_at >= %(until)s AND happened_at < {settled})"""

_ADD = """
INSERT INTO credits_tally AS t (account_id, span, day, credit_type_id, kind, amount, times)
SELECT %(account)s, s.span, s.day, m.credit_type_id, m.kind, sum(m.amount), sum(m.times)
  FROM (
    SELECT credit_type_id, kind, (happened_at AT TIME ZONE %(zone)s)::date AS day, sum(amount) AS amount, count(*) AS times
      FROM (
        SELECT w.credit_type_id, e.kind, e.happened_at, e.amount
          FROM credits_entry e JOIN credits_wallet w ON w.account_id = e.account_id AND w.id = e.wallet_id
         WHERE e.account_id = %(account)s AND e.happened_at >= %(mark)s AND e.happened_at < %(until)s
        UNION ALL
        SELECT w.credit_type_id, 'expire', greatest(l.expires_at, w.moved_at), -l.remaining
          FROM credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
         WHERE l.account_id = %(account)s AND l.open AND l.expires_at < %(until)s
           AND greatest(l.expires_at, w.moved_at) >= %(mark)s AND greatest(l.expires_at, w.moved_at) < %(until)s
      ) AS happened
     GROUP BY 1, 2, 3
  ) AS m, LATERAL (VALUES ('day', m.day), ('month', date_trunc('month', m.day::timestamp)::date)) AS s(span, day)
 GROUP BY 2, 3, 4, 5
ON CONFLICT (account_id, span, day, credit_type_id, kind) DO UPDATE SET amount = t.amount + excluded.amount, times = t.times + excluded.times"""


# What was left at the mark, by last good day: what is left now, without what has been posted since. An expiry touches none of these
# days, all of which are still to come.
_ADD_ENDS = """
INSERT INTO credits_endtally (account_id, last_good_day, credit_type_id, amount)
SELECT %(account)s, last_good_day, credit_type_id, sum(amount)
  FROM (
    SELECT l.last_good_day, w.credit_type_id, l.remaining AS amount
      FROM credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
     WHERE l.account_id = %(account)s AND l.open AND l.expires_at > ledger_now()
    UNION ALL
    SELECT l.last_good_day, w.credit_type_id, -a.amount
      FROM credits_entry e
      JOIN credits_allocation a ON a.account_id = e.account_id AND a.entry_id = e.id
      JOIN credits_lot l ON l.account_id = a.account_id AND l.id = a.lot_id
      JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
     WHERE e.account_id = %(account)s AND e.happened_at >= %(until)s AND l.expires_at > ledger_now()
  ) AS held
 GROUP BY 2, 3 HAVING sum(amount) <> 0"""


@transaction.atomic
def advance(*, account: Account, most: int = MOST) -> bool:
    """Add up what has happened since the mark and move it; False while there may be more. Safe at any time, twice, by anybody.

    Where the account's time zone has changed, its days have: they are added up anew.
    """
    account_id = require(account)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO credits_tallymark (account_id, at, time_zone)
               SELECT %(account)s, %(beginning)s, credits_zone(%(account)s)
                WHERE NOT EXISTS (SELECT FROM credits_tallymark WHERE account_id = %(account)s) ON CONFLICT DO NOTHING""",
            {"account": account_id, "beginning": BEGINNING},
        )
        cursor.execute(
            "SELECT at, time_zone, credits_zone(%s) FROM credits_tallymark WHERE account_id = %s FOR UPDATE",
            [account_id, account_id],
        )
        mark, marked_zone, zone = cursor.fetchone()
        if marked_zone != zone:
            _forget(account_id)
            mark = BEGINNING
        names: dict[str, Any] = {"account": account_id, "mark": mark, "zone": zone, "most": most}
        cursor.execute(_BOUND.format(settled=SETTLED), names)
        until = max(mark, cursor.fetchone()[0])
        names["until"] = until
        cursor.execute(_ADD, names)
        moved = bool(cursor.rowcount) or marked_zone != zone
        cursor.execute(_DONE.format(settled=SETTLED), names)
        done = bool(cursor.fetchone()[0])
        if moved:
            cursor.execute("DELETE FROM credits_endtally WHERE account_id = %s", [account_id])
            if done:
                cursor.execute(_ADD_ENDS, names)
            cursor.execute(
                "UPDATE credits_tallymark SET at = %s, time_zone = %s, ends = %s WHERE account_id = %s",
                [until, zone, done, account_id],
            )
        return done


@transaction.atomic
def rebuild(*, account: Account) -> None:
    """Forget all sums of the account and add them up again, in its time zone of now."""
    account_id = require(account)
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM credits_tallymark WHERE account_id = %s FOR UPDATE", [account_id])
        _forget(account_id)
        cursor.execute(
            "UPDATE credits_tallymark SET at = %s, ends = false WHERE account_id = %s", [BEGINNING, account_id]
        )
    while not advance(account=account):
        pass


def _forget(account_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM credits_tally WHERE account_id = %s", [account_id])

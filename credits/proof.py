"""The closing proof: an account's ledger re-added from its whole history, by `invariants.sql`, and what other rooms prove of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

INVARIANTS = Path(__file__).with_name("invariants.sql").read_text()

PLANNING = {
    "work_mem": "96MB",  # half a million entries are sorted and hashed without going to disk
    "enable_seqscan": "off",  # which asks the row-level policy for every row; an index scan asks it once (a quarter less CPU)
}
"""Settings of Postgres for the one statement."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that should not be: `line` names the row ("entry 12"), `says` what is wrong with it."""

    invariant: str  # I1 to I8, "event" where an entry and what is told of it differ, "tally" where a kept sum is wrong, or another room's own
    wallet_id: int | None
    line: str
    says: str

    def sentence(self, account: Account) -> str:
        where = f"wallet {self.wallet_id}, " if self.wallet_id and self.line != f"wallet {self.wallet_id}" else ""
        return f"{account.slug} (account {account.pk}): {where}{self.line} {self.says} [{self.invariant}]."


FURTHER: list[Callable[[Any], list[Damage]]] = []
"""What rooms above add to every proof, when Django is ready: that their rows and the ledger tell the same story."""


def verify(account: Any) -> list[Damage]:
    """What is wrong in the ledger of `account`, whose scope is open; nothing is changed. An empty list is the proof."""
    return [*_ledger(account), *_tallies(account), *(damage for further in FURTHER for damage in further(account))]


def _ledger(account: Any) -> list[Damage]:
    require(account)
    with connection.cursor() as cursor:
        before = {}
        for name, value in PLANNING.items():
            cursor.execute("SELECT current_setting(%s)", [name])
            before[name] = cursor.fetchone()[0]
            cursor.execute(f"SET LOCAL {name} = '{value}'")
        cursor.execute(INVARIANTS)
        found = [Damage(*row) for row in cursor.fetchall()]
        for name, value in before.items():
            cursor.execute(f"SET LOCAL {name} = '{value}'")
    return found


_TALLIES = """
WITH mark AS (
  SELECT at, time_zone FROM credits_tallymark WHERE account_id = %(account)s AND time_zone = credits_zone(%(account)s)
), moved AS (
  SELECT w.credit_type_id, e.kind, (e.happened_at AT TIME ZONE mark.time_zone)::date AS day, sum(e.amount) AS amount, count(*) AS times
    FROM mark, credits_entry e JOIN credits_wallet w ON w.account_id = e.account_id AND w.id = e.wallet_id
   WHERE e.account_id = %(account)s AND e.happened_at < mark.at GROUP BY 1, 2, 3
  UNION ALL
  SELECT w.credit_type_id, 'expire', (greatest(l.expires_at, w.moved_at) AT TIME ZONE mark.time_zone)::date, -sum(l.remaining), count(*)
    FROM mark, credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
   WHERE l.account_id = %(account)s AND l.open AND l.expires_at < mark.at AND greatest(l.expires_at, w.moved_at) < mark.at GROUP BY 1, 2, 3
), told AS (
  SELECT s.span, s.day, credit_type_id, kind, sum(amount) AS amount, sum(times) AS times
    FROM moved, LATERAL (VALUES ('day', moved.day), ('month', date_trunc('month', moved.day::timestamp)::date)) AS s(span, day)
   GROUP BY 1, 2, 3, 4
), kept AS (
  SELECT t.span, t.day, t.credit_type_id, t.kind, t.amount, t.times FROM mark, credits_tally t WHERE t.account_id = %(account)s
)
SELECT 'tally', NULL, format('tally of %%s %%s, %%s of credit type %%s', span, day, kind, credit_type_id),
       format('says %%s in %%s, entries say %%s in %%s', coalesce(kept.amount, 0), coalesce(kept.times, 0), coalesce(told.amount, 0), coalesce(told.times, 0))
  FROM kept FULL JOIN told USING (span, day, credit_type_id, kind)
 WHERE (kept.amount, kept.times) IS DISTINCT FROM (told.amount, told.times)"""


# Not asked while a last good day has been changed since the mark: readers go by the lots until it has passed that.
_ENDS = """
WITH mark AS (
  SELECT m.at FROM credits_tallymark m WHERE m.account_id = %(account)s AND m.ends AND m.time_zone = credits_zone(%(account)s)
     AND NOT EXISTS (SELECT FROM credits_entry e WHERE e.account_id = %(account)s AND e.happened_at >= m.at AND e.kind = 'redate')
), kept AS (
  SELECT last_good_day, credit_type_id, sum(amount) AS amount
    FROM (
      SELECT t.last_good_day, t.credit_type_id, t.amount FROM mark, credits_endtally t WHERE t.account_id = %(account)s
      UNION ALL
      SELECT l.last_good_day, w.credit_type_id, a.amount
        FROM mark, credits_entry e
        JOIN credits_allocation a ON a.account_id = e.account_id AND a.entry_id = e.id
        JOIN credits_lot l ON l.account_id = a.account_id AND l.id = a.lot_id
        JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
       WHERE e.account_id = %(account)s AND e.happened_at >= mark.at AND l.last_good_day IS NOT NULL
    ) AS held
   WHERE last_good_day >= (ledger_now() AT TIME ZONE credits_zone(%(account)s))::date
   GROUP BY 1, 2 HAVING sum(amount) <> 0
), told AS (
  SELECT l.last_good_day, w.credit_type_id, sum(l.remaining) AS amount
    FROM mark, credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
   WHERE l.account_id = %(account)s AND l.open AND l.expires_at > ledger_now() GROUP BY 1, 2
)
SELECT 'tally', NULL, format('end tally of %%s, credit type %%s', last_good_day, credit_type_id),
       format('comes to %%s, lots have %%s left', coalesce(kept.amount, 0), coalesce(told.amount, 0))
  FROM kept FULL JOIN told USING (last_good_day, credit_type_id) WHERE kept.amount IS DISTINCT FROM told.amount"""


def _tallies(account: Any) -> list[Damage]:
    """Where the kept sums (credits/tallies.py) differ from what the entries before their mark come to, or from what lots have left."""
    found = []
    with connection.cursor() as cursor:
        for statement in (_TALLIES, _ENDS):
            cursor.execute(statement, {"account": require(account)})
            found += [Damage(*row) for row in cursor.fetchall()]
    return found


def size(account: Any) -> dict[str, int]:
    """How much there is to verify: wallets, lots and entries of `account`, whose scope is open."""
    account_id = require(account)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT count(*) FROM credits_wallet WHERE account_id = %(account)s),
                      (SELECT count(*) FROM credits_lot WHERE account_id = %(account)s),
                      (SELECT count(*) FROM credits_entry WHERE account_id = %(account)s)""",
            {"account": account_id},
        )
        return dict(zip(("wallets", "lots", "entries"), cursor.fetchone(), strict=True))

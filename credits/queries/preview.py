"""What would come of issuing to many, or of a use by many, before it counts: in a few statements, however many they are."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from contacts.models import Contact
from credits.models import CreditType, Lot
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require, today

from .figures import overdue_lots

SOON = timedelta(days=30)
"""How near the end of lots is that a preview tells of."""

NAMED = 10
"""Of those who are short, how many are told by name."""


@dataclass(frozen=True, slots=True)
class Short:
    contact: Contact
    free: int


@dataclass(frozen=True, slots=True)
class Uses:
    """What would come of one use by each of `total` contacts."""

    total: int
    enough: int
    soon: int  # credits that would come from lots that end within SOON
    first_end: datetime | None  # of the first of the lots that would pay to end
    restored: int  # credits that would come from lots that have expired since the day of service
    shorts: list[Short]  # the first, by name

    @property
    def short(self) -> int:
        return self.total - self.enough


_ALIVE = """
  SELECT w.contact_id, l.id AS lot_id, l.expires_at, l.remaining AS payable, false AS restored,
         row_number() OVER (PARTITION BY w.contact_id ORDER BY l.expires_at, l.id) AS place
    FROM chosen c
    JOIN credits_wallet w ON w.account_id = %(account)s AND w.credit_type_id = %(type)s AND w.contact_id = c.id
    JOIN credits_lot l ON l.account_id = %(account)s AND l.wallet_id = w.id AND l.open
     AND (l.expires_at > ledger_now()) IS NOT FALSE"""

_THEN = """
  SELECT w.contact_id, p.id AS lot_id, l.expires_at, p.payable, p.has_expired AS restored, p.ordinality AS place
    FROM chosen c
    JOIN credits_wallet w ON w.account_id = %(account)s AND w.credit_type_id = %(type)s AND w.contact_id = c.id,
         LATERAL credits_payers_on(w, %(day)s::date, %(zone)s::text) WITH ORDINALITY AS p
    JOIN credits_lot l ON l.account_id = %(account)s AND l.id = p.id"""

_TOTALS = """
WITH chosen AS MATERIALIZED ({chosen}), offered AS ({offered}), running AS (
  SELECT contact_id, expires_at, payable, restored, sum(payable) OVER whole AS free,
         sum(payable) OVER (PARTITION BY contact_id ORDER BY place) - payable AS before
    FROM offered WINDOW whole AS (PARTITION BY contact_id)
), drawn AS (
  SELECT contact_id, expires_at, restored, least(payable, %(amount)s - before)::bigint AS take
    FROM running WHERE free >= %(amount)s AND before < %(amount)s
)
SELECT (SELECT count(*) FROM chosen), count(DISTINCT contact_id),
       coalesce(sum(take) FILTER (WHERE expires_at < %(soon)s AND NOT restored), 0)::bigint,
       min(expires_at) FILTER (WHERE NOT restored), coalesce(sum(take) FILTER (WHERE restored), 0)::bigint
  FROM drawn"""

_SHORTS = """
WITH chosen AS MATERIALIZED ({chosen}), offered AS ({offered}),
held AS MATERIALIZED (SELECT contact_id, sum(payable)::bigint AS free FROM offered GROUP BY contact_id)
SELECT k.id, coalesce(h.free, 0)
  FROM chosen c JOIN contacts_contact k ON k.account_id = %(account)s AND k.id = c.id
  LEFT JOIN held h ON h.contact_id = c.id
 WHERE coalesce(h.free, 0) < %(amount)s
 ORDER BY k.name_key, k.id LIMIT %(named)s"""


def uses(
    account: Account, contacts: QuerySet[Contact], credit_type: CreditType, *, amount: int, service_date: date
) -> Uses:
    """What would come of a use of `amount` by each of `contacts`. Changes nothing; two statements, however many they are."""
    asked = {
        "account": require(account),
        "type": credit_type.pk,
        "amount": amount,
        "day": service_date,
        "zone": account.time_zone,
        "soon": now() + SOON,
        "named": NAMED,
    }
    offered = _ALIVE if service_date >= today(account) else _THEN
    total, enough, soon, first_end, restored = _ask(_TOTALS, contacts, offered, asked)[0]
    shorts = _ask(_SHORTS, contacts, offered, asked) if enough < total else []
    named = Contact.objects.in_bulk([contact_id for contact_id, _ in shorts])
    return Uses(
        total=total,
        enough=enough,
        soon=soon,
        first_end=first_end,
        restored=restored,
        shorts=[Short(named[contact_id], free) for contact_id, free in shorts],
    )


def _ask(statement: str, contacts: QuerySet[Contact], offered: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    query, arguments = contacts.order_by().values_list("pk").query.sql_with_params()
    # The query comes with arguments of its own, in their places: give them names, as the rest has.
    names = [f"chosen_{number}" for number in range(len(arguments))]
    chosen = f"SELECT chosen.id FROM ({query}) AS chosen(id)" % tuple(f"%({name})s" for name in names)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(chosen=chosen, offered=offered), {**asked, **dict(zip(names, arguments, strict=True))}
        )
        return cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Left:
    """Of lots: how many were opened, with how many credits, and how many of those are still there, by the clock."""

    lots: int
    issued: int
    left: int


def left_of(account: Account, issues: QuerySet[Any]) -> Left:
    """Of the lots that the issues of these entry keys opened; `issues` is a query of the keys."""
    require(account)
    of = Lot.objects.filter(entry__key__in=issues)
    found = of.aggregate(lots=Count("pk"), issued=Sum("amount"), left=Sum("remaining"))
    overdue = overdue_lots().filter(entry__key__in=issues).aggregate(Sum("remaining"))["remaining__sum"]
    return Left(found["lots"], found["issued"] or 0, (found["left"] or 0) - (overdue or 0))

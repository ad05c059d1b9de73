"""What another time zone would do to the lots of an account, before it is chosen; and what would be over by it."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from contacts.models import Contact
from credits.models import CreditType, Lot
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

from .figures import overdue_lots

MOST_LISTED = 50
"""Lots that a preview names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Over:
    """A lot whose last good day is over in the other zone, with what is left in it."""

    public_id: uuid.UUID
    contact: Contact
    credit_type: CreditType
    amount: int
    last_good_day: date


@dataclass(frozen=True, slots=True)
class Rezoned:
    """Open lots that end: `earlier`, `later` or at the same instant, by no more than `most` and no less than `least`; never-ending ones
    are in none of these. `over` are among the earlier ones."""

    earlier: int
    later: int
    same: int
    least: timedelta
    most: timedelta
    over: list[Over]

    @property
    def credits_over(self) -> int:
        return sum(one.amount for one in self.over)


def rezoned(account: Account, time_zone: str) -> Rezoned:
    """What `time_zone` would do. Changes nothing; lots that have ended here already stay ended and are not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH ends AS (
                 SELECT l.last_good_day, l.expires_at, count(*) AS lots FROM credits_lot l
                  WHERE l.account_id = %(account)s AND l.open AND l.expires_at > ledger_now() GROUP BY 1, 2
               ), moved AS (
                 SELECT last_good_day, lots, credits_day_end(last_good_day, %(zone)s) AS at, expires_at FROM ends
               )
               SELECT coalesce(sum(lots) FILTER (WHERE at < expires_at), 0)::bigint,
                      coalesce(sum(lots) FILTER (WHERE at > expires_at), 0)::bigint,
                      coalesce(sum(lots) FILTER (WHERE at = expires_at), 0)::bigint,
                      min(greatest(at - expires_at, expires_at - at)) FILTER (WHERE at <> expires_at),
                      max(greatest(at - expires_at, expires_at - at)) FILTER (WHERE at <> expires_at),
                      array_agg(last_good_day) FILTER (WHERE at <= ledger_now())
                 FROM moved""",
            {"account": require(account), "zone": time_zone},
        )
        earlier, later, same, least, most, days = cursor.fetchone()
        cursor.execute("SELECT l.id FROM credits_lot l WHERE l.account_id = %s AND l.open AND l.expires_at > ledger_now() AND l.last_good_day = ANY (%s)", [account.pk, days or []])  # fmt: skip
        ids = [lot_id for (lot_id,) in cursor.fetchall()]
    none = timedelta(0)
    return Rezoned(earlier, later, same, least or none, most or none, _over(ids))


def over_now(account: Account) -> list[Over]:
    """Lots that are over, and not written off yet."""
    require(account)
    return _over(list(overdue_lots().values_list("pk", flat=True)))


def _over(ids: list[int]) -> list[Over]:
    """By their public ids, so that the same lots are the same list."""
    lots = Lot.objects.filter(pk__in=ids).select_related("wallet__contact", "wallet__credit_type")
    return [
        Over(lot.public_id, lot.wallet.contact, lot.wallet.credit_type, lot.remaining, lot.last_good_day)
        for lot in lots.order_by("public_id")
        if lot.last_good_day is not None
    ]

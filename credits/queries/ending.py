"""Credits that end soon: those whose owners have not been told, and those that are so many days before their end."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Max, Min, Q, QuerySet, Sum

from contacts.models import Contact
from credits.models import CreditType, Lot
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from .figures import wallets_by_clock

AHEAD = 168
"""Hours before its end at which a customer is told; `credits_reminder_due` in ledger.sql says the same."""

_ONCE = "credits_expiring"


@dataclass(frozen=True, slots=True)
class Ending:
    """What one wallet loses after one day: `amount` of the `free` credits in it."""

    wallet_id: int
    contact: Contact
    credit_type: CreditType
    last_good_day: date
    amount: int
    free: int


def ending_once(wallet_id: int, last_good_day: date) -> str:
    """What makes it the same letter: one for each wallet and last good day."""
    return f"{_ONCE}:{wallet_id}:{last_good_day.isoformat()}"


def ending(account: Account, *, limit: int) -> list[Ending]:
    """Up to `limit` wallets and days on which credits end within `AHEAD` hours, of which no letter tells yet; the soonest first.

    Where all of a day's credits were good for a week or less from the day they were issued on, their owner has just been told so.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT l.wallet_id, l.last_good_day, sum(l.remaining)::bigint FROM credits_lot l
                WHERE l.account_id = %s AND l.open AND l.expires_at > ledger_now() AND l.expires_at <= ledger_now() + %s * interval '1 hour'
                  AND NOT EXISTS (SELECT FROM contacts_letter t WHERE t.account_id = l.account_id
                                     AND t.once = %s || ':' || l.wallet_id || ':' || to_char(l.last_good_day, 'YYYY-MM-DD'))
                GROUP BY l.wallet_id, l.last_good_day
               HAVING l.last_good_day > min((l.issued_at AT TIME ZONE %s)::date) + 7
                ORDER BY l.last_good_day, l.wallet_id LIMIT %s""",
            [require(account), AHEAD, _ONCE, account.time_zone, limit],
        )
        rows = cursor.fetchall()
    wallets = wallets_by_clock(account).select_related("contact", "credit_type").in_bulk({row[0] for row in rows})
    return [
        Ending(
            wallet_id=wallet_id,
            contact=wallets[wallet_id].contact,
            credit_type=wallets[wallet_id].credit_type,
            last_good_day=last_good_day,
            amount=amount,
            free=wallets[wallet_id].free,
        )
        for wallet_id, last_good_day, amount in rows
    ]


def about_to_end(
    account: Account, *, days: int, since: datetime, credit_type_id: int | None = None
) -> QuerySet[Lot, dict[str, Any]]:
    """Wallets and last good days on which credits end within `days` days: rows of `wallet_id`, `contact_id`, `type_id`,
    `last_good_day` and `amount`, of one credit type or of all.

    Only where that has become so after `since`: the end came so near, or some of them were issued.
    """
    require(account)
    ahead = timedelta(days=days)
    lots = Lot.objects.filter(open=True, expires_at__gt=now(), expires_at__lte=now() + ahead)
    if credit_type_id is not None:
        lots = lots.filter(wallet__credit_type=credit_type_id)
    grouped = lots.order_by().values(
        "wallet_id", "last_good_day", contact_id=F("wallet__contact_id"), type_id=F("wallet__credit_type_id")
    )
    summed = grouped.annotate(amount=Sum("remaining"), ends=Min("expires_at"), newest=Max("issued_at"))
    return summed.filter(Q(ends__gte=since + ahead) | Q(newest__gte=since))

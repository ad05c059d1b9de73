"""Contacts by what they have free, by the clock: ids alone, for whoever puts them together with other conditions."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum

from credits.models import CreditType, Lot, Wallet
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from .figures import overdue_lots


def types_named(account: Account, public_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, CreditType]:
    """Those of these credit types that there are, archived ones too, by public id."""
    require(account)
    return {found.public_id: found for found in CreditType.objects.filter(public_id__in=list(public_ids))}


def with_free(account: Account, credit_type: CreditType, *, at_least: int, below: int | None = None) -> QuerySet[Any]:
    """The ids of contacts with `at_least` free credits of a type, 1 or more, and fewer than `below`."""
    require(account)
    wallets = Wallet.objects.filter(credit_type=credit_type)
    sound = _between(wallets, "balance", at_least, below)
    # What is overdue is written off within minutes: nearly always there is nothing, and the stored balance is what is free.
    overdue = overdue_lots().filter(wallet__credit_type=credit_type)
    if not overdue.exists():
        return sound.values("contact_id")
    spoiled = overdue.values("wallet_id")
    gone = overdue_lots().filter(wallet=OuterRef("pk")).order_by().values("wallet").annotate(sum=Sum("remaining"))
    free = wallets.filter(pk__in=spoiled).annotate(free=F("balance") - Subquery(gone.values("sum")))
    return (
        sound.exclude(pk__in=spoiled)
        .values("contact_id")
        .union(_between(free, "free", at_least, below).values("contact_id"), all=True)
    )


def _between(wallets: QuerySet[Any], column: str, at_least: int, below: int | None) -> QuerySet[Any]:
    found = wallets.filter(**{f"{column}__gte": at_least})
    return found if below is None else found.filter(**{f"{column}__lt": below})


def with_ending(account: Account, *, before: datetime, credit_type: CreditType | None = None) -> QuerySet[Any]:
    """The ids of contacts with free credits, of a type if one is given, that end before that instant."""
    require(account)
    lots = Lot.objects.filter(open=True, expires_at__gt=now(), expires_at__lte=before)
    if credit_type is not None:
        lots = lots.filter(wallet__credit_type=credit_type)
    return lots.values("wallet__contact_id")

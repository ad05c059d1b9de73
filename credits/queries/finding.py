"""Contacts by what they have free, by the clock: ids alone, for whoever puts them together with other conditions."""

import uuid
from bisect import bisect_right
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
    most = len(LEVELS) if below is None else level(below - 1)
    holding = wallets.filter(level__in=range(level(at_least), most + 1))
    if at_least not in LEVELS:
        holding = holding.filter(balance__gte=at_least)
    if below is not None:
        holding = holding if below in LEVELS else holding.filter(balance__lt=below)
    # What is overdue is written off within minutes: nearly always there is nothing, and the stored balance is what is free.
    if not overdue_lots().exists():
        return holding.values("contact_id")
    spoiled = overdue_lots().values("wallet_id")
    gone = overdue_lots().filter(wallet=OuterRef("pk")).order_by().values("wallet").annotate(sum=Sum("remaining"))
    free = wallets.filter(pk__in=spoiled).annotate(free=F("balance") - Subquery(gone.values("sum")))
    free = free.filter(free__gte=at_least) if below is None else free.filter(free__gte=at_least, free__lt=below)
    return holding.exclude(pk__in=spoiled).values("contact_id").union(free.values("contact_id"), all=True)


def with_little(account: Account, credit_type: CreditType, *, below: int) -> QuerySet[Any]:
    """The ids of contacts who have fewer than `below` free credits of a type for certain, by the stored balance.

    Left out are those whose credits are overdue, and those who never had any.
    """
    require(account)
    wallets = Wallet.objects.filter(credit_type=credit_type, level__in=range(level(below - 1) + 1))
    return (wallets if below in LEVELS else wallets.filter(balance__lt=below)).values("contact_id")


LEVELS = (1, 2, 4, 8, 16)
"""The least balance of each `Wallet.level` from the first on. Levels are asked for one by one: the index has them before the type."""


def level(balance: int) -> int:
    """The level of a wallet with that balance."""
    return bisect_right(LEVELS, balance)


def with_ending(account: Account, *, by: datetime, credit_type: CreditType | None = None) -> QuerySet[Any]:
    """The ids of contacts with free credits, of a type if one is given, that have ended by that instant."""
    lots = _ending(account, by)
    return (lots if credit_type is None else lots.filter(wallet__credit_type=credit_type)).values("wallet__contact_id")


def taken_with_ending(account: Account, *, by: datetime, credit_type: CreditType | None = None) -> QuerySet[Any]:
    """The same ids, read from lot to lot as they end; null for a lot of another type."""
    wallets = Wallet.objects.filter(pk=OuterRef("wallet_id"))
    if credit_type is not None:
        wallets = wallets.filter(credit_type=credit_type)
    return _ending(account, by).values(who=Subquery(wallets.values("contact_id")))


def _ending(account: Account, by: datetime) -> QuerySet[Lot]:
    require(account)
    return Lot.objects.filter(open=True, expires_at__gt=now(), expires_at__lte=by)

"""The four numbers, by wallet, by type and by contact."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from contacts.models import Contact
from contacts.queries import selves, selves_of
from credits.models import CreditType, Lot, Wallet
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require


@dataclass(frozen=True, slots=True)
class Figures:
    """The four numbers (product rule 14), and what was withdrawn: issued = used + expired + free + withdrawn."""

    issued: int = 0
    used: int = 0  # less reversed
    expired: int = 0  # written, less restored, plus what is left in overdue lots
    free: int = 0  # in open lots that are not overdue
    withdrawn: int = 0


def get_type(account: Account, public_id: uuid.UUID) -> CreditType:
    """The account's credit type of that public id. Raises CreditType.DoesNotExist."""
    require(account)
    return CreditType.objects.get(public_id=public_id)


def types(account: Account, *, archived: bool = False) -> QuerySet[CreditType]:
    """Credit types that are in use, or the archived ones; by name."""
    require(account)
    return CreditType.objects.filter(archived_at__isnull=not archived).order_by("name_key", "pk")


def types_with_figures(account: Account, *, archived: bool = False) -> list[tuple[CreditType, Figures]]:
    """The account's types with their totals over all contacts."""
    found = list(types(account, archived=archived))
    totals = _totals(Wallet.objects.filter(credit_type__in=[t.pk for t in found]))
    return [(credit_type, totals.get(credit_type.pk, Figures())) for credit_type in found]


def type_figures(account: Account, credit_type: CreditType) -> Figures:
    require(account)
    return _totals(Wallet.objects.filter(credit_type=credit_type)).get(credit_type.pk, Figures())


def _totals(wallets: QuerySet[Wallet]) -> dict[int, Figures]:
    summed = wallets.order_by().values("credit_type_id").annotate(
        issued_=Sum("issued"), used_=Sum("used"), expired_=Sum("expired"), withdrawn_=Sum("withdrawn"), balance_=Sum("balance")
    )  # fmt: skip
    overdue = dict(
        overdue_lots()
        .filter(wallet__in=wallets.order_by().values("pk"))
        .order_by()
        .values_list("wallet__credit_type_id")
        .annotate(Sum("remaining"))
    )
    return {
        row["credit_type_id"]: _figures(
            issued=row["issued_"],
            used=row["used_"],
            expired=row["expired_"],
            withdrawn=row["withdrawn_"],
            balance=row["balance_"],
            overdue=overdue.get(row["credit_type_id"], 0),
        )
        for row in summed
    }


def _figures(*, issued: int, used: int, expired: int, withdrawn: int, balance: int, overdue: int) -> Figures:
    return Figures(issued=issued, used=used, expired=expired + overdue, free=balance - overdue, withdrawn=withdrawn)


def overdue_lots() -> QuerySet[Lot]:
    """Open lots whose last good day is over: expired, whether or not that is written yet."""
    return Lot.objects.filter(open=True, expires_at__lte=now())


def add(one: Figures, other: Figures) -> Figures:
    """Both together."""
    return Figures(*(getattr(one, name) + getattr(other, name) for name in Figures.__slots__))


def _with_merged(account: Account, credit_type: CreditType, found: dict[int, Figures]) -> dict[int, Figures]:
    """These figures, by contact, with those of who was merged into each of them."""
    whole = selves_of(account, found)
    of_others = [pk for ids in whole.values() for pk in ids[1:]]
    if not of_others:
        return found
    wallets = wallets_by_clock(account).filter(credit_type=credit_type, contact__in=of_others)
    theirs = {wallet.contact_id: figures_of(wallet) for wallet in wallets}
    return {
        pk: reduce(add, (theirs[other] for other in whole[pk][1:] if other in theirs), figures)
        for pk, figures in found.items()
    }


def wallets_by_clock(account: Account) -> QuerySet[Any]:
    """Wallets annotated with `overdue`, what of the balance has gone bad, and `free`, the rest."""
    require(account)
    overdue = (
        overdue_lots()
        .filter(wallet=OuterRef("pk"))
        .order_by()
        .values("wallet")
        .annotate(total=Sum("remaining"))
        .values("total")
    )
    return Wallet.objects.annotate(overdue=Coalesce(Subquery(overdue), 0)).annotate(free=F("balance") - F("overdue"))


def figures_of(wallet: Any) -> Figures:
    """Of a wallet from `wallets_by_clock`."""
    return _figures(
        issued=wallet.issued,
        used=wallet.used,
        expired=wallet.expired,
        withdrawn=wallet.withdrawn,
        balance=wallet.balance,
        overdue=wallet.overdue,
    )


def holders(
    account: Account, credit_type: CreditType, *, after: tuple[str, int] | None = None, limit: int = 50
) -> list[tuple[Contact, Figures]]:
    """Contacts with a wallet of this type, by name, from behind `after` = (name_key, contact id); one more than `limit` when there is more."""
    wallets = wallets_by_clock(account).filter(credit_type=credit_type, contact__merged_into__isnull=True)
    wallets = wallets.select_related("contact")
    if after:
        wallets = wallets.filter(
            Q(contact__name_key__gt=after[0]) | Q(contact__name_key=after[0], contact__pk__gt=after[1])
        )
    found = list(wallets.order_by("contact__name_key", "contact__pk")[: limit + 1])
    figures = _with_merged(account, credit_type, {wallet.contact_id: figures_of(wallet) for wallet in found})
    return [(wallet.contact, figures[wallet.contact_id]) for wallet in found]


def free_by_contact(account: Account, contact_ids: Iterable[int]) -> dict[int, list[tuple[CreditType, int]]]:
    """What each of these contacts has free, type by type where it is not nothing."""
    found: dict[int, list[tuple[CreditType, int]]] = defaultdict(list)
    wallets = (
        wallets_by_clock(account).filter(contact__in=list(contact_ids), balance__gt=0).select_related("credit_type")
    )
    for wallet in wallets.order_by("credit_type__name_key", "pk"):
        if wallet.free:
            found[wallet.contact_id].append((wallet.credit_type, wallet.free))
    return dict(found)


def free_of_type(account: Account, credit_type_id: int, contact_ids: Iterable[int]) -> dict[int, int]:
    """What each of these contacts has free of one type; who never had any is left out."""
    wallets = wallets_by_clock(account).filter(credit_type=credit_type_id, contact__in=list(contact_ids))
    return {wallet.contact_id: wallet.free for wallet in wallets}


def next_end(account: Account, credit_type_id: int, contact_ids: Iterable[int]) -> dict[int, datetime]:
    """When the next of each contact's free credits of one type ends; who has none that do is left out."""
    require(account)
    lots = Lot.objects.filter(open=True, expires_at__gt=now(), wallet__credit_type=credit_type_id)
    ends = lots.filter(wallet__contact__in=list(contact_ids)).values_list("wallet__contact").annotate(Min("expires_at"))
    return dict(ends)


def free_by_type(account: Account, contact: Contact) -> dict[int, int]:
    """What a contact has free, by credit type id; types without a wallet are left out."""
    return {wallet.credit_type_id: wallet.free for wallet in wallets_by_clock(account).filter(contact=contact)}


def types_held(account: Account, contact: Contact) -> QuerySet[CreditType]:
    """The types this contact has ever had, archived ones too; by name."""
    require(account)
    held = Wallet.objects.filter(contact__in=selves(account, contact)).values("credit_type")
    return CreditType.objects.filter(pk__in=held).order_by("name_key", "pk")


def types_for(account: Account, contact: Contact) -> list[tuple[CreditType, int]]:
    """The types in use and those this contact has ever had, archived ones too, each with what the contact has free; by name."""
    free = free_by_type(account, contact)
    wanted = CreditType.objects.filter(Q(archived_at=None) | Q(pk__in=list(free))).order_by("name_key", "pk")
    return [(credit_type, free.get(credit_type.pk, 0)) for credit_type in wanted]

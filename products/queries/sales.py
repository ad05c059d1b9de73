"""What was bought: the list with its filters and totals, and everything about one purchase."""

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from contacts import queries as contacts
from contacts.models import Contact
from credits import queries as credits
from products.models import (
    Payment,
    PaymentState,
    PriceKind,
    Product,
    Purchase,
    PurchaseEntry,
    Refund,
    RefundState,
    State,
)
from products.sentences import KINDS
from products.wording import what
from simplero.lib.keys import uuids
from simplero.lib.moments import span
from simplero.outbox.models import Event
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

PAGE = 50
HISTORY = 100  # events of one purchase that are shown, the newest

PAID_WITH = {
    "money": (PriceKind.SINGLE, PriceKind.RECURRING),
    "credits": (PriceKind.CREDIT,),
    "free": (PriceKind.FREE,),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which purchases; all of them unless said otherwise. `since` and `until` are days of the account on which they were made,
    both included."""

    state: str = ""
    product: Product | None = None
    paid_with: str = ""  # a key of PAID_WITH
    text: str = ""  # words of a contact's name or address
    contact: Contact | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """Of one currency, in minor units: what came in, and what of it went back or is on its way."""

    currency: str
    paid: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Of one credit type: how many credits purchases used and issued."""

    credit_type: Any
    used: int
    issued: int


@dataclass(frozen=True, slots=True)
class Totals:
    count: int
    money: list[Money]
    credits: list[Moved]


def purchases(account: Any) -> QuerySet[Purchase]:
    """All purchases of `account`, with whose they are and what they are paid with."""
    return Purchase.objects.filter(account_id=require(account)).select_related("contact", "credit_type")


def get_purchase(account: Any, public_id: uuid.UUID) -> Purchase:
    """The purchase of that public id. Raises Purchase.DoesNotExist."""
    return purchases(account).select_related("product", "price").get(public_id=public_id)


def find(account: Account, wanted: Filter) -> QuerySet[Purchase]:
    """The purchases that `wanted` lets through."""
    found = purchases(account)
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.product:
        found = found.filter(product=wanted.product)
    if wanted.paid_with:
        found = found.filter(price_kind__in=PAID_WITH[wanted.paid_with])
    if wanted.contact:
        found = found.filter(contact=wanted.contact)
    if wanted.text:
        whose = Q(contact__in=contacts.search(account, text=wanted.text).values("pk"))
        found = found.filter(whose | _called(wanted.text))
    start, end = span(wanted.since, wanted.until, account.zone)
    if start:
        found = found.filter(created_at__gte=start)
    if end:
        found = found.filter(created_at__lt=end)
    return found


def page(found: QuerySet[Purchase], *, after: Purchase | None = None, limit: int = PAGE) -> list[Purchase]:
    """`found`, the newest first, from behind `after`; one more than `limit` when there is more."""
    if after is not None:
        # The first condition alone bounds the index scan; the second only settles ties.
        at = after.created_at
        found = found.filter(Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(pk__lt=after.pk)))
    return list(found.order_by("-created_at", "-pk")[: limit + 1])


def _called(text: str) -> Q:
    """The purchase whose reference, or receipt's number, somebody typed; nothing for any other text."""
    named = re.fullmatch(r"#?([0-9a-f]{8})(?:-[0-9]+)?", text.strip().lower())
    if not named:
        return Q(pk__in=[])
    first, last = (uuid.UUID(named[1] + digit * 24) for digit in "0f")
    return Q(public_id__range=(first, last))


def totals(account: Account, found: QuerySet[Purchase]) -> Totals:
    """What `found` comes to."""
    ids = found.order_by().values("pk")
    paid = (
        Payment.objects.filter(account_id=require(account), state=PaymentState.PAID, purchase__in=ids)
        .values_list("currency")
        .annotate(paid=Sum("amount"), back=Sum("refunded"))
        .order_by("currency")
    )
    moved = (
        PurchaseEntry.objects.filter(account_id=account.pk, purchase__in=ids)
        .values_list("credit_type")
        .annotate(used=Sum("amount", filter=Q(verb="consume")), issued=Sum("amount", filter=Q(verb="issue")))
        .order_by()
    )
    amounts = {of: (used or 0, issued or 0) for of, used, issued in moved}
    return Totals(
        count=found.order_by().count(),
        money=[Money(*row) for row in paid],
        credits=[Moved(of, *amounts[of.pk]) for of in types(account, amounts)],
    )


def types(account: Account, ids: Collection[int]) -> list[Any]:
    """These credit types, those in use first, each by name; archived ones too."""
    return [
        one for archived in (False, True) for one in credits.types(account, archived=archived).filter(pk__in=list(ids))
    ]


def of_contact(account: Any, contact: Contact, *, most: int) -> list[Purchase]:
    """The newest purchases of `contact`; one more than `most` when there are more."""
    return page(purchases(account).filter(contact=contact), limit=most)


def names(account: Any, ids: Collection[str]) -> dict[str, str]:
    """What was bought with each of these purchases, by public id: "Pack of 5 × 2". Ids that are none are left out."""
    wanted = Purchase.objects.filter(account_id=require(account), public_id__in=uuids(ids))
    return {
        str(public_id): what(name, quantity)
        for public_id, name, quantity in wanted.values_list("public_id", "product_name", "quantity")
    }


def payments(account: Any, purchase: Purchase) -> list[Payment]:
    """What was asked for, the newest period and attempt first."""
    found = Payment.objects.filter(account_id=require(account), purchase=purchase)
    return list(found.order_by("-number", "-attempt"))


def refunds(account: Any, purchase: Purchase) -> list[Refund]:
    """Money that went back, the newest first, each with its payment."""
    found = Refund.objects.filter(account_id=require(account), payment__purchase=purchase)
    return list(found.select_related("payment").order_by("-created_at", "-pk"))


def entries(account: Any, purchase: Purchase) -> list[PurchaseEntry]:
    """The movements of credits that a purchase made, the newest period first."""
    found = PurchaseEntry.objects.filter(account_id=require(account), purchase=purchase)
    return list(found.select_related("credit_type").order_by("-number", "verb", "pk"))


def history(account: Any, purchase: Purchase) -> list[Event]:
    """What happened to a purchase, the newest first."""
    found = Event.objects.filter(
        account_id=require(account),
        contact_id__in=contacts.selves(account, purchase.contact),
        at__gte=purchase.created_at,
        kind__in=KINDS,
        body__purchase=str(purchase.public_id),
    )
    return list(found.order_by("-at", "-pk")[:HISTORY])


def products_sold(account: Any, *, most: int) -> list[tuple[Product, int]]:
    """Products that were bought at least once, those bought most often first, each with how often."""
    counted = (
        Purchase.objects.filter(account_id=require(account))
        .order_by()
        .values_list("product")
        .annotate(times=Count("pk"))
        .order_by("-times", "product")[:most]
    )
    times = dict(counted)
    known = Product.objects.filter(pk__in=times)
    return sorted(((one, times[one.pk]) for one in known), key=lambda pair: (-pair[1], pair[0].pk))


def waits_outside(found: Collection[Payment]) -> Payment | None:
    """Of a purchase's payments the one that staff mark as paid, if any is waited for."""
    return next((one for one in found if one.state == PaymentState.PENDING and one.gateway == "outside"), None)


def failed_refund(found: Collection[Refund]) -> Refund | None:
    """The newest of a purchase's refunds, if that did not go through."""
    newest = next(iter(found), None)
    return newest if newest and newest.state == RefundState.FAILED else None


def due_at(purchase: Purchase) -> tuple[str, datetime] | None:
    """What comes next of a subscription, and when: "renews", "ends", "retries" or "gives up"."""
    if purchase.renews_at is None:
        return None
    if purchase.stopped_at is not None:
        return "ends", purchase.renews_at
    if purchase.retry_at is not None:
        return ("gives up" if purchase.state == State.DELINQUENT else "retries"), purchase.retry_at
    return "renews", purchase.renews_at


def paid_by(account: Any, ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """What was paid for each of these purchases and what of it went back; those for which nothing was are left out."""
    found = Payment.objects.filter(account_id=require(account), purchase__in=list(ids), state=PaymentState.PAID)
    rows = found.order_by().values_list("purchase").annotate(paid=Sum("amount"), back=Sum("refunded"))
    return {purchase: (paid, back) for purchase, paid, back in rows}

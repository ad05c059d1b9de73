"""What customers see of what they bought."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from contacts.models import Contact
from credits import queries as credits
from products.models import Payment, PaymentState, Product, Purchase, PurchaseEntry, Refund, RefundState
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

JUST_NOW = timedelta(minutes=10)
"""How long after an order its browser is told of it before it orders the same again."""

PAGE = 30


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whose purchases: those of a signed-in customer, and those that this browser has ordered without signing in."""

    contact: Contact | None
    digest: str  # "": a browser that has ordered nothing

    @property
    def theirs(self) -> Q:
        mine = Q(contact=self.contact) if self.contact else Q(pk__in=[])
        return mine | Q(visitor_digest=self.digest) if self.digest else mine


def _purchases(account: Any) -> QuerySet[Purchase]:
    return Purchase.objects.filter(account_id=require(account)).select_related(
        "contact", "credit_type", "product", "price"
    )


def get(account: Any, buyer: Buyer, public_id: uuid.UUID) -> Purchase:
    """A purchase of this buyer. Raises Purchase.DoesNotExist for everybody else's too."""
    return _purchases(account).filter(buyer.theirs).get(public_id=public_id)


def get_payment(account: Any, buyer: Buyer, public_id: uuid.UUID) -> Payment:
    """A payment of a purchase of this buyer, with the purchase. Raises Payment.DoesNotExist, Purchase.DoesNotExist."""
    payment = Payment.objects.select_related("purchase").get(account_id=require(account), public_id=public_id)
    payment.purchase = get(account, buyer, payment.purchase.public_id)
    return payment


def just_bought(account: Any, buyer: Buyer, product: Product) -> Purchase | None:
    """The newest purchase of `product` that this buyer has made in the shop in the last minutes."""
    since = now() - JUST_NOW
    found = _purchases(account).filter(buyer.theirs, product=product, source="storefront", created_at__gt=since)
    return found.order_by("-created_at", "-pk").first()


def of_contact(account: Any, contact: Contact, *, before: uuid.UUID | None = None) -> tuple[list[Purchase], bool]:
    """A page of what a contact bought, the newest first and from behind the purchase `before`; and whether there is more."""
    found = _purchases(account).filter(contact=contact)
    if before is not None:
        last = found.filter(public_id=before).first()
        if last is not None:
            at = last.created_at
            found = found.filter(Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(pk__lt=last.pk)))
    page = list(found.order_by("-created_at", "-pk")[: PAGE + 1])
    return page[:PAGE], len(page) > PAGE


def payments(account: Any, purchase: Purchase) -> list[Payment]:
    """Everything that was asked for a purchase, the newest first, with what of it went back or is on its way (`given_back`)."""
    back = Refund.objects.filter(account_id=require(account)).exclude(state=RefundState.FAILED).order_by("pk")
    found = Payment.objects.filter(account_id=require(account), purchase=purchase)
    return list(found.prefetch_related(Prefetch("refunds", back, to_attr="given_back")).order_by("-number", "-attempt"))


def payment_due(purchase: Purchase, found: Iterable[Payment]) -> Payment | None:
    """Of a purchase's payments, the newest first, the one that is waited for now; or the failed one of an order never paid."""
    return next((one for one in found if one.number == purchase.periods + 1 and one.state != PaymentState.PAID), None)


@dataclass(frozen=True, slots=True)
class Movements:
    """The credits that a purchase moved: the use that paid for it, and the lots it issued, the newest period first."""

    use: credits.Line | None
    lots: list[tuple[Any, credits.LotView]]


def movements(account: Account, purchase: Purchase) -> Movements:
    entries = PurchaseEntry.objects.filter(account_id=require(account), purchase=purchase).order_by("-number", "pk")
    found = list(entries)
    paid = next((one.entry_key for one in found if one.verb == "consume"), None)
    use = credits.reversible(account, purchase.contact, paid).line if paid else None
    lots = credits.lots_made_by(account, [one.entry_key for one in found if one.verb == "issue"])
    return Movements(use, lots[::-1])

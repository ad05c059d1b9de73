"""What is sold: products, what they issue, and what they cost."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from credits import queries as credits
from products import pricing
from products.models import Kind, Price, PriceKind, Product, ProductCredit, Status
from simplero.tenancy.scope import require


def products(account: Any) -> QuerySet[Product]:
    """All products of `account`, with their credit type."""
    return Product.objects.filter(account_id=require(account)).select_related("credit_type")


def get_product(account: Any, public_id: uuid.UUID) -> Product:
    """The product of that public id. Raises Product.DoesNotExist."""
    return products(account).get(public_id=public_id)


def live_product(account: Any, slug: str) -> Product:
    """The product that stands in the storefront at `slug`. Raises Product.DoesNotExist."""
    return products(account).get(slug=slug, status=Status.LIVE)


def catalogue(account: Any) -> QuerySet[Product]:
    """What the storefront shows, in its order."""
    return products(account).filter(status=Status.LIVE).order_by("position", "pk")


def shelf_from(account: Any, after: str, *, limit: int) -> tuple[list[Product], bool]:
    """So many products of the storefront from behind the one at the address `after` ("" or one that is not there: from the
    beginning), and whether there are more."""
    found = catalogue(account)
    last = products(account).filter(slug=after).first() if after else None
    if last is not None:
        found = found.filter(Q(position__gt=last.position) | Q(position=last.position, pk__gt=last.pk))
    page = list(found[: limit + 1])
    return page[:limit], len(page) > limit


def get_price(account: Any, product: Product, public_id: uuid.UUID) -> Price:
    """A price of `product`, a retired one too. Raises Price.DoesNotExist."""
    return Price.objects.select_related("credit_type").get(
        account_id=require(account), product=product, public_id=public_id
    )


def prices(account: Any, product: Product) -> list[Price]:
    """The prices of `product` that are not retired: those of one way to pay beside each other, the lowest tier first."""
    return prices_of(account, [product.pk])[product.pk]


def prices_of(account: Any, product_ids: Iterable[int]) -> dict[int, list[Price]]:
    """As `prices`, for several products at once."""
    wanted = Price.objects.filter(account_id=require(account), product__in=list(product_ids), retired_at=None)
    found: dict[int, list[Price]] = defaultdict(list)
    for price in wanted.select_related("credit_type").order_by("pk"):
        found[price.product_id].append(price)
    for of_product in found.values():
        first: dict[tuple[Any, ...], int] = {}
        for price in of_product:
            first.setdefault(way(price), price.pk)
        of_product.sort(key=lambda price: (first[way(price)], price.minimum))
    return found


def way(price: Price) -> tuple[Any, ...]:
    """What makes prices tiers of one another: the same way to pay, from different quantities."""
    return price.kind, price.credit_type_id, price.every, price.period, price.currency


def extra_credits(account: Any, product: Product) -> list[ProductCredit]:
    """What `product` issues besides its own units, for one quantity."""
    wanted = ProductCredit.objects.filter(account_id=require(account), product=product)
    return list(wanted.select_related("credit_type").order_by("credit_type__name_key", "pk"))


@dataclass(frozen=True, slots=True)
class Issue:
    """Credits that a purchase issues in each of its periods."""

    credit_type: Any
    amount: int
    expiry: str

    def row(self) -> dict[str, Any]:
        return {"credit_type": self.credit_type.pk, "amount": self.amount, "expiry": self.expiry}


def issues(account: Any, product: Product, quantity: int) -> list[Issue]:
    """What `quantity` of `product` issues: its units where they are credits, and its extra credits; one for each type."""
    found: dict[int, Issue] = {}
    if product.kind == Kind.CREDIT:
        amount = pricing.units(quantity, product.included)
        found[product.credit_type_id or 0] = Issue(product.credit_type, amount, product.expiry)
    for extra in extra_credits(account, product):
        more, of = extra.amount * quantity, extra.credit_type_id
        same = found.get(of)
        expiry = extra.expiry or product.expiry
        found[of] = Issue(extra.credit_type, more + (same.amount if same else 0), same.expiry if same else expiry)
    return list(found.values())


def sellers(account: Any, credit_type: Any) -> list[Product]:
    """What is on sale for money, or free, and issues credits of this type; in the order of the storefront."""
    account_id = require(account)
    extra = ProductCredit.objects.filter(account_id=account_id, credit_type=credit_type).values("product")
    priced = Price.objects.filter(account_id=account_id, retired_at=None, enabled=True).exclude(kind=PriceKind.CREDIT)
    issuing = catalogue(account).filter(Q(credit_type=credit_type) | Q(pk__in=extra))
    return list(issuing.filter(pk__in=priced.values("product")))


def agreed(account: Any, purchase: Any) -> list[Issue]:
    """What a purchase issues in each of its periods, as it was agreed."""
    require(account)
    found = {one.pk: one for archived in (False, True) for one in credits.types(account, archived=archived)}
    return [Issue(found[row["credit_type"]], row["amount"], row["expiry"]) for row in purchase.issues]

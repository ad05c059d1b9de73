"""What staff see of the products: the list, and how much of each was sold."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Q

from products.models import Price, Product, Purchase
from simplero.tenancy.scope import require

from .catalogue import products


def shelf(account: Any, *, statuses: Sequence[str], after: Product | None = None, limit: int = 50) -> list[Product]:
    """Products of these statuses in the order of the storefront, from behind `after`; one more than `limit` when there is more."""
    found = products(account).filter(status__in=statuses)
    if after is not None:
        found = found.filter(Q(position__gt=after.position) | Q(position=after.position, pk__gt=after.pk))
    return list(found.order_by("position", "pk")[: limit + 1])


def sold(account: Any, product_ids: Iterable[int]) -> dict[int, int]:
    """How many purchases of each of these products there were, paid for or free; products without one are left out."""
    return _counted(account, "product_id", product_ids)


def sold_at(account: Any, prices: Iterable[Price]) -> dict[int, int]:
    """How many purchases there were at each of these prices, begun ones too; prices without one are left out."""
    return _counted(account, "price_id", [price.pk for price in prices], begun=True)


def _counted(account: Any, column: str, ids: Iterable[int], *, begun: bool = False) -> dict[int, int]:
    made = Purchase.objects.filter(account_id=require(account), **{f"{column}__in": list(ids)})
    if not begun:
        made = made.filter(activated_at__isnull=False)
    return dict(made.order_by().values_list(column).annotate(Count("pk")))

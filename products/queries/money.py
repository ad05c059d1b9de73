"""Whether an account's currency is in use."""

from dataclasses import dataclass
from typing import Any

from products.models import Price, Purchase
from simplero.tenancy.scope import require


@dataclass(frozen=True, slots=True)
class InMoney:
    """Prices in money that stand, and purchases in money that were ever made."""

    prices: int
    purchases: int

    def __bool__(self) -> bool:
        return bool(self.prices or self.purchases)


def in_money(account: Any) -> InMoney:
    account_id = require(account)
    prices = Price.objects.filter(account_id=account_id, retired_at=None).exclude(currency="")
    purchases = Purchase.objects.filter(account_id=account_id).exclude(currency="")
    return InMoney(prices.count(), purchases.count())

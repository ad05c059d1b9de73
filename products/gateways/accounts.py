"""What a business has connected. Every function needs the account's open scope."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from products.models import GatewayAccount, Payment

from . import offered, outside, stripe
from .gateway import Gateway


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay that customers of a business have."""

    gateway: Gateway
    instructions: str  # how to pay outside, as the business wrote it

    @property
    def code(self) -> str:
        return self.gateway.code

    @property
    def name(self) -> str:
        return _TO_CUSTOMERS.get(self.code, self.gateway.name)


_TO_CUSTOMERS = {stripe.code: "Card"}


def connected(account: Any) -> dict[str, GatewayAccount]:
    """Gateway code → what the business has set up with it, switched on or not."""
    return {row.gateway: row for row in GatewayAccount.objects.filter(account=account).order_by("pk")}


def ways(account: Any, *, recurring: bool = False) -> list[Way]:
    """The ways to pay that an order form shows, cards first. `recurring`: only those that a renewal can be taken with."""
    rows = connected(account)
    return [
        Way(gateway, rows[code].instructions)
        for code, gateway in offered().items()
        if code in rows and rows[code].enabled and (gateway.automatic or not recurring)
    ]


def instructions(account: Any) -> str:
    """How to pay outside, as the business wrote it; "" where it did not."""
    row = connected(account).get(outside.code)
    return row.instructions if row else ""


def payment_of(
    account: Any, gateway: str, *, payment: UUID | None, checkout_ref: str = "", charge_ref: str = ""
) -> int | None:
    """The id of the payment that a provider means: by the name we gave it, else by the provider's own."""
    ours = Payment.objects.filter(account=account, gateway=gateway)
    for names in ({"public_id": payment}, {"checkout_ref": checkout_ref}, {"charge_ref": charge_ref}):
        if all(names.values()):
            found = ours.filter(**names).order_by("-pk").values_list("pk", flat=True).first()
            if found is not None:
                return found
    return None

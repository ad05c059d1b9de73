"""Paid outside: by invoice or transfer, as the business's instructions say. Nothing happens by itself; staff say what came."""

from uuid import UUID

from .gateway import Checkout, Keys, Order, RefundWord, Rejected, Word

code = "outside"
name = "Invoice or transfer"
automatic = False


def checkout(keys: Keys, order: Order) -> Checkout:
    """Our own page, which shows how to pay."""
    return Checkout(reference="", url=order.return_url)


def look(keys: Keys, *, checkout_ref: str, charge_ref: str) -> Word:
    """Nobody can be asked."""
    return Word("pending")


def charge(keys: Keys, order: Order, *, payer_ref: str, card_ref: str) -> Word:
    raise Rejected("This is paid by invoice or transfer, so no card can be charged.")


def refund(keys: Keys, *, charge_ref: str, amount: int, currency: str, key: UUID) -> RefundWord:
    raise Rejected("This was paid outside, so give the money back outside and note it here.")


def card_checkout(
    keys: Keys, *, purchase: UUID, email: str, payer_ref: str, return_url: str, cancel_url: str
) -> Checkout:
    raise Rejected("This is paid by invoice or transfer, so there is no card to change.")


def card_of(keys: Keys, *, checkout_ref: str, purchase: UUID | None = None) -> tuple[str, str, str] | None:
    return None

"""What every payment provider must be able to answer. Amounts are minor units of `currency`, an ISO 4217 code.

`keys` is the opened vault of a business's account with the provider. Every function that asks a provider raises Unreachable
when nobody knows what became of the question, and Rejected when the provider will not have it; it is called outside any
scope, since an answer takes seconds. Asked again about the same payment or refund, a gateway moves no money again.
"""

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from simplero.lib.refusals import Refusal

Keys = dict[str, str]


class Unreachable(Refusal):
    """The provider could not be asked, or did not answer in time: what was asked for may have happened. Ask again later."""

    def __init__(self, wording: str = "The payment provider cannot be reached at the moment. Try again soon.") -> None:
        super().__init__(wording)


class Rejected(Refusal):
    """The provider, or what we know of it, says no: the keys are not good, or what was asked for cannot be done."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. `payment` is the public id of our payment, `keep_card` asks for the card to be kept for renewals."""

    payment: UUID
    amount: int
    currency: str
    description: str
    email: str
    return_url: str
    cancel_url: str
    keep_card: bool


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page where something is paid, or a card given: the provider's name for it and its address."""

    reference: str
    url: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a provider says of one payment now.

    `refunded` is what went back, and 0 also where the provider does not keep count. `dispute` is "", "open", "won" or "lost",
    seen from the business. `reason` is a sentence for people. The references name who pays and the card that was kept.
    """

    state: Literal["pending", "paid", "failed"]
    charge_ref: str = ""
    refunded: int = 0
    dispute: str = ""
    reason: str = ""
    payer_ref: str = ""
    card_ref: str = ""
    card_label: str = ""
    ours: bool = False  # it failed through no fault of the customer's, who is not asked for another card


@dataclass(frozen=True, slots=True)
class RefundWord:
    """What a provider says of one refund now."""

    state: Literal["pending", "done", "failed"]
    refund_ref: str = ""
    reason: str = ""


class Gateway(Protocol):
    """A module of this folder. `automatic`: a worker can charge a card it kept, and ask it what became of a payment."""

    code: str
    name: str
    automatic: bool

    def checkout(self, keys: Keys, order: Order) -> Checkout:
        """The page where `order` is paid; the same one when asked again within a day."""

    def look(self, keys: Keys, *, checkout_ref: str, charge_ref: str) -> Word:
        """What became of a payment. With neither reference nothing has been asked for yet: pending."""

    def charge(self, keys: Keys, order: Order, *, payer_ref: str, card_ref: str) -> Word:
        """Take `order` from a card that was kept, its owner not being there. A declined card is a Word, not an error."""

    def refund(self, keys: Keys, *, charge_ref: str, amount: int, currency: str, key: UUID) -> RefundWord:
        """Send `amount` back, once per `key`; asked again with the same key, what has become of it by now."""

    def card_checkout(
        self, keys: Keys, *, purchase: UUID, email: str, payer_ref: str, return_url: str, cancel_url: str
    ) -> Checkout:
        """The page where another card is given for `purchase`. It leads back to `return_url` with ?checkout=<its reference>."""

    def card_of(self, keys: Keys, *, checkout_ref: str, purchase: UUID | None = None) -> tuple[str, str, str] | None:
        """Payer, card and label that a card_checkout brought; None while nothing was given, or when it was for another purchase."""

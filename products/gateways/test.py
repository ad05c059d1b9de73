"""A provider for trying things out: no money moves, and what a card does is written in its number.

Its pages are ours, beside the shop's others: `test-pay/<payment>` and `test-card/<purchase>`. It keeps nothing: a reference says
what the answer was. It exists only where `gateways.offered()` has it.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from .gateway import Checkout, Keys, Order, RefundWord, Rejected, Word

code = "test"
name = "Test cards"
automatic = True

CARDS = {
    "4242424242424242": "It succeeds, and so do its renewals.",
    "4000000000000002": "It is declined.",
    "4000002500003155": "Its bank asks for another step, then it succeeds.",
    "4000000000000341": "It succeeds once; its renewals are declined.",
}
"""Card number → what it does, for the page that lists them. The numbers are those of Stripe's test cards."""

DECLINED = "The card was declined. Try another card."
UNKNOWN = "Enter one of the test cards."
_STEP, _LATER = "3155", "0341"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a card number answers: "paid" with the `reference` to keep, "step" (ask, then answer with confirmed), or "declined"."""

    outcome: Literal["paid", "step", "declined"]
    reference: str = ""
    sentence: str = ""


def answer(number: str, payment: UUID, *, confirmed: bool = False) -> Answer:
    """What the card `number` says to `payment`. `confirmed`: the bank's other step was taken."""
    digits = re.sub(r"[\s-]", "", number)
    if digits not in CARDS:
        return Answer("declined", sentence=UNKNOWN)
    last = digits[-4:]
    if last == "0002":
        return Answer("declined", sentence=DECLINED)
    if last == _STEP and not confirmed:
        return Answer("step", sentence="The bank of this card asks you to confirm the payment.")
    return Answer("paid", reference=f"test_paid_{last}_{payment.hex}")


def answer_card(number: str, purchase: UUID, *, confirmed: bool = False) -> Answer:
    """As `answer`, for a card given for the renewals of `purchase`: nothing is paid, the reference stands for this giving of it."""
    given = answer(number, purchase, confirmed=confirmed)
    reference = given.reference.replace("test_paid_", "test_given_")
    return Answer(given.outcome, reference and f"{reference}_{secrets.token_hex(4)}", given.sentence)


def checkout(keys: Keys, order: Order) -> Checkout:
    page = beside(order.return_url, f"test-pay/{order.payment}")
    return Checkout(reference=f"test_open_{order.payment.hex}", url=page)


def beside(return_url: str, page: str) -> str:
    """The address of `page` in the shop that `return_url` leads into: under /s/<slug>/, or at the root of a domain of its own."""
    at = urlsplit(return_url)
    shop = re.match(r"/s/[^/]+/", at.path)
    return urlunsplit((at.scheme, at.netloc, f"{shop[0] if shop else '/'}{page}", "", ""))


def look(keys: Keys, *, checkout_ref: str, charge_ref: str) -> Word:
    if given := re.fullmatch(r"test_paid_(\d{4})_([0-9a-f]{32})", checkout_ref):
        last, payment = given.groups()
        payer_ref, card_ref, label = _card(last, payment)
        charged = f"test_charge_{last}_{payment}"
        return Word("paid", charged, payer_ref=payer_ref, card_ref=card_ref, card_label=label)
    if charge_ref.startswith("test_charge_"):
        return Word("paid", charge_ref=charge_ref)
    if charge_ref.startswith("test_failed_"):
        return Word("failed", charge_ref=charge_ref, reason=_declined(charge_ref.split("_")[2]))
    return Word("pending")


def charge(keys: Keys, order: Order, *, payer_ref: str, card_ref: str) -> Word:
    last = card_ref.removeprefix("test_card_")
    if not re.fullmatch(r"\d{4}", last):
        return Word("failed", reason="There is no card to charge any more.")
    if last == _LATER:
        return Word("failed", charge_ref=f"test_failed_{last}_{order.payment.hex}", reason=_declined(last))
    return Word("paid", charge_ref=f"test_charge_{last}_{order.payment.hex}")


def refund(keys: Keys, *, charge_ref: str, amount: int, currency: str, key: UUID) -> RefundWord:
    if not charge_ref.startswith("test_charge_"):
        raise Rejected("There is no test payment to refund.")
    return RefundWord("done", refund_ref=f"test_refund_{key.hex}")


def card_checkout(
    keys: Keys, *, purchase: UUID, email: str, payer_ref: str, return_url: str, cancel_url: str
) -> Checkout:
    return Checkout(f"test_asked_{purchase.hex}", beside(return_url, f"test-card/{purchase}"))


def card_of(keys: Keys, *, checkout_ref: str, purchase: UUID | None = None) -> tuple[str, str, str] | None:
    given = re.fullmatch(r"test_given_(\d{4})_([0-9a-f]{32})(_[0-9a-f]{8})?", checkout_ref)
    if not given or (purchase and purchase.hex != given[2]):
        return None
    return _card(given[1], given[2])


def _card(last: str, payer: str) -> tuple[str, str, str]:
    return f"test_payer_{payer}", f"test_card_{last}", f"Test card ending in {last}"


def _declined(last: str) -> str:
    return f"The card ending in {last} was declined."

"""Whether a price is to be had, by whom and in which quantity, and if not, why: the one judgement that the order form shows, an
order is checked against, and staff read on the product's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from contacts.models import Contact
from credits import queries as credits
from credits.errors import MOST
from credits.wording import quantity as amount_of
from products import pricing
from products.gateways import accounts
from products.models import Kind, Price, PriceKind, Product, Status
from simplero.lib.money import reading, round_reading
from simplero.tenancy.models import Account

from . import catalogue
from .catalogue import Issue, way

MONEY = (PriceKind.SINGLE, PriceKind.RECURRING)

SIGNED_OUT, SHORT, BELOW, BEATEN = "signed_out", "short", "below", "beaten"
"""Reasons that a customer can do something about; the others are the business's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether `price` is offered for the asked quantity; if not, `reason` is a code and `sentence` says it."""

    price: Price
    offered: bool
    reason: str = ""
    sentence: str = ""
    has: int = 0  # of a credit price: what the contact has free …
    needs: int = 0  # … and what this takes


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to pay: its tiers, and what the asked quantity comes to at the one it reaches."""

    tiers: list[Verdict]
    verdict: Verdict  # of the tier reached; below the lowest, of that one
    quantity: int
    units: int
    total: int  # minor units of the price's currency, or credits
    issues: list[Issue]

    @property
    def price(self) -> Price:
        return self.verdict.price

    @property
    def offered(self) -> bool:
        return self.verdict.offered


def choices(
    account: Account,
    product: Product,
    *,
    contact: Contact | None,
    quantity: int,
    you: bool = False,
    by_staff: bool = False,
    counting: bool = True,
) -> list[Choice]:
    """Every way to pay for `quantity` of `product`, each with its judgement for `contact` (None: somebody not signed in).

    `you`: the sentences speak to the contact rather than of them. `by_staff`: for a purchase by hand, which may be of a draft
    and is paid outside. Without `counting` what the contact has is left to the ledger, which counts again in any case.
    """
    prices = catalogue.prices(account, product)
    units = pricing.units(quantity, product.included)
    issues = catalogue.issues(account, product, quantity)
    general = _general(product, quantity, units, issues, by_staff)
    free: dict[int, int] | None = {}
    if contact and _by_credits(prices):
        free = credits.free_by_type(account, contact) if counting else None
    payable = {
        kind: by_staff or bool(accounts.ways(account, recurring=kind == PriceKind.RECURRING))
        for kind in MONEY
        if any(price.kind == kind for price in prices)
    }
    found = []
    for _, group in groupby(prices, key=way):
        tiers = list(group)
        reached = pricing.reached([tier for tier in tiers if tier.enabled], units)
        judged = [
            _judge(tier, reached, product, units, quantity, general, payable, contact, free, you) for tier in tiers
        ]
        shown = reached or tiers[0]
        found.append(
            Choice(
                tiers=judged,
                verdict=next(verdict for verdict in judged if verdict.price is shown),
                quantity=quantity,
                units=units,
                total=total(shown, quantity, units),
                issues=issues,
            )
        )
    return found


def verdicts(account: Account, product: Product, *, contact: Contact | None, quantity: int) -> list[Verdict]:
    """For each price of `product`: is it offered to `contact` for `quantity`, and if not, why. Staff's words."""
    return [
        verdict for choice in choices(account, product, contact=contact, quantity=quantity) for verdict in choice.tiers
    ]


def total(price: Price, quantity: int, units: int) -> int:
    """What it comes to: minor units, or credits of a credit price."""
    if price.kind == PriceKind.CREDIT:
        return pricing.credits(quantity, price.amount)
    return pricing.money(units, price.amount)


def smallest(product: Product) -> int:
    """The smallest quantity of `product` that may be bought."""
    each = product.included or 1
    return max(1, -(-(product.minimum or 1) // each))


def largest(product: Product) -> int:
    """The largest one; what it issues is one movement, which has a limit."""
    return max(1, min(product.maximum or MOST, MOST) // (product.included or 1))


def _general(
    product: Product, quantity: int, units: int, issues: list[Issue], by_staff: bool
) -> tuple[str, str] | None:
    """Why nothing of this product is to be had in this quantity, whatever the price; None when it is."""
    counted = _counted(product)
    if product.status == Status.DRAFT and not by_staff:
        return "draft", "This product is a draft: publish it to offer its prices."
    if product.status == Status.ARCHIVED:
        return "archived", "This product is archived: bring it back to offer its prices."
    if product.minimum and units < product.minimum:
        return "few", f"At least {counted(product.minimum)} are bought at once; this is {units:,}."
    if product.maximum and units > product.maximum:
        return "many", f"At most {counted(product.maximum)} are bought at once; this is {units:,}."
    for issue in issues:
        if issue.credit_type.archived_at is not None:
            return "archived_type", f"Its credit type “{issue.credit_type.name}” is archived, so none can be issued."
    if any(issue.amount > MOST for issue in issues):
        return "many", f"One purchase issues at most {MOST:,} credits of a type."
    return None


def _judge(
    price: Price,
    reached: Price | None,
    product: Product,
    units: int,
    quantity: int,
    general: tuple[str, str] | None,
    payable: dict[PriceKind, bool],
    contact: Contact | None,
    free: dict[int, int] | None,
    you: bool,
) -> Verdict:
    def no(reason: str, sentence: str, **numbers: int) -> Verdict:
        return Verdict(price, False, reason, sentence, **numbers)

    if general:
        return no(*general)
    if not price.enabled:
        return no("disabled", "This price is switched off.")
    if reached is None or price.minimum > units:
        return no(BELOW, f"It begins at {_counted(product)(price.minimum)}; this is {units:,}.")
    if price is not reached:
        return no(BEATEN, f"From {reached.minimum:,} another price applies: {each(reached, product)}.")
    if price.kind in MONEY and not payable.get(PriceKind(price.kind)):
        return no(
            "no_gateway", "No way to take payments is set up: an owner can connect one under Settings → Payments."
        )
    if price.kind == PriceKind.CREDIT:
        return _by_credit(price, quantity, contact, free, you)
    return Verdict(price, True)


def _by_credit(price: Price, quantity: int, contact: Contact | None, free: dict[int, int] | None, you: bool) -> Verdict:
    needs = pricing.credits(quantity, price.amount)
    asked = amount_of(needs, price.credit_type)  # type: ignore[arg-type]
    if needs > MOST:
        return Verdict(price, False, "many", f"One purchase takes at most {MOST:,} credits.", needs=needs)
    if contact is None:
        return Verdict(price, False, SIGNED_OUT, f"Sign in to pay with {asked}.", needs=needs)
    if free is None:
        return Verdict(price, True, needs=needs)
    has = free.get(price.credit_type_id or 0, 0)
    if has < needs:
        whose = "You have" if you else f"{contact.name} has"
        sentence = f"{whose} {amount_of(has, price.credit_type) if has else 'none'}, this needs {needs:,}."  # type: ignore[arg-type]
        return Verdict(price, False, SHORT, sentence, has=has, needs=needs)
    return Verdict(price, True, has=has, needs=needs)


def each(price: Price, product: Product) -> str:
    """What one costs: "$85 each", "€40 a month", "3 coaching sessions", "free"."""
    if price.kind == PriceKind.FREE:
        return "free"
    if price.kind == PriceKind.CREDIT:
        return amount_of(price.amount, price.credit_type)  # type: ignore[arg-type]
    return f"{round_reading(price.amount, price.currency)}{_per(price, product)}"


def _per(price: Price, product: Product) -> str:
    apart = " each" if product.kind == Kind.CREDIT or price.minimum > 1 else ""
    return f"{apart}{every(price.every, price.period)}" if price.kind == PriceKind.RECURRING else apart


def every(number: int | None, period: str) -> str:
    """ " a month", " every 3 months"; nothing for what comes once."""
    if not number:
        return ""
    return f" a {period.removesuffix('s')}" if number == 1 else f" every {number} {period}"


def in_words(total: int, price: Price) -> str:
    """A total: "€425.00", "€40.00 a month", "3 coaching sessions", "free"."""
    if price.kind == PriceKind.FREE:
        return "free"
    if price.kind == PriceKind.CREDIT:
        return amount_of(total, price.credit_type)  # type: ignore[arg-type]
    return f"{reading(total, price.currency)}{every(price.every, price.period)}"


def _by_credits(prices: Sequence[Price]) -> bool:
    return any(price.kind == PriceKind.CREDIT for price in prices)


def _counted(product: Product) -> Any:
    if product.kind == Kind.CREDIT:
        return lambda number: amount_of(number, product.credit_type)  # type: ignore[arg-type]
    return lambda number: f"{number:,}"


__all__ = [
    "BEATEN",
    "BELOW",
    "SHORT",
    "SIGNED_OUT",
    "Choice",
    "Issue",
    "Verdict",
    "choices",
    "each",
    "every",
    "in_words",
    "largest",
    "smallest",
    "total",
    "verdicts",
]

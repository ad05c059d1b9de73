"""Products and their prices as staff read them."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from products.models import Kind, Price, PriceKind, Product, Status
from products.queries import catalogue, offering
from simplero.lib.money import round_reading

TONES = {Status.LIVE: "good", Status.DRAFT: "warn", Status.ARCHIVED: ""}

ICONS = {Kind.CREDIT: "ticket", Kind.SERVICE: "hand-heart", Kind.OTHER: "package"}


def status(product: Product) -> dict[str, str]:
    """The words and the tone of its tag."""
    return {"words": product.get_status_display(), "tone": TONES[Status(product.status)]}


def in_short(prices: Sequence[Price], product: Product) -> str:
    """The prices that are switched on, in a line: "€100 each · from 5 €85 · 3 coaching sessions"."""
    return " · ".join(
        _tier(price, product, first=number == 0)
        for _, tiers in groupby((price for price in prices if price.enabled), key=catalogue.way)
        for number, price in enumerate(tiers)
    )


def _tier(price: Price, product: Product, *, first: bool) -> str:
    if first:
        return words(price, product) if price.minimum == 1 else f"from {price.minimum:,} {words(price, product)}"
    amount = round_reading(price.amount, price.currency) if price.currency else offering.each(price, product)
    return f"from {price.minimum:,} {amount}"


def words(price: Price, product: Product) -> str:
    """ "€85 each", "€440 a month (€110 each)" of a pack, "3 coaching sessions", "free"."""
    if price.currency and product.included and product.included > 1:
        whole = round_reading(offering.total(price, 1, product.included), price.currency)
        each = round_reading(price.amount, price.currency)
        return f"{whole}{offering.every(price.every, price.period)} ({each} each)"
    return offering.each(price, product)


def way_title(price: Price) -> str:
    """The heading over prices that are tiers of one another: "Recurring, every 3 months"."""
    title = price.get_kind_display()
    if price.kind == PriceKind.RECURRING:
        return f"{title},{offering.every(price.every, price.period)}".replace(", a ", ", every ")
    if price.kind == PriceKind.CREDIT and price.credit_type:
        return f"{title}: {price.credit_type.plural}"
    return title


def units(number: int, product: Product) -> str:
    """ "5 coaching sessions" of a credit product, "5" of another."""
    if product.kind == Kind.CREDIT and product.credit_type:
        of = product.credit_type
        return f"{number:,} {of.name if number == 1 else of.plural}"
    return f"{number:,}"


def grouped(prices: Iterable[Price], product: Product, sold: dict[int, int]) -> list[dict[str, object]]:
    """The prices under a heading for each way to pay, the lowest tier first."""
    return [
        {
            "title": way_title(first),
            "rows": [
                {
                    "price": price,
                    "words": words(price, product),
                    "since": f"From {units(price.minimum, product)}" if price.minimum > 1 else "Any quantity",
                    "sold": sold.get(price.pk, 0),
                }
                for price in (first, *rest)
            ],
        }
        for first, *rest in (list(tiers) for _, tiers in groupby(prices, key=catalogue.way))
    ]

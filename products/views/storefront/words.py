"""Prices, credits and times as customers read them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from credits.queries import LotView
from credits.wording import capital, expiration, good, quantity
from products.models import Kind, Price, PriceKind, Product, Purchase, State
from products.queries import catalogue, offering
from products.queries.catalogue import Issue
from products.queries.offering import Choice
from simplero.lib.moments import day
from simplero.lib.money import round_reading

TONES = {
    State.NEW: "warn",
    State.ACTIVE: "good",
    State.DELINQUENT: "bad",
    State.FAILED: "bad",
}
STATES = {
    State.NEW: "Waiting for payment",
    State.ACTIVE: "Paid",
    State.DELINQUENT: "Payment overdue",
    State.FAILED: "Not paid",
    State.CANCELLED: "Cancelled",
    State.EXPIRED: "Ended",
    State.REFUNDED: "Refunded",
}

MOTIFS = {Kind.CREDIT: ("discs", "stack"), Kind.SERVICE: ("arch", "hills"), Kind.OTHER: ("leaves", "blocks")}


def motif(product: Product) -> str:
    """Which drawing stands for a product that has no picture: always the same one."""
    drawings = MOTIFS[Kind(product.kind)]
    return drawings[product.public_id.int % len(drawings)]


def ways(prices: Iterable[Price]) -> list[list[Price]]:
    """The prices that are switched on: for each way to pay its tiers, the lowest first."""
    return [list(tiers) for _, tiers in groupby((price for price in prices if price.enabled), key=catalogue.way)]


def in_short(prices: Sequence[Price], product: Product) -> str:
    """What a product costs, in a line: "from €85 each or 3 coaching sessions"; "" of one without prices."""
    said = " or ".join(_lowest(tiers, product) for tiers in ways(prices)[:3])
    return capital(said) if said == "free" else said


def _lowest(tiers: Sequence[Price], product: Product) -> str:
    cheapest = min(tiers, key=lambda price: price.amount)
    return f"{'from ' if len(tiers) > 1 else ''}{one(cheapest, product)}"


def one(price: Price, product: Product) -> str:
    """What one of a product costs; a pack, all of it: "€100 each", "€135", "€40 a month", "3 coaching sessions", "free"."""
    if product.included and price.currency:
        whole = round_reading(offering.total(price, 1, product.included), price.currency)
        return f"{whole}{offering.every(price.every, price.period)}"
    return offering.each(price, product)


def tiers(prices: Sequence[Price], product: Product) -> list[str]:
    """What else there is to say of prices by quantity: what each credit of a pack costs, "€85 each from 5"."""
    of_pack = []
    if product.included and product.credit_type and prices[0].currency:
        of_pack = [f"{round_reading(prices[0].amount, prices[0].currency)} for each {product.credit_type.name}"]
    return of_pack + [_tier(price, product) for price in prices[1:]]


def _tier(price: Price, product: Product) -> str:
    if price.currency and product.kind != Kind.CREDIT:
        amount = f"{round_reading(price.amount, price.currency)} each{offering.every(price.every, price.period)}"
    else:
        amount = offering.each(price, product)
    return f"{amount} from {units(price.minimum, product)}"


def first(price: Price, product: Product) -> str:
    """A price as a heading: "€100 each", "€40 a month", "3 coaching sessions", "Free"."""
    words, least = capital(one(price, product)), price.minimum
    return f"{words} from {units(least, product)}" if least > (product.included or 1) else words


def renewal(price: Price) -> str:
    """How a recurring price goes on: "Renews every month until you stop it"."""
    every = offering.every(price.every, price.period).replace(" a ", " every ")
    return f"Renews{every} until you stop it"


def units(number: int, product: Product) -> str:
    """ "5 coaching sessions" of a credit product, "5" of another."""
    if product.kind == Kind.CREDIT and product.credit_type:
        return quantity(number, product.credit_type)
    return f"{number:,}"


def counted(choice: Choice, product: Product) -> str:
    """What a total is made of: "5 coaching sessions × €85.00", "2 × 3 coaching sessions"."""
    price = choice.price
    if price.kind == PriceKind.FREE:
        return units(choice.units, product) if product.kind == Kind.CREDIT else f"{choice.quantity:,} × free"
    if price.kind == PriceKind.CREDIT:
        return f"{choice.quantity:,} × {quantity(price.amount, price.credit_type)}"  # type: ignore[arg-type]
    return f"{units(choice.units, product)} × {round_reading(price.amount, price.currency)}"


def cheaper(choice: Choice, product: Product) -> str:
    """What a few more would make of the price: "From 5 coaching sessions, each is €85."; "" where nothing is cheaper."""
    higher = [one.price for one in choice.tiers if one.price.enabled and one.price.minimum > choice.units]
    if not higher or not choice.offered or not choice.price.currency:
        return ""
    following = min(higher, key=lambda price: price.minimum)
    if following.amount >= choice.price.amount:
        return ""
    amount = round_reading(following.amount, following.currency)
    return f"From {units(following.minimum, product)}, each is {amount}."


def issued(issue: Issue) -> str:
    """Credits that come with a purchase: "5 coaching sessions, good for 6 months"."""
    return f"{quantity(issue.amount, issue.credit_type)}, {good_for(issue)}"


def good_for(issue: Issue) -> str:
    """How long they are good: "good for 6 months", "never expires"."""
    number, unit = issue.credit_type.expires_after, issue.credit_type.expires_unit
    if issue.expiry:
        words = issue.expiry.split()
        number, unit = (int(words[0]), words[1]) if len(words) == 2 else (None, "")
    said = expiration(number, unit)
    return said if number or issue.amount == 1 else "never expire"


def lot(credit_type: Any, view: LotView, *, today: date) -> str:
    """What became of credits that a purchase issued: "5 coaching sessions issued on 3 May: 4 left, good through 3 November"."""
    said = f"{quantity(view.amount, credit_type)} issued on {day(view.issued_on, today=today)}"
    if view.free:
        return f"{said}: {view.free:,} left, {good(view.last_good_day, today=today, never='never expiring')}"
    ends = [
        f"{number:,} {what}"
        for number, what in ((view.used, "used"), (view.expired, "expired"), (view.withdrawn, "taken back"))
        if number
    ]
    return f"{said}: {', '.join(ends)}"


def ago(at: datetime, *, now: datetime) -> str:
    """A few minutes back: "just now", "1 minute ago", "7 minutes ago"."""
    minutes = int((now - at) / timedelta(minutes=1))
    if minutes < 1:
        return "just now"
    return "1 minute ago" if minutes == 1 else f"{minutes} minutes ago"


def state(purchase: Purchase) -> dict[str, str]:
    """The words and the tone of its tag."""
    words = STATES[State(purchase.state)]
    if purchase.state == State.ACTIVE and purchase.every:
        words = "Ends soon" if purchase.stopped_at else "Active"
    elif purchase.state == State.ACTIVE and not purchase.currency:
        words = "Done"
    return {"words": words, "tone": TONES.get(State(purchase.state), "")}

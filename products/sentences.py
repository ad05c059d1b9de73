"""What happened to a purchase, as a timeline says it. Plain text from an event's body, without the full stop: no table is read here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simplero.lib.money import reading

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with the name and the tone of the icon beside it."""

    sentence: str
    icon: str
    tone: str = ""


Sentence = Callable[[Body, str], Said]


def said(kind: str, body: Body, name: str = "") -> Said:
    """The event of that `kind`; `name` is what was bought, such as "Pack of 5 × 2", left out where the page says it already.

    Raises KeyError for a kind that is not of a purchase.
    """
    return _SENTENCES[kind](body, name)


def _about(words: str, name: str) -> str:
    return f"{words}: {name}" if name else words


def _money(body: Body) -> str:
    return reading(int(body["amount"]), body["currency"])


def _plain(words: str, icon: str, tone: str = "") -> Sentence:
    return lambda body, name: Said(_about(words, name), icon, tone)


def _paid(body: Body, name: str) -> Said:
    return Said(_about(f"{_money(body)} paid", name), "banknote", "good")


def _unpaid(body: Body, name: str) -> Said:
    return Said(_about(f"Payment of {_money(body)} failed", name), "circle-alert", "bad")


def _disputed(body: Body, name: str) -> Said:
    words = {
        "open": f"The bank disputes the payment of {_money(body)}",
        "won": f"Dispute about {_money(body)} won",
        "lost": f"Dispute about {_money(body)} lost",
    }.get(body["dispute"], "Payment disputed")
    return Said(_about(words, name), "scale", "good" if body["dispute"] == "won" else "bad")


def _refunded(body: Body, name: str) -> Said:
    ways = {"outside": " given back outside", "chargeback": " taken back by the bank"}
    return Said(_about(f"{_money(body)}{ways.get(body['way'], ' sent back')}", name), "undo-2", "warn")


def _activated(body: Body, name: str) -> Said:
    return Said(_about("Purchase active" if body["first"] else "Purchase active again", name), "circle-check", "good")


_SENTENCES: dict[str, Sentence] = {
    "purchase.created": _plain("Ordered", "shopping-cart"),
    "purchase.activated": _activated,
    "purchase.delinquent": _plain("Renewal overdue", "triangle-alert", "warn"),
    "purchase.failed": _plain("Purchase failed", "circle-x", "bad"),
    "purchase.cancelled": _plain("Purchase cancelled", "ban", "bad"),
    "purchase.expired": _plain("Subscription ended", "hourglass"),
    "purchase.refunded": _plain("Purchase refunded", "undo-2", "warn"),
    "purchase.renewed": lambda body, name: Said(
        _about(f"Renewed, period {int(body['number']):,}", name), "repeat", "good"
    ),
    "purchase.renewal_stopped": _plain("Renewal stopped", "circle-pause", "warn"),
    "purchase.renewal_resumed": _plain("Renewal resumed", "circle-play", "good"),
    "purchase.card_changed": _plain("Card changed", "credit-card"),
    "payment.received": _paid,
    "payment.failed": _unpaid,
    "payment.disputed": _disputed,
    "payment.refunded": _refunded,
}

KINDS = frozenset(_SENTENCES)

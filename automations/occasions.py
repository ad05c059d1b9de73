"""What may happen: the events that triggers start with and that a run may wait for, each with what may be said of it.

An occasion stands on one or several kinds of event. `settings` narrow it down: ids of a product, price, tag, credit type or
automation, "n" for a number of credits, "days", "first" for the first time only; what is left out is any.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from automations.queries.naming import Names
from credits.wording import quantity
from simplero.outbox.models import Event

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Occasion:
    """`fields` are the settings that may narrow it down, `needs` those without which it says nothing.

    `matches` looks at an event of one of its `kinds`. `words` says when: "When “Pack of 5” is bought". `sample` is the body of an
    event to try it with.
    """

    code: str
    label: str
    group: str
    icon: str
    kinds: tuple[str, ...]
    fields: tuple[str, ...]
    matches: Callable[[Mapping[str, Any], Settings], bool]
    words: Callable[[Settings, Names], str]
    sample: Callable[[Settings], dict[str, Any]]
    needs: tuple[str, ...] = ()
    awaited: bool = True  # a run may wait for it


def matches(occasion: str, settings: Settings, event: Event) -> bool:
    """Whether `event` is this occasion."""
    there = OCCASIONS[occasion]
    return event.kind in there.kinds and there.matches({**event.body, "kind": event.kind}, settings)


def _is(body: Mapping[str, Any], settings: Settings, **named: str) -> bool:
    """Whether what the settings name (setting=key in the body) is what the event is about."""
    return all(settings.get(setting) in (None, body.get(key)) for setting, key in named.items())


def _bought(body: Mapping[str, Any], settings: Settings) -> bool:
    return _is(body, settings, product="product_id", price="price_id") and (body["first"] or not settings.get("first"))


def _ended(body: Mapping[str, Any], settings: Settings) -> bool:
    how = settings.get("how")
    return _is(body, settings, product="product_id") and how in (None, "", body["kind"].removeprefix("purchase."))


def _of_type(body: Mapping[str, Any], settings: Settings) -> bool:
    return _is(body, settings, credit_type="credit_type_id")


def _low(body: Mapping[str, Any], settings: Settings) -> bool:
    """The movement that brings the balance from above `n` to it or below."""
    left, before = body["balance"], body["balance"] - body["amount"]
    return _of_type(body, settings) and before > settings["n"] >= left


def _used_up(body: Mapping[str, Any], settings: Settings) -> bool:
    return _of_type(body, settings) and body["balance"] == 0 > body["amount"]


def _tagged(body: Mapping[str, Any], settings: Settings) -> bool:
    return _is(body, settings, tag="tag_id")


def _finished(body: Mapping[str, Any], settings: Settings) -> bool:
    return _is(body, settings, automation="flow_id")


def _called(body: Mapping[str, Any], settings: Settings) -> bool:
    return body["trigger_id"] == settings.get("trigger")


def _any(body: Mapping[str, Any], settings: Settings) -> bool:
    return True


def _purchase(settings: Settings) -> dict[str, Any]:
    return {"purchase": "", "product_id": settings.get("product"), "price_id": settings.get("price"), "first": True}


def _movement(amount: int, balance: int = 4) -> Callable[[Settings], dict[str, Any]]:
    def sample(settings: Settings) -> dict[str, Any]:
        left = settings.get("n", balance)
        return {"entry": "", "credit_type_id": settings.get("credit_type"), "amount": amount, "balance": left}

    return sample


def _product(settings: Settings, names: Names) -> str:
    return names.product(settings["product"]) if settings.get("product") else "any product"


def _units(settings: Settings, names: Names) -> str:
    return names.unit(settings["credit_type"]).plural if settings.get("credit_type") else "credits of any type"


def _first(settings: Settings) -> str:
    return " for the first time" if settings.get("first") else ""


HOW = {"cancelled": "is cancelled", "failed": "fails", "expired": "expires", "refunded": "is refunded"}
"""The ways in which a purchase ends."""

PURCHASES, CREDITS, CONTACTS, OTHERS = "Purchases", "Credits", "Contacts", "From elsewhere"

ALL = [
    Occasion(
        "purchase.activated", "Product bought", PURCHASES, "shopping-bag", ("purchase.activated",), ("product", "first"), _bought,
        lambda s, n: f"{_product(s, n)} is bought{_first(s)}",
        _purchase,
    ),
    Occasion(
        "purchase.at_price", "Product bought at a price", PURCHASES, "tag", ("purchase.activated",), ("product", "price", "first"), _bought,
        lambda s, n: f"{_product(s, n)} is bought at a certain price{_first(s)}",
        _purchase,
        needs=("product", "price"),
    ),
    Occasion(
        "purchase.ended", "Purchase ended", PURCHASES, "circle-x", tuple(f"purchase.{how}" for how in HOW), ("product", "how"), _ended,
        lambda s, n: f"a purchase of {_product(s, n)} {HOW.get(s.get('how', ''), 'ends')}",
        lambda s: {**_purchase(s), "kind": f"purchase.{s.get('how') or 'cancelled'}"},
    ),
    Occasion(
        "credits.issued", "Credits issued", CREDITS, "plus", ("credits.issued",), ("credit_type",), _of_type,
        lambda s, n: f"{_units(s, n)} are issued",
        _movement(5, 9),
    ),
    Occasion(
        "credits.consumed", "Credits consumed", CREDITS, "check", ("credits.consumed",), ("credit_type",), _of_type,
        lambda s, n: f"{_units(s, n)} are consumed",
        _movement(-1),
    ),
    Occasion(
        "credits.reversed", "Credits given back", CREDITS, "undo-2", ("credits.reversed",), ("credit_type",), _of_type,
        lambda s, n: f"{_units(s, n)} are given back",
        _movement(1),
    ),
    Occasion(
        "credits.low", "Credits running low", CREDITS, "battery-low",
        ("credits.consumed", "credits.expired", "credits.withdrawn"), ("credit_type", "n"), _low,
        lambda s, n: f"{quantity(s['n'], n.unit(s.get('credit_type')))} or fewer are left",
        _movement(-1),
        needs=("credit_type", "n"),
    ),
    Occasion(
        "credits.used_up", "Credits used up", CREDITS, "battery", ("credits.consumed",), ("credit_type",), _used_up,
        lambda s, n: f"{_units(s, n)} are used up",
        lambda s: {**_movement(-1)(s), "balance": 0},
    ),
    Occasion(
        "credits.expiring", "Credits about to expire", CREDITS, "hourglass", ("credits.expiring",), ("credit_type", "days"), _of_type,
        lambda s, n: f"{_units(s, n)} expire in {s['days']} {'day' if s['days'] == 1 else 'days'}",
        _movement(3, 3),
        needs=("days",),
        awaited=False,  # there is a wait of its own for it
    ),
    Occasion(
        "credits.expired", "Credits expired", CREDITS, "hourglass", ("credits.expired",), ("credit_type",), _of_type,
        lambda s, n: f"{_units(s, n)} expire unused",
        _movement(-1),
    ),
    Occasion(
        "tag.added", "Tag added", CONTACTS, "tag", ("contact.tagged",), ("tag",), _tagged,
        lambda s, n: f"{'the tag ' + n.tag(s['tag']) if s.get('tag') else 'any tag'} is added",
        lambda s: {"tag_id": s.get("tag")},
    ),
    Occasion(
        "tag.removed", "Tag removed", CONTACTS, "tag", ("contact.untagged",), ("tag",), _tagged,
        lambda s, n: f"{'the tag ' + n.tag(s['tag']) if s.get('tag') else 'any tag'} is removed",
        lambda s: {"tag_id": s.get("tag")},
    ),
    Occasion(
        "contact.created", "Contact added", CONTACTS, "user-plus", ("contact.created",), (), _any,
        lambda s, n: "a contact is added",
        lambda s: {},
    ),
    Occasion(
        "automation.finished", "Automation finished", CONTACTS, "flag", ("automation.finished",), ("automation",), _finished,
        lambda s, n: f"{n.flow(s['automation']) if s.get('automation') else 'any automation'} is finished",
        lambda s: {"flow_id": s.get("automation"), "run": ""},
    ),
    Occasion(
        "hook.received", "Call received", OTHERS, "webhook", ("hook.received",), (), _called,
        lambda s, n: "another system calls its address",
        lambda s: {"trigger_id": s.get("trigger"), "call": ""},
        awaited=False,
    ),
]  # fmt: skip

OCCASIONS: dict[str, Occasion] = {occasion.code: occasion for occasion in ALL}

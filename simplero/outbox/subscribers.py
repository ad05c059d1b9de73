"""Who hears of events: each room registers a subscriber when Django is ready, and says in each account which kinds it listens to.

An event is delivered once: the subscribers' work and the end of the delivery commit together. A subscriber only writes rows of its
own that say what is to be done, and does it later.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from .models import Delivery, Event, Listener

logger = logging.getLogger(__name__)

DELIVER = "outbox.deliver"
"""The kind of job that delivers; the database writes it with each event that somebody listens to."""

CHUNK = 1000
"""Events that one transaction delivers."""

Subscriber = Callable[[Account, Sequence[Event]], None]
"""Hears of events of kinds that it listens to, in the order in which they were written down, inside the account's open scope."""

SUBSCRIBERS: dict[str, Subscriber] = {}


def register(who: str, subscriber: Subscriber) -> None:
    """Let `subscriber` hear what the room `who` listens to. Raises ValueError when another one does already."""
    if SUBSCRIBERS.setdefault(who, subscriber) is not subscriber:
        raise ValueError(f"{who} has a subscriber already")


def deliver(*, account_id: int, attempts: int = 1, **_: Any) -> bool:
    """Let everybody hear a chunk of what they have not heard yet; False while there may be more.

    What another worker has taken is that one's: should it die, its own job is still there. After a chunk that failed, events are heard
    one by one, and the one that somebody cannot hear is put aside: it holds up none of the others.
    """
    require(account_id)
    account = Account.objects.get(pk=account_id)
    waiting = Delivery.objects.filter(failed_at=None).order_by("event_id")
    taken = list(waiting.select_for_update(skip_locked=True, of=("self",))[:CHUNK])
    events = Event.objects.in_bulk([delivery.event_id for delivery in taken])
    listeners = _listeners()
    if attempts == 1:
        _tell(account, [events[delivery.event_id] for delivery in taken], listeners)
        _heard(taken)
        return len(taken) < CHUNK
    for delivery in taken:
        try:
            with transaction.atomic():
                _tell(account, [events[delivery.event_id]], listeners)
                _heard([delivery])
        except Exception:
            logger.exception("event %d of account %d cannot be heard and is put aside", delivery.event_id, account_id)
            Delivery.objects.filter(pk=delivery.pk).update(failed_at=now())
    return len(taken) < CHUNK


def _listeners() -> dict[str, set[str]]:
    """By room, the kinds that it listens to."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for who, kind in Listener.objects.values_list("who", "kind"):
        kinds[who].add(kind)
    return kinds


def _tell(account: Account, events: Sequence[Event], listeners: Mapping[str, set[str]]) -> None:
    for who, subscriber in SUBSCRIBERS.items():
        if heard := [event for event in events if event.kind in listeners.get(who, ())]:
            subscriber(account, heard)


def _heard(deliveries: Sequence[Delivery]) -> None:
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).delete()

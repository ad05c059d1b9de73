"""Who hears of events: each room registers a subscriber when Django is ready, and says in each account which kinds it listens to.

An event is delivered once: the subscribers' work and the end of the delivery commit together. A subscriber only writes rows of its
own that say what is to be done, and does it later.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import outbox
from .models import Delivery, Event, Listener

logger = logging.getLogger(__name__)

DELIVER = "outbox.deliver"
"""The kind of job that delivers; the database writes it with each event that somebody listens to."""

CHUNK = 1000
"""Events that one transaction delivers."""

MOST_TRIES, FIRST_WAIT = 5, timedelta(seconds=5)
"""Of one event that somebody cannot hear, and before the second of them; each time twice as long."""

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
    one by one. The one that somebody cannot hear is tried again later, MOST_TRIES times in all, and then put aside: it holds up none
    of the others, and `manage.py outbox_verify` names it.
    """
    account = Account.objects.get(pk=require(account_id))
    waiting = Delivery.objects.filter(Q(tries=0) | Q(tries__lt=MOST_TRIES, again_at__lte=now())).order_by("event_id")
    taken = list(waiting.select_for_update(skip_locked=True, of=("self",))[:CHUNK])
    events = Event.objects.in_bulk([delivery.event_id for delivery in taken])
    listeners = _listeners()
    if attempts == 1 and not any(delivery.tries for delivery in taken):
        _tell(account, [events[delivery.event_id] for delivery in taken], listeners)
        _heard(taken)
        return len(taken) < CHUNK
    for delivery in taken:
        try:
            with transaction.atomic():
                _tell(account, [events[delivery.event_id]], listeners)
                _heard([delivery])
        except (OperationalError, InterfaceError):  # the database's trouble, not the event's
            raise
        except Exception:
            logger.exception("event %d of account %d could not be heard", delivery.event_id, account_id)
            _later(account, delivery)
    return len(taken) < CHUNK


def _later(account: Account, delivery: Delivery) -> None:
    delivery.tries += 1
    delivery.again_at = now() + FIRST_WAIT * 2**delivery.tries
    delivery.save(update_fields=["tries", "again_at"])
    if delivery.tries < MOST_TRIES:
        outbox.schedule(account=account, kind=DELIVER, subject=0, due=delivery.again_at)


def put_aside(account: Account) -> int:
    """How many events nobody is to hear any more, since somebody could not."""
    require(account)
    return Delivery.objects.filter(tries__gte=MOST_TRIES).count()


def try_again(account: Account) -> None:
    """Let what was put aside be heard once more."""
    require(account)
    if Delivery.objects.filter(tries__gte=MOST_TRIES).update(tries=0, again_at=None):
        outbox.schedule(account=account, kind=DELIVER, subject=0, due=now())


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

"""Who hears of events: each room registers a subscriber when Django is ready, and says in each account which kinds it listens to.

An event is delivered once: the subscribers' work and the end of the delivery commit together. A subscriber only writes rows of its
own that say what is to be done, and does it later: what it raises holds up the account's other events.
"""

from collections.abc import Callable, Sequence
from typing import Any

from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

from .models import Delivery, Event, Listener

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


def deliver(*, account_id: int, **_: Any) -> bool:
    """Let everybody hear a chunk of what they have not heard yet; False while there may be more.

    What another worker has taken is that one's: should it die, its own job is still there.
    """
    require(account_id)
    waiting = Delivery.objects.order_by("event_id").select_for_update(skip_locked=True, of=("self",))
    taken = list(waiting.values_list("pk", "event_id")[:CHUNK])
    if taken:
        events = list(Event.objects.filter(pk__in=[event for _, event in taken]).order_by("pk"))
        account = Account.objects.get(pk=account_id)
        for who, subscriber in SUBSCRIBERS.items():
            kinds = set(Listener.objects.filter(who=who).values_list("kind", flat=True))
            if heard := [event for event in events if event.kind in kinds]:
                subscriber(account, heard)
        Delivery.objects.filter(pk__in=[delivery for delivery, _ in taken]).delete()
    return len(taken) < CHUNK

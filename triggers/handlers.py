"""What triggers does when events are delivered, and when a job is due."""

from collections.abc import Sequence
from typing import Any

from simplero.outbox.models import Event
from simplero.tenancy.models import Account

from .services import firing, listening


def hear(account: Account, events: Sequence[Event]) -> None:
    """Let triggers fire that wait for one of these events."""
    firing.hear(account, events)


def expiring(*, account_id: int, **_: Any) -> bool:
    """Let triggers fire whose credits are about to expire; False while more may be left. Safe at any time, twice."""
    return listening.sweep(account=Account.objects.get(pk=account_id))

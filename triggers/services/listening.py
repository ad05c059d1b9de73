"""Which events triggers hear of, and the clockwork of those that no event sets off."""

from datetime import datetime, timedelta

from automations.occasions import OCCASIONS
from simplero.outbox import outbox
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now
from triggers.models import Trigger

from . import firing

WHO = "triggers"
EXPIRING = "triggers.expiring"
"""The kind of job that looks for credits about to expire."""

EVERY = timedelta(minutes=15)


def listen(account: Account) -> None:
    """From now on hear exactly what triggers that are on wait for. The account's row is locked by who asks: of two changes at once
    each would go by what the other is about to change."""
    on = set(Trigger.objects.filter(flow__enabled=True).values_list("occasion", flat=True))
    kinds = {kind for code in on if code != firing.EXPIRING for kind in OCCASIONS[code].kinds}
    outbox.listen(account=account, who=WHO, kinds=kinds)
    if firing.EXPIRING in on:
        outbox.schedule(account=account, kind=EXPIRING, subject=0, due=now())


def sweep(*, account: Account) -> bool:
    """Look for credits about to expire, a chunk of them, and again a quarter of an hour later while a trigger waits for that.

    False while there is more to do at once.
    """
    done = firing.sweep(account=account)
    if done and Trigger.objects.filter(flow__enabled=True, occasion=firing.EXPIRING).exists():
        outbox.schedule(account=account, kind=EXPIRING, subject=0, due=next_turn(now()))
    return done


def next_turn(at: datetime) -> datetime:
    """The next full quarter of an hour: however often the clockwork is started, its turns are the same and there is one of each."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0) + EVERY

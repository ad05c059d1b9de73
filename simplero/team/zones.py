"""Settings → Account → Time zone: the last good days of lots stay, and end when those days do in the new zone.

What would happen is shown first, and the form that confirms it carries a seal of what was shown to be over at once. A job does the
work; it changes nothing where the lots that are over are not the ones that somebody agreed to lose.
"""

from typing import Any

from django.db import IntegrityError, transaction

from credits import services as credits
from credits import tallies
from credits.queries.rezoning import Over, Rezoned, over_now, rezoned
from simplero.lib.places import time_zones
from simplero.lib.refusals import Stale, Unacceptable
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.outbox.handlers import addressed
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import errors
from .events import AccountRezoned
from .models import Rezoning

JOB = "team.rezone"


def known(time_zone: str) -> str:
    """`time_zone`, where it is one to choose. Raises Unacceptable."""
    if not any(time_zone == name for zones in time_zones().values() for name, _ in zones):
        raise Unacceptable("Choose a time zone from the list.", field="time_zone")
    return time_zone


def preview(account: Account, time_zone: str) -> tuple[Rezoned, str]:
    """What the change would do, and the seal of it. Raises Unacceptable and SameZone."""
    if known(time_zone) == account.time_zone:
        raise errors.SameZone("This is your time zone already.")
    found = rezoned(account, time_zone)
    return found, _seal(account.time_zone, time_zone, found.over)


def _seal(before: str, after: str, over: list[Over]) -> str:
    """Of what somebody loses. How many lots move otherwise is not in it: in a busy account that would be another number each time."""
    return seal(before, after, *(f"{lot.public_id} {lot.amount}" for lot in over))


@transaction.atomic
def ask(*, account: Account, time_zone: str, seen: str, actor: Actor) -> Rezoning:
    """Have the change made, as it was shown. Raises Unacceptable, SameZone, RezoningUnderWay, and Stale when it would do something else by
    now than what `seen` was the seal of."""
    require(account)
    if under_way(account) is not None:
        raise errors.RezoningUnderWay("A change of the time zone is under way. Wait until it is done.")
    if preview(account, time_zone)[1] != seen:
        raise Stale("What would be over at once has changed meanwhile. Look at it again, then confirm.")
    try:
        with transaction.atomic():
            asked = Rezoning.objects.create(
                account=account,
                before=account.time_zone,
                after=time_zone,
                seen=seen,
                asked_by=actor.id,
                asked_at=now(),
            )
    except IntegrityError as conflict:  # by somebody else, at the same moment
        raise errors.RezoningUnderWay("A change of the time zone is under way. Wait until it is done.") from conflict
    outbox.schedule(account=account, kind=JOB, subject=asked.pk, due=now())
    return asked


def under_way(account: Account) -> Rezoning | None:
    return Rezoning.objects.filter(account_id=require(account), done_at=None).first()


def newest(account: Account) -> Rezoning | None:
    """The change that was asked for last."""
    return Rezoning.objects.filter(account_id=require(account)).order_by("-pk").first()


class _Otherwise(Exception):
    """It did not do what was confirmed."""


def carry_out(*, account_id: int, subject: int, **_: Any) -> bool:
    """The job: make the change, then add up the account's tallies anew, in turns of their own so that no posting waits for that."""
    asked = addressed(Rezoning, subject)
    account = Account.objects.get(pk=account_id)
    if asked.done_at is not None:
        return tallies.advance(account=account)
    try:
        with transaction.atomic():
            asked.moved, asked.over = _rezone(account, asked)
    except _Otherwise:
        asked.stopped = True
    else:
        outbox.record(
            account=account, fact=AccountRezoned(asked.before, asked.after), actor=Actor("user", asked.asked_by)
        )
    asked.done_at = now()
    asked.save(update_fields=["moved", "over", "stopped", "done_at"])
    return asked.stopped


def _rezone(account: Account, asked: Rezoning) -> tuple[int, int]:
    """How many lots end at another instant, and how many were over at once. Raises _Otherwise, and then nothing has changed."""
    if account.time_zone != asked.before:
        raise _Otherwise
    moved = credits.rezone(account=account, time_zone=asked.after)
    over = over_now(account)
    if _seal(asked.before, asked.after, over) != asked.seen:
        raise _Otherwise
    return moved, len(over)

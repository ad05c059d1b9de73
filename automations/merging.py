"""Automations when two contacts are merged: what is under way goes on as the other's; who is inside the same one already is not twice."""

from django.db.models import QuerySet

from automations import runs
from automations.models import INSIDE, Run
from contacts.joining import Joint, Moved
from contacts.models import Contact
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

REASON = "merged"


def preview(account: Account, source: Contact, target: Contact) -> list[str]:
    inside = _inside(account, [source.pk]).count()
    if not inside:
        return []
    twice = _twice(account, source.pk, target.pk).count()
    ends = "ends" if twice == 1 else "end"
    said = f"{inside:,} {'automation' if inside == 1 else 'automations'} they are inside"
    return [f"{said}, of which {twice:,} {ends}, since {target.name} is inside too" if twice else said]


def hold(account: Account, contacts: list[int]) -> None:
    theirs = _inside(account, contacts).order_by("pk")
    list(theirs.select_for_update(of=("self",), no_key=True).values_list("pk"))


def join(joint: Joint) -> Moved:
    """What is over stays where it is: it is read with the other's."""
    account, source, target = joint.account, joint.source, joint.target
    twice = list(_twice(account, source.pk, target.pk).values_list("pk", flat=True))
    runs.stop(account=account, runs=twice, actor=joint.actor, reason=REASON)
    inside = _inside(account, [source.pk])
    moved = sorted(inside.values_list("pk", flat=True))
    _hand_over(moved, source.pk, target.pk)
    return {"runs": moved, "stopped": twice}


def part(joint: Joint, moved: Moved) -> None:
    """What was stopped stays stopped."""
    _hand_over(moved["runs"], joint.target.pk, joint.source.pk)


def _inside(account: Account, contacts: list[int]) -> QuerySet[Run]:
    return Run.objects.filter(account_id=require(account), contact__in=contacts, state__in=INSIDE)


def _twice(account: Account, source: int, target: int) -> QuerySet[Run]:
    """Runs of the source in flows that take a contact one at a time, and have the target inside."""
    there = _inside(account, [target]).filter(one_for__isnull=False).values("flow")
    return _inside(account, [source]).filter(one_for__isnull=False, flow__in=there)


def _hand_over(ids: list[int], source: int, target: int) -> None:
    mine = Run.objects.filter(contact=source, pk__in=ids)
    mine.filter(one_for__isnull=False).update(contact=target, one_for=target)
    mine.update(contact=target)

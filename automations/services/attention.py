"""What people do about runs that need attention: retry, skip, stop, or issue what is missing and retry."""

import uuid

from django.db import transaction

from automations import programs
from automations import runs as engine
from automations.models import Run, State
from contacts.models import Contact
from credits import queries as credits
from credits import services as issuing
from simplero.lib.keys import derive_key
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now

from .steering import Runs, Settled, held, one_each, steer

SHORT = "short"


@transaction.atomic
def retry(*, account: Account, runs: Runs, actor: Actor) -> Settled:
    """Let a worker try again the step at which they need attention."""
    return steer(account, runs, (State.ATTENTION,), engine.retry, actor)


@transaction.atomic
def skip(*, account: Account, runs: Runs, actor: Actor) -> Settled:
    """Let them go on behind the step at which they need attention."""
    return steer(account, runs, (State.ATTENTION,), engine.skip, actor)


@transaction.atomic
def stop(*, account: Account, runs: Runs, actor: Actor) -> Settled:
    """Take those that need attention out for good."""
    return steer(account, runs, (State.ATTENTION,), engine.stop, actor)


@transaction.atomic
def issue_and_retry(*, account: Account, runs: Runs, note: str = "", actor: Actor) -> Settled:
    """Issue to contacts who are short exactly what they lack by now, and let a worker try the step again. All or none: for many,
    call it once for each, in a transaction of its own.

    What others of a contact's runs that were let try again are still going to use of the same type counts as used. Asked again for
    the same attempt, nothing more is issued. Raises TypeArchived.
    """
    found = [run for run in held(account, runs, (State.ATTENTION,)) if run.reason == SHORT and lacks(run)]
    for run in found:
        _issue(account, run, note, actor)
        engine.retry(account=account, runs=[run.pk], actor=actor)
    return Settled(found, len(one_each(runs)) - len(found))


def lacks(run: Run) -> tuple[int, int] | None:
    """The credit type and the amount that a run's step uses; None where it uses none."""
    node = programs.parse(run.version.steps).nodes.get(run.step)
    if node is None or node.kind != "consume":
        return None
    return node.settings["credit_type"], node.settings["amount"]


def _issue(account: Account, run: Run, note: str, actor: Actor) -> None:
    # Two of one contact's runs settled at once come one after the other, or both would take the same credits for theirs.
    contact = Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=run.contact_id)
    of, amount = lacks(run) or (0, 0)
    [credit_type] = (credits.types(account) | credits.types(account, archived=True)).filter(pk=of)
    issuing.issue_missing(
        account=account,
        contact=contact,
        credit_type=credit_type,
        wanted=amount + _promised(run, of),
        key=issue_key(run),
        note=note,
        actor=actor,
    )


def issue_key(run: Run) -> uuid.UUID:
    """The key under which what a run lacks at this attempt is issued."""
    return derive_key("attention", run.key, run.visit, run.attempt)


def _promised(run: Run, credit_type: int) -> int:
    """What the contact's other runs that somebody let try again are about to use of that type."""
    others = Run.objects.filter(contact_id=run.contact_id, state=State.ACTIVE, due__lte=now(), attempt__gt=1)
    found = [lacks(other) for other in others.exclude(pk=run.pk).select_related("version")]
    return sum(amount for of, amount in filter(None, found) if of == credit_type)

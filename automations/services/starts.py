"""Letting contacts enter an automation: one by hand, or many at once by a worker."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from automations import conditions, events, runs
from automations.models import Flow, Of, Run, Start
from contacts.models import Contact
from contacts.queries import contacts
from simplero.lib.keys import derive_key
from simplero.lib.refusals import Refusal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

CHUNK = 1000
"""Contacts that one transaction lets enter."""

STAFF, BULK = "staff", "bulk"


class NotStartable(Refusal):
    """Nobody can enter the automation as it is."""


@transaction.atomic
def begin(*, account: Account, flow: Flow, contact: Contact, key: uuid.UUID, actor: Actor) -> Run:
    """Let `contact` enter now; `key` is its form's. Raises NotStartable where the flow is off, empty, or does not take them (again)."""
    _check(flow)
    begun = runs.begin_one(account=account, flow=flow, contact_id=contact.pk, key=key, source=STAFF, actor=actor)
    if begun is None:
        been = f"{contact.name} has been in “{flow.name}” before, and it takes each contact only once."
        inside = f"{contact.name} is in “{flow.name}” already, and it takes each contact one at a time."
        raise NotStartable(been if flow.once else inside)
    return begun


@transaction.atomic
def begin_many(
    *, account: Account, flow: Flow, selection: Sequence[Mapping[str, Any]], key: uuid.UUID, actor: Actor
) -> Start:
    """Let all contacts enter whom the conditions of `selection` hold of, without any: all; done by a worker in chunks. `key` is its
    form's: sent again, it is the same start. Each is judged when their turn comes; who is added later is not among them.

    Raises NotStartable.
    """
    account_id = require(account)
    if done := Start.objects.filter(public_id=key).first():
        return done
    _check(flow)
    start, new = Start.objects.get_or_create(  # of one form sent twice at once, the second waits here for the first
        public_id=key,
        defaults={
            "account_id": account_id,
            "flow": flow,
            "selection": list(selection),
            "until": Contact.objects.aggregate(newest=Max("pk"))["newest"] or 0,
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "created_at": now(),
        },
    )
    if new:
        outbox.record(account=account, fact=events.StartOfMany(flow.pk, str(key)), actor=actor)
        outbox.schedule(account=account, kind=runs.START, subject=start.pk, due=now())
    return start


def stop(*, account: Account, start: Start, actor: Actor) -> None:
    """Let nobody more enter by this start. Who has entered stays."""
    require(account)
    Start.objects.filter(pk=start.pk, ended_at=None).update(ended_at=now())


def go_on(*, account: Account, start_id: int, limit: int = CHUNK) -> bool:
    """Let the next `limit` contacts enter; False while there are more. It ends where the automation was switched off meanwhile."""
    start = Start.objects.select_for_update(no_key=True, of=("self",)).select_related("flow").get(pk=start_id)
    if start.ended_at is not None:
        return True
    later = contacts(account).filter(pk__gt=start.after, pk__lte=start.until).order_by("pk")
    flow = runs.hold(start.flow_id)
    ids = list(later.values_list("pk", flat=True)[:limit]) if flow else []
    chosen = sorted(conditions.met(account, start.selection, ids))
    begun = runs.begin(
        account=account,
        flow=start.flow,
        beginnings=[
            runs.Beginning(one, derive_key("start", start.public_id, one), source_id=str(start.public_id))
            for one in chosen
        ],
        source=BULK,
        actor=Actor(start.actor_kind, start.actor_id),
    )
    start.after = ids[-1] if ids else start.after
    start.looked_at += len(ids)
    start.started += len(begun)
    start.passed_over += len(chosen) - len(begun)
    start.ended_at = None if len(ids) == limit else now()
    start.save(update_fields=["after", "looked_at", "started", "passed_over", "ended_at"])
    return start.ended_at is not None


def _check(flow: Flow) -> None:
    if flow.of != Of.AUTOMATION or flow.deleted_at is not None:
        raise NotStartable("This automation is gone.")
    if not flow.enabled:
        raise NotStartable(f"“{flow.name}” is switched off. Switch it on first.")
    if runs.live_version(flow) is None:
        raise NotStartable(f"“{flow.name}” has not been published yet. Publish its steps first.")

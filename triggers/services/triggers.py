"""What staff do with triggers: add, change, switch, duplicate and delete them.

Every change locks the account's row, then the flow: changes come one after the other, and an event that is being looked at is
looked at to its end first.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.text import Truncator

from automations.models import Flow, Of, Version
from automations.queries.naming import names
from credits.wording import capital
from simplero.lib.refusals import Stale
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require
from triggers import queries
from triggers.errors import NothingToDo, TriggerGone
from triggers.events import TriggerAdded, TriggerChanged, TriggerDeleted, TriggerSwitched
from triggers.models import Trigger

from . import hooks
from .listening import listen

NAME = 80  # characters

COLUMNS = ("product", "price", "tag", "credit_type", "automation")
"""Settings of an occasion that name a row, each in a column of its own."""


@dataclass(frozen=True, slots=True)
class Details:
    """What staff write of a trigger beside its actions. `settings` are the occasion's; no `name` lets it be called by them."""

    settings: Mapping[str, Any]
    conditions: Sequence[Mapping[str, Any]] = ()
    once: bool = False
    name: str = ""


def seal_of(*said: Any) -> str:
    """A short name for exactly this piece of a trigger: a form carries it, to tell later whether it is still the same."""
    return seal(json.dumps(said, sort_keys=True))


@transaction.atomic
def add(*, account: Account, occasion: str, details: Details, key: uuid.UUID, actor: Actor) -> Trigger:
    """A new trigger, switched off and doing nothing yet. `key` is its form's: sent twice, it is one trigger; the same key with
    something else in the form is another."""
    _lock(account)
    return _made(key, occasion, details) or _create(account, occasion, details, _free(key), (), actor)


def _made(key: uuid.UUID, occasion: str, details: Details) -> Trigger | None:
    """What a form with this key and this in it has made already."""
    known = (
        Trigger.objects.select_related("flow").filter(public_id=key, occasion=occasion, flow__deleted_at=None).first()
    )
    wanted = Trigger(pk=known.pk if known else None, occasion=occasion)
    _write(wanted, details.settings)
    return known if known and known.asked == wanted.asked else None


def _free(key: uuid.UUID) -> uuid.UUID:
    """The public id that a form asks for, or another where a trigger or an automation has it."""
    return uuid.uuid4() if Flow.objects.filter(public_id=key).exists() else key


def _create(
    account: Account,
    occasion: str,
    details: Details,
    public_id: uuid.UUID,
    steps: Sequence[Mapping[str, Any]],
    actor: Actor,
    *,
    copied_from: Trigger | None = None,
) -> Trigger:
    """A trigger with its flow; several firings of it for one contact may be under way at a time. Both have one public id, so that who
    only knows the flow can lead to the trigger's page."""
    trigger = Trigger(account_id=account.pk, public_id=public_id, occasion=occasion, conditions=[*details.conditions])
    _write(trigger, details.settings)
    name = details.name or called(account, trigger)
    trigger.flow = Flow(
        account_id=account.pk, public_id=public_id, of=Of.TRIGGER, name=name, once=details.once, several=True
    )
    trigger.flow.save(force_insert=True)
    trigger.flow_id = trigger.flow.pk
    trigger.save(force_insert=True)
    if steps:
        publish(account, trigger.flow, steps)
    fact = TriggerAdded(trigger.pk, occasion, copied_from.pk if copied_from else None)
    outbox.record(account=account, fact=fact, actor=actor)
    return trigger


def _write(trigger: Trigger, settings: Mapping[str, Any]) -> None:
    for column in COLUMNS:
        setattr(trigger, f"{column}_id", settings.get(column))
    trigger.settings = {name: value for name, value in settings.items() if name not in COLUMNS}


def called(account: Account, trigger: Trigger) -> str:
    """The name of a trigger that nobody has given one: names in it stand without their marks, since it is put between some itself."""
    words = queries.when(trigger, names(account, trigger.asked)).replace("“", "").replace("”", "")
    return Truncator(capital(words)).chars(NAME)


@transaction.atomic
def change_when(*, account: Account, trigger: Trigger, settings: Mapping[str, Any], seen: str, actor: Actor) -> None:
    """Let it be set off by something else of the same occasion, from the next event on. `seen` is the seal of its settings as they
    were shown. Raises Stale and TriggerGone."""
    kept = held(account, trigger)
    before, was_called = kept.asked, called(account, kept)
    _write(kept, settings)
    if kept.asked == before:
        return
    if seen != seal_of(before):
        raise _stale()
    kept.save(update_fields=["settings", *COLUMNS])
    if kept.flow.name == was_called:
        kept.flow.name = called(account, kept)
        kept.flow.save(update_fields=["name"])
    changed(account, kept, actor, "when")


@transaction.atomic
def change_only_if(
    *,
    account: Account,
    trigger: Trigger,
    conditions: Sequence[Mapping[str, Any]],
    once: bool,
    seen: str,
    actor: Actor,
) -> None:
    """Let it fire only for some, from the next event on. Raises Stale and TriggerGone."""
    kept = held(account, trigger)
    fields = []
    if kept.conditions != list(conditions):
        fields.append("only_if")
    if kept.flow.once != once:
        fields.append("once")
    if not fields:
        return
    if seen != seal_of(kept.conditions, kept.flow.once):
        raise _stale()
    kept.conditions, kept.flow.once = list(conditions), once
    kept.save(update_fields=["conditions"])
    kept.flow.save(update_fields=["once"])
    changed(account, kept, actor, *fields)


@transaction.atomic
def rename(*, account: Account, trigger: Trigger, name: str, seen: str, actor: Actor) -> None:
    """Call it `name`; by what sets it off where that is empty. Raises Stale and TriggerGone."""
    kept = held(account, trigger)
    name = name or called(account, kept)
    if kept.flow.name == name:
        return
    if seen != seal_of(kept.flow.name):
        raise _stale()
    kept.flow.name = name
    kept.flow.save(update_fields=["name"])
    changed(account, kept, actor, "name")


@transaction.atomic
def switch(*, account: Account, trigger: Trigger, on: bool, actor: Actor) -> None:
    """On: what happens from now on sets it off. Off: nothing does, not even what has happened and was not looked at yet; what has
    begun goes on. Raises NothingToDo and TriggerGone."""
    kept = held(account, trigger)
    if kept.flow.enabled == on:
        return
    if on and not queries.steps(account, [kept.flow_id]).get(kept.flow_id):
        raise NothingToDo("It does nothing yet. Add what is to be done, then switch it on.")
    kept.flow.enabled = on
    kept.flow.save(update_fields=["enabled"])
    if on:
        kept.on_since = now()
        kept.save(update_fields=["on_since"])
        if kept.occasion == hooks.OCCASION:
            hooks.open_address(account=account, trigger=kept, actor=actor)
    listen(account)
    outbox.record(account=account, fact=TriggerSwitched(kept.pk, on), actor=actor)


@transaction.atomic
def duplicate(*, account: Account, trigger: Trigger, key: uuid.UUID, actor: Actor) -> Trigger:
    """Another one like it, switched off; of a deleted one too. `key` is its form's: sent twice, it is one."""
    _lock(account)
    settings = {name: value for name, value in trigger.asked.items() if name != "trigger"}
    details = Details(
        settings=settings,
        conditions=trigger.conditions,
        once=trigger.flow.once,
        name=Truncator(f"Copy of {trigger.flow.name}").chars(NAME),
    )
    if known := _made(key, trigger.occasion, details):
        return known
    steps = queries.steps(account, [trigger.flow_id]).get(trigger.flow_id, [])
    return _create(account, trigger.occasion, details, _free(key), steps, actor, copied_from=trigger)


@transaction.atomic
def delete(*, account: Account, trigger: Trigger, actor: Actor) -> None:
    """Switch it off for good. Its log stays, and what needs attention until somebody has settled it. Deleted twice is deleted once."""
    try:
        kept = held(account, trigger)
    except TriggerGone:
        return
    kept.flow.enabled, kept.flow.deleted_at = False, now()
    kept.flow.save(update_fields=["enabled", "deleted_at"])
    if kept.occasion == hooks.OCCASION:
        hooks.close_address(account=account, trigger=kept, actor=actor)
    listen(account)
    outbox.record(account=account, fact=TriggerDeleted(kept.pk), actor=actor)


# What the services of actions do too.


def _lock(account: Account) -> None:
    Account.objects.select_for_update(no_key=True).get(pk=require(account))


def held(account: Account, trigger: Trigger) -> Trigger:
    """The trigger as it stands now; nobody else changes it until the transaction ends. Raises TriggerGone."""
    _lock(account)
    flow = Flow.objects.select_for_update(no_key=True, of=("self",)).get(pk=trigger.flow_id)
    if flow.deleted_at is not None:
        raise TriggerGone
    kept = Trigger.objects.get(pk=trigger.pk)
    kept.flow = flow
    return kept


def changed(account: Account, trigger: Trigger, actor: Actor, *fields: str) -> None:
    outbox.record(account=account, fact=TriggerChanged(trigger.pk, fields), actor=actor)


def publish(account: Account, flow: Flow, steps: Sequence[Mapping[str, Any]]) -> None:
    """Let firings from now on do this. Those under way go on in the version they began with."""
    last = Version.objects.filter(flow=flow).order_by("-number").values_list("number", flat=True).first()
    Version.objects.create(
        account_id=require(account), flow=flow, number=(last or 0) + 1, steps=list(steps), published_at=now()
    )


def _stale() -> Stale:
    return Stale(
        "Somebody else changed this while you were at it. What you chose is still here; save again to keep it instead."
    )

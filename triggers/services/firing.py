"""What sets a trigger off, and once only: events as they are delivered, and credits about to expire, which nobody's doing tells of.

A firing begins as a run of the trigger's flow, under a key made of the flow and what set it off; it is taken on by a worker later.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import CharField, Count, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from automations import conditions, runs
from automations.models import Flow, Run
from automations.occasions import OCCASIONS, matches
from automations.runs import Beginning
from contacts.queries import contacts, stand_for
from credits.events import CreditsExpiring
from credits.queries.ending import about_to_end
from simplero.lib.keys import derive_key
from simplero.outbox import outbox
from simplero.outbox.models import Event
from simplero.outbox.outbox import Cause
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require
from triggers.models import Trigger

STORM, WINDOW = 20, timedelta(hours=1)
"""So many firings of one trigger for one contact in so long are done; more wait for a person."""

EVENT = "event"
"""The source of a run that a trigger began."""

EXPIRING = "credits.expiring"
"""The occasion that nothing but the time sets off."""

CHUNK = 500
"""Wallets and days that one transaction of the sweep looks at before it has begun something."""


def hear(account: Account, events: Sequence[Event]) -> None:
    """Begin a run for each of these events that sets a trigger off. As many queries for one event as for a thousand.

    An event heard before begins nothing again. Switched off, a trigger hears nothing any more, however old the event is; switched on,
    it hears nothing of what happened before.
    """
    codes = {code for code, one in OCCASIONS.items() if code != EXPIRING and {e.kind for e in events} & {*one.kinds}}
    heard = {one.pk: mine for one in _on(codes) if (mine := _heard(one, events))}
    triggers = _hold(heard)
    here = _existing(account, {event.contact_id for one in triggers for event in heard[one.pk] if event.contact_id})
    often = _often(triggers, set(here.values()))
    for trigger in triggers:
        _fire(account, trigger, [event for event in _heard(trigger, events) if event.contact_id in here], here, often)


def _on(codes: Iterable[str]) -> list[Trigger]:
    """Triggers that are switched on, of these occasions."""
    found = Trigger.objects.filter(occasion__in=sorted(codes), flow__enabled=True, on_since__isnull=False)
    return list(found.select_related("flow").order_by("flow"))


def _hold(trigger_ids: Iterable[int]) -> list[Trigger]:
    """These triggers as they stand now, without those that somebody has switched off; nobody changes them until all is written.

    Their flows are locked, in one order everywhere, and read after that: what another's lock was waited for has changed meanwhile.
    """
    ids = list(trigger_ids)
    if not ids:
        return []
    flows = Flow.objects.filter(trigger__in=ids, enabled=True).order_by("pk")
    on = list(flows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    found = Trigger.objects.filter(pk__in=ids, flow__in=on, flow__enabled=True, on_since__isnull=False)
    return list(found.select_related("flow").order_by("flow"))


def _heard(trigger: Trigger, events: Sequence[Event]) -> list[Event]:
    """Those of `events` that are what the trigger is for, since it was switched on."""
    since, asked = trigger.on_since, trigger.asked
    assert since is not None  # noqa: S101  asked of triggers that are on
    return [
        event for event in events if event.contact_id and event.at >= since and matches(trigger.occasion, asked, event)
    ]


def _existing(account: Account, contact_ids: set[int]) -> dict[int, int]:
    """Who stands for each of these contacts, without those who were erased."""
    whose = stand_for(account, contact_ids) if contact_ids else {}
    there = set(contacts(account).filter(pk__in=whose.values()).values_list("pk", flat=True)) if whose else set()
    return {pk: stands for pk, stands in whose.items() if stands in there}


def _often(triggers: Sequence[Trigger], contact_ids: set[int]) -> Counter[tuple[int, int]]:
    """How often each of these triggers was set off for each of these contacts lately, by flow and contact."""
    recent = Run.objects.filter(
        flow__in=[one.flow_id for one in triggers], contact__in=contact_ids, started_at__gt=now() - WINDOW
    )
    counted = recent.order_by().values_list("flow", "contact").annotate(number=Count("pk"))
    return Counter({(flow, contact): number for flow, contact, number in counted})


def _fire(
    account: Account,
    trigger: Trigger,
    events: Sequence[Event],
    here: Mapping[int, int],
    often: Counter[tuple[int, int]],
) -> None:
    """Begin a run for each event whose contact, or who stands for it (`here`), the trigger's conditions hold of."""
    about = [(event, here[event.contact_id]) for event in events if event.contact_id]
    met = conditions.met(account, trigger.conditions, {contact_id for _, contact_id in about})
    beginnings = []
    for event, contact_id in about:
        if contact_id not in met:
            continue
        often[trigger.flow_id, contact_id] += 1
        number = often[trigger.flow_id, contact_id]
        beginnings.append(
            Beginning(
                contact_id,
                derive_key("trigger", trigger.flow.public_id, event.pk),
                source_id=str(event.pk),
                cause=Cause(event.pk, event.depth + 1),
                reason="storm" if number > STORM else "",
                detail={"most": STORM, "number": number} if number > STORM else {},
            )
        )
    runs.begin(account=account, flow=trigger.flow, beginnings=beginnings, source=EVENT, actor=SYSTEM)


def sweep(*, account: Account) -> bool:
    """Let triggers fire whose credits are about to expire: once for each wallet and last good day. False while there is more.

    The instant is so many days before the end, or the issue of credits that end sooner; it lies behind the one at which the trigger
    was switched on. Where its conditions do not hold then, they are asked again until the end.
    """
    require(account)
    return all(_sweep(account, trigger) for trigger in _hold([one.pk for one in _on([EXPIRING])]))


def _sweep(account: Account, trigger: Trigger) -> bool:
    ending, after = _ending(account, trigger), Q()
    while True:
        found = list(ending.filter(after).order_by("last_good_day", "wallet_id")[:CHUNK])
        begun = _warn(account, trigger, found)
        if len(found) < CHUNK or begun:
            return len(found) < CHUNK
        last = found[-1]
        after = Q(last_good_day__gt=last["last_good_day"]) | Q(
            last_good_day=last["last_good_day"], wallet_id__gt=last["wallet_id"]
        )


def _ending(account: Account, trigger: Trigger) -> Any:
    """What ends soon and has not set the trigger off."""
    since, days = trigger.on_since, trigger.settings["days"]
    assert since is not None  # noqa: S101  asked of triggers that are on
    ending = about_to_end(account, days=days, since=since, credit_type_id=trigger.credit_type_id)
    ending = ending.annotate(
        name=Concat(Cast("wallet_id", CharField()), Value(":"), Cast("last_good_day", CharField()))
    )
    fired = Run.objects.filter(flow=trigger.flow_id, contact=OuterRef("wallet__contact_id"))
    return ending.filter(~Exists(fired if trigger.flow.once else fired.filter(source_id=OuterRef("name"))))


def _warn(account: Account, trigger: Trigger, found: Sequence[dict[str, Any]]) -> bool:
    """Write down that these credits are about to expire, and begin the runs; whether any began."""
    met = conditions.met(account, trigger.conditions, {row["contact_id"] for row in found})
    due = [row for row in found if row["contact_id"] in met]
    if trigger.flow.once:
        due = list({row["contact_id"]: row for row in reversed(due)}.values())
    facts = [CreditsExpiring(row["contact_id"], row["type_id"], row["amount"], trigger.settings["days"]) for row in due]
    events = outbox.record_all(account=account, facts=facts, actor=SYSTEM)
    beginnings = [
        Beginning(
            row["contact_id"],
            derive_key("trigger", trigger.flow.public_id, row["name"]),
            source_id=row["name"],
            cause=Cause(event.pk, 1),
        )
        for row, event in zip(due, events, strict=True)
    ]
    return bool(runs.begin(account=account, flow=trigger.flow, beginnings=beginnings, source=EVENT, actor=SYSTEM))

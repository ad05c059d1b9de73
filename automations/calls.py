"""Calls to other systems, written down in the transaction of whatever makes them; they are made afterwards (`services.calls`).

A call's body is JSON as Standard Webhooks has it (https://www.standardwebhooks.com): `type`, `timestamp` (when the step was come to)
and `data`:

    {"type": "automation.step", "timestamp": "2026-05-03T09:30:00+00:00", "data": {
       "contact": {"id": "<uuid>", "name": "Ann Lee", "email": "ann@example.com"},
       "automation": {"id": "<uuid>", "name": "Welcome"},
       "event": {"type": "credits.consumed", "at": "…", "credit_type": "<uuid>", "entry": "<uuid>", "amount": 1, "balance": 4}}}

`type` is "automation.step", "trigger.fired" (then `data` has "trigger" for "automation") or "test" (then `data` has the contact's
place filled with an example). `event` is what began it: its amounts and codes as they are, the things it names by their public ids;
null where a person began it.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model

from contacts.models import Contact, Tag
from credits import queries as credits
from products.models import Price, Product
from simplero.outbox import outbox
from simplero.outbox.models import Event
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from .models import Call, Endpoint, Flow, Of, Run

CALL = "automations.call"
"""The kind of job that calls an endpoint, its subject, for what waits there."""

LASTS = timedelta(days=3)
"""A call is tried again for so long."""

TYPES = {Of.AUTOMATION: "automation.step", Of.TRIGGER: "trigger.fired"}
TEST = "test"


@dataclass(frozen=True, slots=True)
class Wish:
    """A run that calls; the same `key` calls once."""

    run: Run
    key: uuid.UUID


def write(*, account: Account, endpoint: Endpoint, wishes: Sequence[Wish]) -> None:
    """Let `endpoint` be called for each of `wishes` once the caller's transaction has committed. Set-based, and once per key."""
    at = now()
    told = bodies(account, [wish.run for wish in wishes], at)
    rows = [
        _call(account, endpoint, key=wish.key, body=body, at=at, run=wish.run, contact_id=wish.run.contact_id)
        for wish, body in zip(wishes, told, strict=True)
    ]
    Call.objects.bulk_create(rows, ignore_conflicts=True)
    wake(account=account, endpoint=endpoint)


def write_test(*, account: Account, endpoint: Endpoint, key: uuid.UUID) -> bool:
    """Let `endpoint` be called with an example, so that its other end can be tried; whether that is new."""
    if Call.objects.filter(account_id=require(account), key=key).exists():
        return False
    at = now()
    example = {"id": str(uuid.UUID(int=0)), "name": "Example", "email": "example@example.com"}
    body = _json(TEST, at, {"contact": example, "event": None})
    row = _call(account, endpoint, key=key, body=body, at=at)
    Call.objects.bulk_create([row], ignore_conflicts=True)
    wake(account=account, endpoint=endpoint)
    return True


def _call(account: Account, endpoint: Endpoint, *, at: datetime, **rest: Any) -> Call:
    return Call(
        account_id=require(account),
        public_id=uuid.uuid4(),
        endpoint=endpoint,
        created_at=at,
        due=at,
        until=at + LASTS,
        **rest,
    )


def wake(*, account: Account, endpoint: Endpoint) -> None:
    """One job for everything that waits at `endpoint`: after it was slow or down, not before it has rested."""
    due = max(now(), endpoint.rests_until or now())
    outbox.schedule(account=account, kind=CALL, subject=endpoint.pk, due=due)


def bodies(account: Account, runs: Sequence[Run], at: datetime) -> list[str]:
    """What is said of each run, in their order: five queries or so, however many there are."""
    require(account)
    contacts = Contact.objects.in_bulk({run.contact_id for run in runs})
    flows = Flow.objects.in_bulk({run.flow_id for run in runs})
    events = Event.objects.in_bulk({run.cause_id for run in runs if run.cause_id})
    public = _public_ids(account, [event.body for event in events.values()])
    said = []
    for run in runs:
        flow, event = flows[run.flow_id], events.get(run.cause_id or 0)
        data = {
            "contact": _contact(contacts[run.contact_id]),
            flow.of: {"id": str(flow.public_id), "name": flow.name},
            "event": _event(event, public) if event else None,
        }
        said.append(_json(TYPES[Of(flow.of)], at, data))
    return said


def _json(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, ensure_ascii=False)


def _contact(contact: Contact) -> dict[str, str]:
    return {"id": str(contact.public_id), "name": contact.name, "email": contact.email}


def _event(event: Event, public: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    """An event as others may see it: what it names by a row's number is named by its public id or left out."""
    told: dict[str, Any] = {"type": event.kind, "at": event.at.isoformat()}
    for name, value in event.body.items():
        if not name.endswith("_id"):
            told[name] = value
        elif found := public.get((name, value or 0)):
            told[name.removesuffix("_id")] = found
    return told


def _public_ids(account: Account, bodies: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """The public ids of what `bodies` name, by the name and the number they use."""
    rooms: dict[str, Any] = {
        "tag_id": Tag.objects,
        "product_id": Product.objects,
        "price_id": Price.objects,
        "flow_id": Flow.objects,
        "automation_id": Flow.objects,
        "credit_type_id": credits.types(account) | credits.types(account, archived=True),
    }
    ids: dict[str, set[int]] = {}
    for body in bodies:
        for name, value in body.items():
            if name in rooms and value:
                ids.setdefault(name, set()).add(value)
    found: dict[tuple[str, int], str] = {}
    for name, wanted in ids.items():
        rows: Iterable[Model] = rooms[name].filter(pk__in=wanted)
        found |= {(name, row.pk): str(row.public_id) for row in rows}  # type: ignore[attr-defined]
    return found

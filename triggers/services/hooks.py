"""Addresses at which other systems call a trigger, and what they say there.

An address holds a token of 256 random bits: a plain hash of it, in a global table, says whose it is (OWASP ASVS 6.5.2), and it
stands sealed in the trigger's row so that staff can read it again. `reverse("hook_in", args=[token])` is the path.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction

from contacts.directory import email_key
from contacts.models import Contact
from contacts.queries import stand_for, stands_for, with_email
from simplero.outbox import outbox
from simplero.tenancy import vault
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require
from triggers.events import HookAddressChanged, HookReceived
from triggers.models import Hook, HookCall, Trigger

OCCASION = "hook.received"
USE = "incoming addresses"  # of the vault

LIMIT, COUNTED = 120, timedelta(minutes=1)
"""So many calls of one trigger are heard in so long."""

TAKEN, AGAIN, ANOTHER, OFF, NOBODY, UNREADABLE = "taken", "again", "another", "off", "nobody", "unreadable"
OUTCOMES = {
    TAKEN: "Taken",
    AGAIN: "Was taken before",
    ANOTHER: "Its name was used for somebody else",
    OFF: "The trigger was off",
    NOBODY: "No such contact",
    UNREADABLE: "Could not be read",
}
"""What a call came to, as it stands in the log."""


@transaction.atomic
def open_address(*, account: Account, trigger: Trigger, actor: Actor) -> str:
    """The token of the trigger's address, made when there is none that can be read."""
    return address_of(account, trigger) or _renew(account, trigger, "opened", actor)


@transaction.atomic
def new_address(*, account: Account, trigger: Trigger, actor: Actor) -> str:
    """Another token; whoever uses the one before reaches nobody from now on."""
    return _renew(account, trigger, "new", actor)


@transaction.atomic
def close_address(*, account: Account, trigger: Trigger, actor: Actor) -> None:
    """No address any more. Closed twice is closed once."""
    gone, _ = Hook.objects.filter(account_id=require(account), trigger_id=trigger.pk).delete()
    if gone:
        _keep(account, trigger, "", "closed", actor)


def address_of(account: Account, trigger: Trigger) -> str:
    """The token of the trigger's address, for staff's eyes; "" before there is one, or when nobody can open it any more."""
    require(account)
    try:
        return vault.unseal_text(trigger.address, account=account, use=USE, which=str(trigger.public_id))
    except vault.Unreadable:
        return ""


def _renew(account: Account, trigger: Trigger, change: str, actor: Actor) -> str:
    token = secrets.token_urlsafe(32)
    Hook.objects.update_or_create(
        account_id=require(account), trigger_id=trigger.pk, defaults={"token_digest": digest(token)}
    )
    sealed = vault.seal_text(token, account=account, use=USE, which=str(trigger.public_id))
    _keep(account, trigger, sealed, change, actor)
    return token


def _keep(account: Account, trigger: Trigger, sealed: str, change: str, actor: Actor) -> None:
    trigger.address = sealed
    trigger.save(update_fields=["address"])
    outbox.record(account=account, fact=HookAddressChanged(trigger_id=trigger.pk, change=change), actor=actor)


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


# What comes in.


@dataclass(frozen=True, slots=True)
class Said:
    """What a call says: whom it is about, by public id, by address or by both, which must agree, and the caller's own name for the call, if any."""

    contact: uuid.UUID | None = None
    email: str = ""
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """`outcome` is one of OUTCOMES; "" where nobody listens. `wait`, in seconds, is set where there have been too many calls."""

    outcome: str
    call_id: str = ""
    wait: int = 0


def whose(token: str) -> Hook | None:
    """The trigger that is called under `token`. Needs no scope."""
    return Hook.objects.filter(token_digest=digest(token)).first()


@transaction.atomic
def receive(*, account: Account, trigger_id: int, said: Said | None) -> Heard:
    """Hear a call at the address of a trigger; None is one that could not be read. What becomes of it is written down either way.

    One that is taken is a fact, and the delivery of that fact fires the trigger. A caller's own name for its call is good once:
    the same call again changes nothing, and another contact under that name is refused.
    """
    # One at a time for each trigger: two calls of one name, or one too many, would not see each other.
    trigger = (
        Trigger.objects.select_for_update(of=("self",), no_key=True)
        .select_related("flow")
        .filter(account_id=require(account), pk=trigger_id, occasion=OCCASION, flow__deleted_at=None)
        .first()
    )
    if trigger is None:
        return Heard("")
    calls = HookCall.objects.filter(account_id=trigger.account_id, trigger=trigger)
    if wait := _too_many(calls):
        return Heard("", wait=wait)
    ours = f"ours-{uuid.uuid4()}"
    if said is None:
        return _note(trigger, UNREADABLE, ours)
    if said.call_id and (before := calls.filter(call_id=said.call_id).first()):
        whose = _contact(account, said)
        if whose is not None and whose.pk not in stand_for(account, [before.contact_id or 0]).values():
            return _note(trigger, ANOTHER, ours, whose.pk, shown=said.call_id)
        return _note(trigger, AGAIN, ours, before.contact_id, shown=said.call_id)
    if not trigger.flow.enabled:
        return _note(trigger, OFF, ours)
    contact = _contact(account, said)
    if contact is None:
        return _note(trigger, NOBODY, ours)
    heard = _note(trigger, TAKEN, said.call_id or ours, contact.pk)
    # The name is the caller's free text: facts hold one of ours, made from it.
    name = uuid.uuid5(trigger.public_id, heard.call_id)
    fact = HookReceived(contact_id=contact.pk, trigger_id=trigger.pk, call=str(name))
    outbox.record(account=account, fact=fact, actor=SYSTEM)
    return heard


def _too_many(calls: Any) -> int:
    """Seconds until another call is heard; 0 for at once."""
    recent = calls.filter(at__gt=now() - COUNTED).order_by("-at", "-pk").values_list("at", flat=True)
    oldest = recent[LIMIT - 1 : LIMIT]
    return max(1, round((oldest[0] + COUNTED - now()).total_seconds())) if oldest else 0


def _contact(account: Account, said: Said) -> Contact | None:
    found = with_email(account, email_key(said.email))
    if said.contact is None:
        return found
    named = Contact.objects.filter(account_id=require(account), public_id=said.contact, erased_at=None).first()
    named = stands_for(account, named) if named else None
    agree = named is None or not said.email or named == found
    return named if agree else None


def _note(trigger: Trigger, outcome: str, call_id: str, contact_id: int | None = None, *, shown: str = "") -> Heard:
    call = HookCall(
        account_id=trigger.account_id,
        trigger=trigger,
        call_id=call_id,
        contact_id=contact_id,
        outcome=outcome,
        at=now(),
    )
    call.save(force_insert=True)
    return Heard(outcome, shown or call_id)

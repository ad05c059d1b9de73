"""What an owner connects under Settings → Payments. Keys come in and never go out: what is kept of them is sealed."""

import secrets
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from products.events import GatewayChanged
from products.gateways import Keys, get, messages, outside, stripe, vault
from products.models import GatewayAccount, GatewayAddress
from simplero.lib.refusals import Refusal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import now, require

HINT = 4  # characters of a key that are shown again


class NotReady(Refusal):
    """A gateway cannot be switched on before it is connected."""


class SameSecret(Refusal):
    """The secret that is to replace another one is that one."""

    field = "secret"


# Stripe.


@transaction.atomic
def keep_key(*, account: Any, key: str, actor: Actor) -> GatewayAccount:
    """Keep `key`, which `stripe.check` has found good. The first time an address for Stripe's messages is made too."""
    row = _locked(account, stripe.code)
    kept = _opened(account, row)
    kept["key"] = key
    if "token" not in kept:
        kept["token"] = _new_address(account, stripe.code)
    row.hint = f"{key[:8]}…{key[-HINT:]}"
    return _keep(account, row, kept, "key", actor)


@transaction.atomic
def keep_webhook_secret(*, account: Any, secret: str, actor: Actor) -> GatewayAccount:
    """Keep the secret that Stripe signs with, and the one before for another 24 hours. With the first one Stripe is switched on.

    Raises SameSecret, and NotReady without a key.
    """
    row = _locked(account, stripe.code)
    kept = _opened(account, row)
    if "key" not in kept:
        raise NotReady("Enter the secret key first.")
    before = kept.get("webhook_secret")
    if before == secret:
        raise SameSecret("This is the signing secret that we have.")
    if before:
        kept["webhook_secret_before"] = before
        kept["before_until"] = (now() + messages.OVERLAP).isoformat()
    else:
        row.enabled = True
    kept["webhook_secret"] = secret
    return _keep(account, row, kept, "webhook_secret", actor)


@transaction.atomic
def renew_address(*, account: Any, actor: Actor) -> GatewayAccount:
    """Another address for Stripe's messages; the one before leads nowhere from now on. Raises NotReady without a key."""
    row = _locked(account, stripe.code)
    kept = _opened(account, row)
    if "key" not in kept:
        raise NotReady("Enter the secret key first.")
    kept["token"] = _new_address(account, stripe.code)
    return _keep(account, row, kept, "address", actor)


def token(account: Any) -> str:
    """The secret part of the address for Stripe's messages, for owners' eyes; "" before there is one."""
    return _kept(account).get("token", "")


def hears(account: Any) -> bool:
    """Whether Stripe's messages can be told from forged ones."""
    return "webhook_secret" in _kept(account)


def _kept(account: Any) -> Keys:
    row = GatewayAccount.objects.filter(account_id=require(account), gateway=stripe.code).first()
    return _opened(account, row) if row else {}


def address_of(gateway: str, token: str) -> GatewayAddress | None:
    """Whose messages come in under `token`. Needs no scope."""
    return GatewayAddress.objects.filter(token_digest=_digest(token), gateway=gateway).first()


# All of them.


@transaction.atomic
def switch(*, account: Any, gateway: str, on: bool, actor: Actor) -> GatewayAccount:
    """Offer a gateway to customers, or no longer: payments and subscriptions that began with it go on.

    Raises NotReady for Stripe without its keys, Rejected for a gateway that does not exist here.
    """
    get(gateway)
    row = _locked(account, gateway)
    if on and gateway == stripe.code and "webhook_secret" not in _opened(account, row):
        raise NotReady("Enter the secret key and the signing secret first.")
    if row.enabled == on:
        return row
    row.enabled = on
    return _save(account, row, "on" if on else "off", actor)


@transaction.atomic
def write_instructions(*, account: Any, instructions: str, on: bool, actor: Actor) -> GatewayAccount:
    """How customers pay outside, and whether they may."""
    row = _locked(account, outside.code)
    if row.enabled != on:
        row.enabled = on
        _save(account, row, "on" if on else "off", actor)
    if row.instructions != instructions:
        row.instructions = instructions
        _save(account, row, "instructions", actor)
    return row


def _locked(account: Any, gateway: str) -> GatewayAccount:
    account_id = require(account)
    made = GatewayAccount(account_id=account_id, gateway=gateway)
    GatewayAccount.objects.bulk_create([made], ignore_conflicts=True)
    return GatewayAccount.objects.select_for_update(of=("self",)).get(account_id=account_id, gateway=gateway)


def _opened(account: Any, row: GatewayAccount) -> Keys:
    """What is sealed in `row`; nothing where nobody can open it any more, so that it can be entered anew."""
    try:
        return vault.unseal(row.sealed, account=account, gateway=row.gateway)
    except vault.Unreadable:
        return {}


def _keep(account: Any, row: GatewayAccount, kept: Keys, change: str, actor: Actor) -> GatewayAccount:
    row.sealed = vault.seal(kept, account=account, gateway=row.gateway)
    return _save(account, row, change, actor)


def _save(account: Any, row: GatewayAccount, change: str, actor: Actor) -> GatewayAccount:
    row.updated_at = Now()
    row.save(update_fields=["enabled", "sealed", "hint", "instructions", "updated_at"])
    outbox.record(account=account, fact=GatewayChanged(gateway=row.gateway, change=change), actor=actor)
    return row


def _new_address(account: Any, gateway: str) -> str:
    """A token of 256 random bits. A plain hash of it is kept: there is nothing to guess."""
    fresh = secrets.token_urlsafe(32)
    GatewayAddress.objects.update_or_create(
        account_id=require(account), gateway=gateway, defaults={"token_digest": _digest(fresh)}
    )
    return fresh


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()

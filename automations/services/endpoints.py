"""Webhooks: addresses of other systems that steps call, and the secrets by which those know us. A secret is sealed at rest."""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from automations import calls
from automations.events import EndpointAdded, EndpointChanged, EndpointDeleted, EndpointSecretRenewed, EndpointTested
from automations.models import Call, CallState, Endpoint
from simplero.lib import signatures
from simplero.lib.calling import Address
from simplero.lib.refusals import Refusal, Stale
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.outbox.outbox import Fact
from simplero.tenancy import vault
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

MOST = 50  # of an account
OVERLAP = timedelta(hours=24)  # for which what is sent is signed with the secret before, too
USE = "secrets of webhooks"  # of the vault
DELETED = "The webhook was deleted before it was called."


class TooManyEndpoints(Refusal):
    """An account has as many webhooks as it may have."""


class Unsealable(Refusal):
    """The secret can't be opened any more: the key in the settings is another one now."""


def seal_of(endpoint: Endpoint) -> str:
    """A short name for its name and address: a form carries it, to tell later whether they are still the same."""
    return seal(endpoint.name, endpoint.url)


def seal_of_secret(endpoint: Endpoint) -> str:
    """The same of its secret, as it is kept."""
    return seal(endpoint.secret)


@transaction.atomic
def add(*, account: Account, name: str, address: Address, key: uuid.UUID | None = None, actor: Actor) -> Endpoint:
    """Add a webhook with a secret of its own. `key` is its form's: sent twice, it is one webhook; the same key with another name or
    address is another. Raises TooManyEndpoints."""
    # One after the other, or two would each count the other out.
    Account.objects.select_for_update(no_key=True).get(pk=require(account))
    known = Endpoint.objects.filter(public_id=key).first() if key else None
    if known is not None and known.deleted_at is None and (known.name, known.url) == (name, str(address)):
        return known
    if Endpoint.objects.filter(account_id=account.pk, deleted_at=None).count() >= MOST:
        raise TooManyEndpoints(f"There can be at most {MOST} webhooks. Delete one first.")
    public_id = uuid.uuid4() if known or key is None else key
    endpoint = Endpoint(account_id=account.pk, public_id=public_id, name=name, url=str(address))
    endpoint.secret = _sealed(account, endpoint, signatures.fresh_secret())
    endpoint.save(force_insert=True)
    _record(account, EndpointAdded(endpoint_id=endpoint.pk), actor)
    return endpoint


@transaction.atomic
def change(*, account: Account, endpoint: Endpoint, name: str, address: Address, seen: str, actor: Actor) -> Endpoint:
    """Call it otherwise, or call another address: also for what waits, and at once. `seen` is the seal of what the person started
    from. Raises Stale."""
    endpoint = _locked(account, endpoint)
    before = seal_of(endpoint)
    changed = [field for field, value in (("name", name), ("url", str(address))) if getattr(endpoint, field) != value]
    if changed:
        if seen != before:
            raise Stale("Somebody else has changed this webhook since you opened it. Save again to keep yours instead.")
        endpoint.name, endpoint.url = name, str(address)
        if "url" in changed:  # that the other one was slow or down says nothing of this one
            endpoint.failures, endpoint.rests_until = 0, None
            _waiting(endpoint).update(due=now())
            calls.wake(account=account, endpoint=endpoint)
        endpoint.save(update_fields=["name", "url", "failures", "rests_until"])
        _record(account, EndpointChanged(endpoint_id=endpoint.pk, fields=tuple(changed)), actor)
    return endpoint


@transaction.atomic
def renew_secret(*, account: Account, endpoint: Endpoint, seen: str, actor: Actor) -> Endpoint:
    """Another secret. For OVERLAP what is sent is signed with both, so that nothing is refused while the other end changes it.

    `seen` is the seal of the secret that is to go: asked twice, the one that the other end knows would be forgotten at once.
    Raises Stale.
    """
    endpoint = _locked(account, endpoint)
    if seen != seal_of_secret(endpoint):
        raise Stale("There has been a new secret since you opened this, and it stays.")
    endpoint.former_secret, endpoint.former_until = endpoint.secret, now() + OVERLAP
    endpoint.secret = _sealed(account, endpoint, signatures.fresh_secret())
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    _record(account, EndpointSecretRenewed(endpoint_id=endpoint.pk), actor)
    return endpoint


@transaction.atomic
def delete(*, account: Account, endpoint: Endpoint, actor: Actor) -> None:
    """Call it no more, also not for what waits. What was called stays on record; steps that want to call it ask for attention.
    Deleted twice is deleted once."""
    try:
        endpoint = _locked(account, endpoint)
    except Endpoint.DoesNotExist:
        return
    endpoint.deleted_at = now()
    endpoint.save(update_fields=["deleted_at"])
    _waiting(endpoint).update(state=CallState.FAILED, due=None, done_at=now(), reason=DELETED)
    _record(account, EndpointDeleted(endpoint_id=endpoint.pk), actor)


@transaction.atomic
def test(*, account: Account, endpoint: Endpoint, key: uuid.UUID, actor: Actor) -> None:
    """Call it with an example, once per `key`."""
    endpoint = _locked(account, endpoint)
    if calls.write_test(account=account, endpoint=endpoint, key=key):
        _record(account, EndpointTested(endpoint_id=endpoint.pk), actor)


def secret_of(account: Account, endpoint: Endpoint) -> str:
    """The secret that the other end needs, for staff's eyes. Raises Unsealable."""
    require(account)
    try:
        return _opened(account, endpoint, endpoint.secret)
    except vault.Unreadable:
        raise Unsealable("The secret can't be opened any more. Make a new one.") from None


def secrets(account: Account, endpoint: Endpoint, at: datetime) -> list[str]:
    """What is sent at `at` is signed with these: the present secret and, for a while, the one before. Raises Unsealable."""
    good = [secret_of(account, endpoint)]
    if endpoint.former_until is not None and at < endpoint.former_until:
        with suppress(vault.Unreadable):
            good.append(_opened(account, endpoint, endpoint.former_secret))
    return good


def _waiting(endpoint: Endpoint) -> QuerySet[Call]:
    return Call.objects.filter(account_id=endpoint.account_id, endpoint=endpoint, state=CallState.WAITING)


def _locked(account: Account, endpoint: Endpoint) -> Endpoint:
    """Raises Endpoint.DoesNotExist for one that was deleted meanwhile."""
    rows = Endpoint.objects.select_for_update(of=("self",), no_key=True)
    return rows.get(account_id=require(account), pk=endpoint.pk, deleted_at=None)


def _sealed(account: Account, endpoint: Endpoint, secret: str) -> str:
    return vault.seal_text(secret, account=account, use=USE, which=str(endpoint.public_id))


def _opened(account: Account, endpoint: Endpoint, sealed: str) -> str:
    return vault.unseal_text(sealed, account=account, use=USE, which=str(endpoint.public_id))


def _record(account: Account, fact: Fact, actor: Actor) -> None:
    outbox.record(account=account, fact=fact, actor=actor)

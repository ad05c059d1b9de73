"""Hosts of a shop's own: claimed by anybody, proven by a TXT record, given up when the record has been gone for a week.

A claim keeps nobody out; only one account can have proven a host. What is asked of name servers is asked outside any scope.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http.request import validate_host

from simplero.lib.hosts import Unanswered, hostname, text_records
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Domain
from simplero.tenancy.scope import now, require

from . import errors
from .events import DomainClaimed, DomainProven, DomainReleased, DomainRemoved

LABEL = "_simplero"  # what is put before the host to name the record
GRACE = timedelta(days=7)
MOST_DOMAINS = 5  # of one account


def record_name(host: str) -> str:
    return f"{LABEL}.{host}"


@transaction.atomic
def claim(*, account: Account, host: str, actor: Actor) -> Domain:
    """Note that the account wants to stand at `host`, with the words its TXT record must say; a second time the same claim.

    Raises Unacceptable, HostIsOurs and TooManyDomains.
    """
    require(account)
    name = hostname(host, field="host")
    if validate_host(name, settings.OWN_HOSTS):
        raise errors.HostIsOurs("This is our own address. Type one of yours.")
    known = Domain.objects.filter(account=account, host=name).first()
    if known is not None:
        return known
    if Domain.objects.filter(account=account).count() >= MOST_DOMAINS:
        raise errors.TooManyDomains(f"There can be at most {MOST_DOMAINS} domains. Remove one first.")
    try:
        with transaction.atomic():
            domain = Domain.objects.create(account=account, host=name, token=secrets.token_urlsafe(24))
    except IntegrityError:  # by a click at the same moment
        return Domain.objects.get(account=account, host=name)
    domain.refresh_from_db()
    outbox.record(account=account, fact=DomainClaimed(domain.pk), actor=actor)
    return domain


def records(domain: Domain) -> list[str] | None:
    """What the TXT records for this domain say; None when no name server would tell. Asks the network: outside any scope."""
    try:
        return text_records(record_name(domain.host), server=settings.DNS_SERVER)
    except Unanswered:
        return None


@transaction.atomic
def settle(*, account: Account, domain: Domain, records: list[str] | None, actor: Actor) -> Domain:
    """Prove, keep or give up a domain by what its records say. Raises HostTaken and DomainGone.

    A host goes over from another account, which has proven it before, only once that one's record is gone.
    """
    require(account)
    found = records or []
    # All claims to the host, in one order: two accounts that prove it at once take turns.
    claims = list(Domain.objects.select_for_update().filter(host=domain.host).order_by("pk"))
    row = next((claim for claim in claims if claim.pk == domain.pk and claim.account_id == account.pk), None)
    if row is None:
        raise errors.DomainGone("This domain was removed meanwhile.")
    row.checked_at = now()
    if row.token in found:
        holder = next((claim for claim in claims if claim.verified_at and claim.pk != row.pk), None)
        if holder is not None:
            if holder.token in found:
                raise errors.HostTaken(
                    "Another account's record for this host is still there. Delete it first, then check again."
                )
            _give_up(holder)
            holder.save(update_fields=["verified_at", "failing_since"])
        if row.verified_at is None:
            outbox.record(account=account, fact=DomainProven(row.pk), actor=actor)
        row.verified_at, row.failing_since = row.verified_at or now(), None
    elif row.verified_at is not None:
        row.failing_since = row.failing_since or now()
        if now() - row.failing_since >= GRACE:
            _give_up(row)
            outbox.record(account=account, fact=DomainReleased(row.pk), actor=actor)
    row.save(update_fields=["checked_at", "verified_at", "failing_since"])
    return row


def _give_up(domain: Domain) -> None:
    domain.verified_at = domain.failing_since = None


@transaction.atomic
def remove(*, account: Account, domain: Domain, actor: Actor) -> None:
    """Give a domain up, proven or not; one that is gone already is no error."""
    require(account)
    gone, _ = Domain.objects.filter(account=account, pk=domain.pk).delete()
    if gone:
        outbox.record(account=account, fact=DomainRemoved(domain.pk), actor=actor)

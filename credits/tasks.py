"""The hourly care of every ledger: what is overdue and was missed is written off, whoever was to be told that credits end soon is told,
then everything is added up again.

Safe to run twice. Jobs write expiries and letters in time; this finds those whose job was lost, or was done while the
transaction that opened the lot had not committed yet.
"""

import logging
from typing import Any

from celery import shared_task
from django.core.mail import mail_admins

from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope

from . import letters, proof, services, tallies

logger = logging.getLogger(__name__)

LETTERS = 200
"""Letters that one transaction writes at most."""

MOST_NAMED = 20
"""Damages named in one message; the count tells of the rest, and `manage.py ledger_verify` names them all."""


@shared_task(once_per=3600)
def verify_every_account(**_: Any) -> None:
    """Ask for the proof of each account, in a task of its own: a large account holds up no other."""
    for account_id in Account.objects.order_by("pk").values_list("pk", flat=True):
        verify_account.delay(account_id=account_id)


@shared_task
def verify_account(*, account_id: int, **_: Any) -> None:
    """Sweep, remind and prove in one account, and raise the alarm (log and a message to ADMINS) for what is wrong."""
    account = Account.objects.get(pk=account_id)
    written = None
    while written != 0:
        with scope(account):
            written = services.expire_due(account=account)
    told = None
    while told != 0:
        with scope(account):
            told = letters.remind(account=account, limit=LETTERS)
    with scope(account, read_only=True):
        found = proof.verify(account)
    if not found:
        return
    sentences = [damage.sentence(account) for damage in found[:MOST_NAMED]]
    for sentence in sentences:
        logger.error("ledger damaged: %s", sentence)
    more = f"\n… and {len(found) - MOST_NAMED:,} more." if len(found) > MOST_NAMED else ""
    mail_admins(
        f"Ledger damaged: {account.slug}, {len(found):,} findings",
        "\n".join(sentences) + more + "\n\nmanage.py ledger_verify names everything. Nothing has been changed.",
    )


@shared_task(once_per=300)
def tally_every_account(**_: Any) -> None:
    """Move the marks of all accounts' tallies. A page adds what is behind its mark, so a mark that stays only costs it time."""
    for account in Account.objects.order_by("pk"):
        done = False
        while not done:
            with scope(account):
                done = tallies.advance(account=account)

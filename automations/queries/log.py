"""One contact's way through a flow, as it is told afterwards."""

import uuid

from automations.models import Run, Start, Visit
from simplero.outbox.models import Event
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

MOST = 200
"""Visits of a run that its page shows, the newest."""


def get_run(account: Account, public_id: uuid.UUID) -> Run:
    """A run with its contact, flow and version. Raises Run.DoesNotExist."""
    found = Run.objects.select_related("contact", "flow", "version")
    return found.get(account_id=require(account), public_id=public_id)


def visits(account: Account, run: Run) -> list[Visit]:
    """What a run did, oldest first: the newest MOST of it."""
    found = Visit.objects.filter(account_id=require(account), run=run).order_by("-number", "-attempt")
    return list(found[:MOST])[::-1]


def beginning(account: Account, run: Run) -> Event | None:
    """The event that began a run, where one did."""
    return Event.objects.filter(account_id=require(account), pk=run.cause_id).first() if run.cause_id else None


def start_of(account: Account, run: Run) -> Start | None:
    """The start of many that let a run begin."""
    try:
        public_id = uuid.UUID(run.source_id)
    except ValueError:
        return None
    return Start.objects.filter(account_id=require(account), public_id=public_id).first()

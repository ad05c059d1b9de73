"""What automations does when a job is due."""

from typing import Any

from simplero.tenancy.models import Account

from . import runs
from .services import calls, flows, starts


def advance(*, account_id: int, attempts: int = 1, **_: Any) -> bool:
    """Take on a chunk of the runs that are due; False while more are. A chunk that its worker died of is taken apart."""
    account = Account.objects.get(pk=account_id)
    return runs.advance(account) if attempts == 1 else runs.set_apart(account)


def advance_one(*, account_id: int, subject: int, attempts: int = 1, **_: Any) -> bool:
    """Take on one run that was set apart."""
    runs.advance_one(Account.objects.get(pk=account_id), subject, attempts=attempts)
    return True


def start(*, account_id: int, subject: int, **_: Any) -> bool:
    """Let the next chunk of a start of many enter; False while there are more."""
    return starts.go_on(account=Account.objects.get(pk=account_id), start_id=subject)


def empty(*, account_id: int, subject: int, **_: Any) -> bool:
    """Stop the next chunk of those inside a deleted flow; False while there are more."""
    return flows.empty(account=Account.objects.get(pk=account_id), flow_id=subject)


def renew(*, account_id: int, subject: int, **_: Any) -> bool:
    """Move the next chunk of those inside older versions of a flow to its newest; False while there are more."""
    return flows.renew(account=Account.objects.get(pk=account_id), flow_id=subject)


def call(*, account_id: int, subject: int) -> None:
    """Call a webhook for what waits there. An errand."""
    calls.send(account_id=account_id, subject=subject)

"""What automations does when a job is due."""

from typing import Any

from simplero.outbox.handlers import addressed
from simplero.tenancy.models import Account

from . import runs
from .models import Flow, Run, Start
from .services import calls, flows, starts


def advance(*, account_id: int, attempts: int = 1, **_: Any) -> bool:
    """Take on a chunk of the runs that are due; False while more are. A chunk that failed, or that its worker died of, is taken apart:
    by the job that had it, or by the next one of the account, which would come to the same chunk."""
    account = Account.objects.get(pk=account_id)
    return runs.set_apart(account) if attempts > 1 or runs.one_failed(account) else runs.advance(account)


def advance_one(*, account_id: int, subject: int, attempts: int = 1, **_: Any) -> bool:
    """Take on one run that was set apart."""
    runs.advance_one(Account.objects.get(pk=account_id), addressed(Run, subject), attempts=attempts)
    return True


def start(*, account_id: int, subject: int, **_: Any) -> bool:
    """Let the next chunk of a start of many enter; False while there are more."""
    return starts.go_on(account=Account.objects.get(pk=account_id), start_id=addressed(Start, subject).pk)


def empty(*, account_id: int, subject: int, **_: Any) -> bool:
    """Stop the next chunk of those inside a deleted flow; False while there are more."""
    return flows.empty(account=Account.objects.get(pk=account_id), flow_id=addressed(Flow, subject).pk)


def renew(*, account_id: int, subject: int, **_: Any) -> bool:
    """Move the next chunk of those inside older versions of a flow to its newest; False while there are more."""
    return flows.renew(account=Account.objects.get(pk=account_id), flow_id=addressed(Flow, subject).pk)


def call(*, account_id: int, subject: int) -> None:
    """Call a webhook for what waits there. An errand."""
    calls.send(account_id=account_id, subject=subject)

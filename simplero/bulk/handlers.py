"""What this room does when a job is due."""

from typing import Any

from simplero.outbox.handlers import addressed
from simplero.tenancy.models import Account

from .models import Bulk
from .services import working


def run(*, account_id: int, subject: int, attempts: int = 1, **_: Any) -> bool:
    """Do the next chunk of a bulk job; False while there is more."""
    account = Account.objects.get(pk=account_id)
    return working.go_on(account=account, bulk_id=addressed(Bulk, subject).pk, attempts=attempts)

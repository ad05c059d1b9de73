"""What imports do when a job is due."""

from typing import Any

from simplero.outbox.handlers import addressed
from simplero.tenancy.models import Account

from . import loading, services, work
from .models import Import


def read(*, account_id: int, subject: int, **_: Any) -> bool:
    return work.read(Account.objects.get(pk=account_id), addressed(Import, subject).pk)


def check(*, account_id: int, subject: int, **_: Any) -> bool:
    return work.check(Account.objects.get(pk=account_id), addressed(Import, subject).pk)


def load(*, account_id: int, subject: int, **_: Any) -> bool:
    return loading.load(Account.objects.get(pk=account_id), addressed(Import, subject).pk)


def undo(*, account_id: int, subject: int, **_: Any) -> bool:
    return loading.undo(Account.objects.get(pk=account_id), addressed(Import, subject).pk)


def forget(*, account_id: int, subject: int, **_: Any) -> bool:
    services.clear(account=Account.objects.get(pk=account_id), batch_id=addressed(Import, subject).pk)
    return True

"""The only door to an account's data: one transaction, one account, told to Postgres by a literal SET LOCAL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from . import deeds
from .database import connection


class ScopeError(RuntimeError):
    """A programming error, never shown to a user: data asked for outside its account's scope."""


def identity(account: Any) -> int:
    """The id of an Account, or the id itself."""
    return int(getattr(account, "pk", account))


@contextmanager
def scope(account: Any, *, read_only: bool = False) -> Iterator[None]:
    """Open `account`'s data in a transaction of its own; commits at the end, rolls back on an exception.

    One that may write also says by whose deed it does, see `deeds`.

    Raises ScopeError inside another scope, of the same account too: an edge inside an edge is a bug that would
    otherwise hold a transaction open silently.
    """
    account_id = identity(account)
    if connection.account_id is not None:
        raise ScopeError(f"scope of account {account_id} opened inside the scope of account {connection.account_id}")
    inside_a_test = connection.in_atomic_block  # durable=True refuses any other enclosing transaction
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            # Literals: set_config() does not reach Citus' workers, and a parameter fails under server-side binding.
            whose = f"SET LOCAL app.account_id = '{account_id}'"
            cursor.execute(f"{whose}; {'SET TRANSACTION READ ONLY' if read_only else deeds.current().settings()}")
        connection.account_id = account_id
        try:
            yield
        finally:
            connection.account_id = None
            connection.scope_now = None
        if inside_a_test and not connection.needs_rollback:
            # A SET LOCAL outlives its savepoint: without this the test would go on reading the last account's rows.
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL app.account_id = 'no_scope_is_open'; {deeds.NOTHING}")


def require(account: Any) -> int:
    """The id of `account`, provided its scope is open: for code that must run inside somebody else's transaction."""
    account_id = identity(account)
    if connection.account_id != account_id or not connection.in_atomic_block:
        raise ScopeError(f"needs the scope of account {account_id}, but {connection.account_id} is open")
    return account_id


def now() -> datetime:
    """The instant the ledger goes by, read once per scope from the database's `ledger_now()`; aware, in UTC."""
    if connection.account_id is None:
        raise ScopeError("the ledger's clock was asked for outside any scope")
    if connection.scope_now is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_now()")
            connection.scope_now = cursor.fetchone()[0]
    return connection.scope_now


def today(account: Any) -> date:
    """The day it is in the account's time zone, by the ledger's clock. `account` is an Account: its zone is needed."""
    return now().astimezone(ZoneInfo(account.time_zone)).date()

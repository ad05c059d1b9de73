"""What Postgres means when a statement fails through no fault of the statement: whether the same again may pass, and whether the
database itself is what is ill. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, Error, InterfaceError, OperationalError

from .database import connection

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

CROSSED = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the transaction was rolled back as a whole to let another one pass."""

READ_ONLY = "25006"

ILL = frozenset({READ_ONLY, "53100", "53300", "57P01", "57P02", "57P03"})
"""Read-only, disk full, too many connections, ended by an administrator, by a crash, and not up yet."""

AGAIN = 5
"""How many times a whole piece of work is done once more."""

FIRST_WAIT = 0.02
"""Seconds, at most, before it is done once more; each time twice as many, and by chance less, so that two do not meet again."""


def code(error: BaseException) -> str:
    """The five letters that Postgres gives an error; "" where there are none, as when the connection broke."""
    return getattr(error.__cause__, "sqlstate", None) or getattr(error, "sqlstate", None) or ""


def crossed(error: BaseException) -> bool:
    """Whether the same work may pass now: nothing of it has happened."""
    return isinstance(error, DatabaseError) and code(error) in CROSSED


def is_lost(error: BaseException) -> bool:
    """Whether the connection broke or none could be had. What was being committed may have happened."""
    return isinstance(error, OperationalError | InterfaceError) and (not code(error) or code(error).startswith("08"))


def is_ill(error: BaseException) -> bool:
    """Whether the database cannot do any such work now, whoever asks. A statement that writes where it has promised not to looks the
    same as a database that is read-only: see `is_read_only`."""
    return isinstance(error, Error) and code(error) in ILL


def is_read_only() -> bool:
    """Whether the database takes no changes now: it is a standby, or somebody has set it so. Outside any scope. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone()[0] == "on")


def repeated(work: Callable[[], Result], *, before_again: Callable[[], object] = lambda: None) -> Result:
    """Do `work`, which opens its own scope, and the whole of it once more where the database has rolled it back to let another pass.

    AGAIN times at most; then, and for every other error, it raises what the work has raised. For edges only: inside an open
    transaction there would be something left to undo.
    """
    turn = 0
    while True:
        try:
            return work()
        except DatabaseError as error:
            turn += 1
            if turn > AGAIN or not crossed(error):
                raise
            logger.warning("rolled back to let another pass (%s), done again: %d of %d", code(error), turn, AGAIN)
        time.sleep(random.uniform(0, FIRST_WAIT * 2**turn))  # noqa: S311  no secret
        before_again()

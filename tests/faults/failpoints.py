"""Points at which a process dies, put into it from outside: around the statements that Django sends and around its commits.

A process dies at a point when it finds a bullet there, a file of the point's name in the folder FAULT_BULLETS: whoever removes the
file is the one, so each kills once.

    before_lock   the statement that takes the lock has not been sent
    after_lock    it is under way: the client dies, the server may go on with it for a moment
    after_entry   the ledger has posted
    before_commit everything is written, nothing is committed
    after_commit  committed, nobody has been told
    before_ack    a task is done, its message not acknowledged
"""

import os
import signal
import threading
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

WEB_POINTS = ("before_lock", "after_lock", "after_entry", "before_commit", "after_commit")
WORKER_POINTS = (*WEB_POINTS, "before_ack")

BULLETS = Path(os.environ.get("FAULT_BULLETS", "/nowhere"))

_armed = threading.local()


def point(name: str) -> None:
    """Die here, if it is our turn."""
    if _hit(name):
        os.kill(os.getpid(), signal.SIGKILL)


def _hit(name: str) -> bool:
    try:
        (BULLETS / name).unlink()
    except OSError:
        return False
    return True


def install(*, lock: str, entry: str) -> None:
    """Put the points around statements that contain `lock` and `entry`, and around the commits of transactions that sent the first."""

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        locks, posts = lock in sql, entry in sql
        if locks:
            point("before_lock")
            _armed.on = True
            if _hit("after_lock"):
                threading.Timer(0.001, os.kill, (os.getpid(), signal.SIGKILL)).start()
        answer = execute(sql, params, many, context)
        if posts:
            point("after_entry")
        return answer

    def watch(connection: Any, **_: Any) -> None:
        if statement not in connection.execute_wrappers:
            connection.execute_wrappers.append(statement)

    connection_created.connect(watch, weak=False)
    commit, rollback = BaseDatabaseWrapper._commit, BaseDatabaseWrapper._rollback

    def committing(self: BaseDatabaseWrapper) -> None:
        armed = getattr(_armed, "on", False)
        if armed:
            point("before_commit")
        commit(self)
        _armed.on = False
        if armed:
            point("after_commit")

    def rolling_back(self: BaseDatabaseWrapper) -> None:
        _armed.on = False
        rollback(self)

    BaseDatabaseWrapper._commit, BaseDatabaseWrapper._rollback = committing, rolling_back

"""Threads with connections of their own that start at one instant, and ways to take a lock off to see the race it prevents."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

Work = Callable[[], Any]


def at_once(works: Sequence[Work]) -> list[Any]:
    """What each of `works` returned or raised, in their order; all begin when every thread has its connection."""
    barrier = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            results[number] = works[number]()
        except Exception as error:  # noqa: BLE001 - an outcome like another
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return results


def raised(results: Sequence[Any], kind: type[Exception] = Exception) -> list[Exception]:
    return [result for result in results if isinstance(result, kind)]


def posted(results: Sequence[Any]) -> list[Any]:
    return [result for result in results if not isinstance(result, Exception)]


@contextmanager
def changed(change: Callable[[str], str], *functions: str) -> Iterator[None]:
    """The posting functions with their text changed, and put back after. Raises AssertionError when nothing changes."""
    shipped = {}
    with connection.as_owner(), connection.cursor() as cursor:
        for name in functions:
            cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [name])
            shipped[name] = cursor.fetchone()[0]
        for name, text in shipped.items():
            assert change(text) != text, f"{name} has nothing to change"
        for text in shipped.values():
            cursor.execute(change(text).replace("%", "%%"), [])
    try:
        yield
    finally:
        with connection.as_owner(), connection.cursor() as cursor:
            for text in shipped.values():
                cursor.execute(text.replace("%", "%%"), [])


LOCKING = (
    "credits_issue",
    "credits_consume",
    "credits_lock_home",
    "credits_expire",
    "credits_lock_many",
)


def without_lock(seconds: float = 0.01) -> Any:
    """No posting waits for its wallet; and each dawdles where it would have, so that two meet."""

    def unlock(text: str) -> str:
        return re.sub(
            r" FOR NO KEY UPDATE( OF w)?( *\n *\) AS locked)?;",
            rf"\2; IF pg_sleep({seconds}) IS NULL THEN NULL; END IF;",
            text,
        )

    return changed(unlock, *LOCKING)


def without_replay() -> Any:
    """No use looks whether its key was there before; only the unique index still knows."""

    def forget(text: str) -> str:
        return re.sub(r"EXISTS \(SELECT FROM credits_entry [^)]*\)", "false", text)

    return changed(forget, "credits_consume")


@contextmanager
def without_index(name: str, definition: str) -> Iterator[None]:
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE credits_wallet, outbox_event, outbox_job CASCADE")
            cursor.execute(f"CREATE UNIQUE INDEX {name} ON {definition}")

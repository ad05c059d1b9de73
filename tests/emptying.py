"""Emptying the test database after a transactional test: only the tables in which there is something, as the superuser.

Django's own way truncates every table, with a new file for each of them and each of their indexes, and then writes the content
types and permissions anew: most of what a small transactional test took.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection
from django.test import TransactionTestCase

from .superuser import superuser_address

KEPT = {"django_migrations", "django_content_type", "auth_permission"}
"""What migrations and Django put there themselves."""


class Emptier:
    """Deletes all rows but those of KEPT, without triggers, foreign keys or policies having a say."""

    def __init__(self, address: str) -> None:
        self.address, self.open, self.filled = address, None, ""

    def __call__(self) -> None:
        if self.open is None or self.open.closed:
            self.open = psycopg.connect(self.address, dbname=connection.settings_dict["NAME"], autocommit=True)
            self.open.execute("SET session_replication_role = replica")
            self.filled = self._asking()
        filled = [name for (name,) in self.open.execute(self.filled)]
        for name in filled:
            self.open.execute(f'DELETE FROM "{name}"')

    def _asking(self) -> str:
        tables = self.open.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        return " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for (name,) in tables if name not in KEPT
        )


@contextmanager
def installed() -> Iterator[None]:
    """Transactional tests end that way meanwhile, where the servers are this run's own."""
    address, djangos = superuser_address(), TransactionTestCase._fixture_teardown
    if not address:
        yield
        return
    empty = Emptier(address)
    TransactionTestCase._fixture_teardown = lambda self: empty()
    yield
    TransactionTestCase._fixture_teardown = djangos
    if empty.open is not None:
        empty.open.close()  # the database is dropped next

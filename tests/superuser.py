"""Being the cluster's superuser, whom nothing stops: for tests of what is left when every lock is off."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection


def superuser_address() -> str:
    """The superuser's address of this run's servers, "" where somebody else's are used."""
    return os.environ.get("TEST_SUPERUSER_URL", "")


def superuser_url() -> str:
    """The superuser's address of this run's servers; skips the test where somebody else's servers are used."""
    url = superuser_address()
    if not url:
        pytest.skip("TEST_SUPERUSER_URL is not set: these servers were not started by this run")
    return url


@contextmanager
def as_superuser() -> Iterator[None]:
    """Django's connection is the superuser's for a while. For transactional tests: what was open is closed."""
    at = urlsplit(superuser_url())
    app = connection.settings_dict
    connection.close()
    connection.settings_dict = {**app, "USER": at.username, "PASSWORD": at.password}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = app


@contextmanager
def superuser_connection() -> Iterator[psycopg.Connection]:
    """A connection of its own to the test database, where each statement is a transaction."""
    with psycopg.connect(superuser_url(), dbname=connection.settings_dict["NAME"], autocommit=True) as open_connection:
        yield open_connection

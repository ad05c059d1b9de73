"""A migration that does not get its table gives up soon, says so, and has done nothing."""

import time

import pytest
from django.apps import apps
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython

from tests.superuser import superuser_connection

REPEATABLE = (RunPython, AddIndexConcurrently)


def stands():
    """Whether the column, the table and the note of the migration are there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.columns WHERE column_name = 'next_version'")
        columns = cursor.fetchone()[0]
        cursor.execute("SELECT to_regclass('next_version_first') IS NOT NULL")
        table = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM django_migrations WHERE app = 'web'")
        return columns, table, cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_a_table_in_use(settings):
    settings.MIGRATION_MODULES = {"web": "tests.next_version.migrations"}

    def migrate(to, patience):
        call_command("migrate", "web", to, lock_timeout=patience, verbosity=0)

    with superuser_connection() as other:
        with other.transaction():
            other.execute("LOCK TABLE credits_wallet IN ACCESS SHARE MODE")  # as whoever reads from it does
            pid = other.info.backend_pid
            time.sleep(0.2)
            began = time.monotonic()
            with pytest.raises(CommandError) as gave_up:
                migrate("0001", 0.2)
            took = time.monotonic() - began
            assert stands() == (0, False, 0)
        words = str(gave_up.value)
        assert words.startswith("web.0001_column gave up: for 0.2 seconds")
        assert "Nothing of it was applied" in words
        assert f"process {pid} of postgres" in words or "pg_stat_activity names it" in words
        assert took < 5
        migrate("0001", 3)
        assert stands() == (1, True, 1)
        with other.transaction():
            other.execute("LOCK TABLE credits_wallet IN ACCESS SHARE MODE")
            with pytest.raises(CommandError):
                migrate("zero", 0.1)
        assert stands() == (1, True, 1)
        migrate("zero", 3)
        assert stands() == (0, False, 0)


def test_each_migration_is_one_transaction():
    """Or one that gives up would leave half of itself; except where all that it does can be begun again: data filled in by turns, or an
    index made beside those who write."""
    ours = {config.label for config in apps.get_app_configs() if not config.name.startswith(("django", "allauth"))}
    loader = MigrationLoader(None)
    several = [
        key
        for key, migration in loader.disk_migrations.items()
        if key[0] in ours
        and not migration.atomic
        and not (len(migration.operations) == 1 and type(migration.operations[0]) in REPEATABLE)
    ]
    assert several == []

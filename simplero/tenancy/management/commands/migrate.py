from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError

from simplero.tenancy import trouble
from simplero.tenancy.database import connection

PATIENCE = 3.0
"""Seconds that a migration waits for a table which others are using: as long, whoever asks for that table waits behind it."""

NOT_TO_BE_HAD = "55P03"


class Command(migrate.Command):
    """Migrations run as the owner, who alone may change tables. One that does not get its lock soon gives up, and the application is
    as it was: each migration is one transaction."""

    _at = ""

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-timeout",
            type=float,
            default=PATIENCE,
            metavar="SECONDS",
            help=f"give up on a table that others use for longer than this ({PATIENCE:.0f}); they wait as long",
        )

    def handle(self, *args: Any, **options: Any) -> Any:
        if "OWNER" in connection.settings_dict and connection.settings_dict["OWNER"] is None:
            return super().handle(*args, **options)  # we are the owner already: a test database is being made
        with connection.as_owner():
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{max(1, round(options['lock_timeout'] * 1000))}ms'")
            try:
                return super().handle(*args, **options)
            except OperationalError as error:
                if trouble.code(error) != NOT_TO_BE_HAD:
                    raise
                raise CommandError(_gave_up(self._at, options["lock_timeout"])) from error

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        """Called by Django before and after each migration."""
        if action == "apply_start" or action == "unapply_start":
            self._at = str(migration)
        super().migration_progress_callback(action, migration, fake)


def _gave_up(migration: str, seconds: float) -> str:
    holders = "; ".join(_at_work(seconds))
    return (
        f"{migration or 'A migration'} gave up: for {seconds:g} seconds somebody else's transaction has held a table that it changes. "
        "Nothing of it was applied, the migrations before it were, and the application goes on as before. "
        "Run this command again when that transaction has ended"
        + (f"; open for as long: {holders}." if holders else " (pg_stat_activity names it).")
    )


def _at_work(seconds: float) -> list[str]:
    """Who has had a transaction open for so long without waiting for others itself, as far as the owner may see."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT format('process %%s of %%s, %%s seconds', pid, usename, extract(epoch FROM clock_timestamp() - xact_start)::int)
                 FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND wait_event_type IS DISTINCT FROM 'Lock' AND xact_start < clock_timestamp() - %s * interval '1 second'
                ORDER BY xact_start LIMIT 5""",
            [seconds],
        )
        return [row[0] for row in cursor.fetchall()]

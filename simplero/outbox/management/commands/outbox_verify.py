from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

LATE = 60
"""Seconds after which a due job that nobody has is a sign that no worker or scheduler lives."""


class Command(BaseCommand):
    help = f"See whether anything has been due for more than {LATE} seconds with nobody at it; say what and exit 1."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT kind, count(*), extract(epoch FROM ledger_now() - min(ready))::bigint
                     FROM (SELECT kind, coalesce(leased_until, due) AS ready FROM outbox_job) AS job
                    WHERE ready < ledger_now() - %s * interval '1 second' GROUP BY kind ORDER BY kind""",
                [LATE],
            )
            late = cursor.fetchall()
        for kind, count, seconds in late:
            self.stdout.write(f"{kind}: {count:,} due, the first for {seconds:,} seconds")
        if late:
            raise CommandError("Jobs wait and nobody does them: see whether worker and scheduler run.")
        self.stdout.write("Nothing waits that should be done.")

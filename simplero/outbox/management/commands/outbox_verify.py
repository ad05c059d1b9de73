from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from simplero.outbox import subscribers
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope

LATE = 60
"""Seconds after which a due job that nobody has is a sign that no worker or scheduler lives."""


class Command(BaseCommand):
    help = f"See whether anything has been due for more than {LATE} seconds with nobody at it, or was put aside; say what and exit 1."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--again", action="store_true", help="let events that were put aside be delivered once more"
        )

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
        aside = 0
        for account in Account.objects.order_by("pk"):
            with scope(account):
                if count := subscribers.put_aside(account):
                    aside += count
                    self.stdout.write(f"{account.slug}: {count:,} events put aside, since somebody could not hear them")
                    if options["again"]:
                        subscribers.try_again(account)
        if aside and not options["again"]:
            raise CommandError("The log says why. Once that is mended: manage.py outbox_verify --again")
        if late:
            raise CommandError("Jobs wait and nobody does them: see whether worker and scheduler run.")
        self.stdout.write("Nothing waits that should be done.")

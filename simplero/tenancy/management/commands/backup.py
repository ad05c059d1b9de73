from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError

from simplero.tenancy import backups

KEEP = 35
"""Days. So long somebody who was erased may still stand in a backup."""


class Command(BaseCommand):
    help = "Write all accounts' data, as it is at this instant, to a file; the application goes on meanwhile."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="where to; var/backups/simplero-<time>.dump")
        parser.add_argument(
            "--keep", type=int, default=KEEP, metavar="DAYS", help=f"remove the folder's older backups ({KEEP})"
        )
        parser.add_argument(
            "--only-erased", action="store_true", help="only bring the list of who has been erased up to date; often"
        )

    def handle(self, *args: Any, file: Path | None, keep: int, only_erased: bool, **options: Any) -> None:
        began = datetime.now(UTC)
        file = file or settings.BASE_DIR / "var" / "backups" / backups.file_name(began)
        try:
            if not only_erased:
                if not settings.BACKUP_DATABASE_URL:
                    raise backups.BackupError(
                        "Set BACKUP_DATABASE_URL to the address of a role that may read everything."
                    )
                made = backups.take(settings.BACKUP_DATABASE_URL, file)
                rows, took = sum(made.rows.values()), (datetime.now(UTC) - began).total_seconds()
                self.stdout.write(
                    f"{file}: {rows:,} rows of {len(made.rows)} tables, {made.bytes:,} bytes, {took:.1f} s."
                )
            erased = backups.note_erased(file.parent, erasures())
            self.stdout.write(f"{file.parent / backups.ERASED}: {erased:,} erased for good.")
            for old in [] if only_erased else backups.forget_old(file.parent, days=keep, now=began):
                self.stdout.write(f"Removed {old}, older than {keep} days.")
        except backups.BackupError as error:
            raise CommandError(str(error)) from error


def erasures() -> list[str]:
    """Who has been erased, one line each, as `manage.py erasures` says it."""
    if "erasures" not in get_commands():
        return []
    said = StringIO()
    call_command("erasures", stdout=said)
    return said.getvalue().splitlines()

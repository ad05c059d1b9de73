"""`make faults`: servers that write to disk, then the tests that kill everything. FAULT_SEED repeats a run, FAULT_PROFILE=long is
the whole of it; further arguments are pytest's."""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.faults.stage import ROOT, Postgres, Redis, Stage


def main() -> int:
    os.environ.setdefault("FAULT_SEED", str(random.SystemRandom().randrange(10**6)))
    print(f"FAULT_SEED={os.environ['FAULT_SEED']}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="simplero-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as another user
        with Postgres(folder / "postgres") as postgres, Redis(folder / "redis") as redis:
            os.environ |= {
                "DATABASE_URL": postgres.app_url,
                "DATABASE_OWNER_URL": "",
                "TEST_SUPERUSER_URL": postgres.superuser_url,
                "REDIS_URL": redis.url,
                "SECRET_KEY": "for tests only, and long enough to be taken for a real one: 0123456789",
                "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
                "SITE_URL": "http://127.0.0.1",
                "DEMO": "1",
                "OUTBOX_LEASE": "1",
                "LOG_LEVEL": "WARNING",
            }
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
            subprocess.run(migrate, cwd=ROOT, env={**os.environ, "DATABASE_OWNER_URL": postgres.owner_url}, check=True)
            Stage.prepare(folder, postgres, redis)
            return int(pytest.main([str(Path(__file__).parent), *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())

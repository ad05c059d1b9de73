"""Real servers for every run, and one small world that always has a second account with something to leak."""

import os
import tempfile
from pathlib import Path

import pytest


def pytest_configure(config):
    """Before Django reads its settings: addresses of servers of our own, shared by the workers of a parallel run."""
    os.environ.setdefault("SECRET_KEY", "tests only, and long enough to be taken for a real one: 0123456789")
    os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
    os.environ.setdefault("DEMO", "1")  # plain http, and the outbox page
    if hasattr(config, "workerinput") or "DATABASE_URL" in os.environ:
        return
    from simplero.launch.postgres import EmbeddedPostgres
    from simplero.launch.redis import EmbeddedRedis

    folder = tempfile.TemporaryDirectory(prefix="simplero-tests-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o755)
    postgres = EmbeddedPostgres(Path(folder.name) / "postgres", durable=False)
    redis = EmbeddedRedis(Path(folder.name) / "redis", durable=False)
    for server in (postgres, redis):
        server.start()
        config.add_cleanup(server.stop)
    config.add_cleanup(folder.cleanup)
    os.environ.update(
        DATABASE_URL=postgres.app_url,
        DATABASE_OWNER_URL=postgres.owner_url,
        TEST_SUPERUSER_URL=postgres.superuser_url,
        REDIS_URL=redis.url,
    )

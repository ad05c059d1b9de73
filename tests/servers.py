"""A pytest plugin: a real Postgres and a real Redis for the run, started before Django reads its settings.

With `DATABASE_URL` (and `DATABASE_OWNER_URL`) or `REDIS_URL` in the environment those servers are used instead.
"""

import os
import tempfile
from pathlib import Path

import pytest

from simplero.launch.postgres import EmbeddedPostgres
from simplero.launch.redis import EmbeddedRedis

_stop = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config, parser, args):
    os.environ.setdefault("SECRET_KEY", "for tests only, and long enough to be taken for a real one: 0123456789")
    os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
    os.environ.setdefault("DEMO", "1")  # plain http, and the outbox page
    if "DATABASE_URL" not in os.environ:  # and so not a worker of a parallel run, which inherits its parent's
        postgres = _started(EmbeddedPostgres)
        os.environ.update(
            DATABASE_URL=postgres.app_url,
            DATABASE_OWNER_URL=postgres.owner_url,
            TEST_SUPERUSER_URL=postgres.superuser_url,
            TEST_TEMPLATE_FOLDER=_folder(),
        )
    if "REDIS_URL" not in os.environ:
        os.environ["REDIS_URL"] = _started(EmbeddedRedis).url
    return (yield)


def _folder():
    folder = tempfile.TemporaryDirectory(prefix="simplero-tests-", ignore_cleanup_errors=True)
    _stop.append(folder.cleanup)
    Path(folder.name).chmod(0o755)  # the server may run as another user
    return folder.name


def _started(kind):
    server = kind(Path(_folder()) / "data", durable=False)
    server.start()
    _stop.append(server.stop)
    return server


def pytest_unconfigure(config):
    while _stop:
        _stop.pop()()

"""What `make backup` finds: the server that `make run` has started."""

import psycopg
import pytest

from simplero.launch.errors import AlreadyRunning, LaunchError
from simplero.launch.postgres import DATABASE, EmbeddedPostgres


def test_meets_the_server_that_runs(cluster):
    with EmbeddedPostgres(cluster, durable=False) as running:
        other = EmbeddedPostgres(cluster, durable=False)
        with pytest.raises(AlreadyRunning):
            other.start()
        other.meet()
        assert other.superuser_url == running.superuser_url
        with psycopg.connect(other.superuser_url, dbname=DATABASE) as superuser:
            assert superuser.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(LaunchError, match="being started or stopped"):
        other.meet()

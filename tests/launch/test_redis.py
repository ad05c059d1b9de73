"""A Redis of our own keeps what was queued."""

from pathlib import Path

import pytest
import redis

from simplero.launch.errors import AlreadyRunning
from simplero.launch.redis import EmbeddedRedis


def test_queued_tasks_outlive_kill(folder: Path) -> None:
    killed = EmbeddedRedis(folder)
    killed.start()
    with redis.Redis.from_url(killed.url) as connection:
        connection.rpush("queue", "first", "second")
    killed.process.kill()
    killed.stop()

    with EmbeddedRedis(folder) as server, redis.Redis.from_url(server.url) as connection:
        assert connection.lrange("queue", 0, -1) == [b"first", b"second"]
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_only_who_knows_the_password_gets_in(folder: Path) -> None:
    with EmbeddedRedis(folder, durable=False) as server, redis.Redis(port=server.port, retry=None) as stranger:
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert (folder / "redis.conf").stat().st_mode & 0o077 == 0


def test_a_folder_has_one_server(folder: Path) -> None:
    with EmbeddedRedis(folder, durable=False), pytest.raises(AlreadyRunning):
        EmbeddedRedis(folder, durable=False).start()


def test_server_left_over_is_stopped_first(folder: Path, gone) -> None:
    left_over = EmbeddedRedis(folder)
    left_over.start()
    left_over._lock.release()  # what the end of its launcher does, where the kernel tells no children
    with EmbeddedRedis(folder) as server, redis.Redis.from_url(server.url) as connection:
        assert connection.ping()
        assert gone(left_over.process.pid)
    assert left_over.process.wait(20) == 0

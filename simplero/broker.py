"""Kombu's Redis transport, which a lost broker does not end.

A worker whose broker goes away closes its connection twice, and puts back what it has not acknowledged; what children end after
that is acknowledged. Kombu 5.7 asks the closed connection for its host name then, and the AttributeError is taken for something
that no worker can recover from. Said as what it is, an error of the connection, it is passed over, and the worker connects again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """A client of the broker. Raises ConnectionError when the connection is closed."""
        if client is None and getattr(self.connection, "client", None) is None:
            raise ConnectionError("the connection to the broker is closed")
        with super().conn_or_acquire(client) as found:
            yield found


class Transport(redis.Transport):
    Channel = Channel

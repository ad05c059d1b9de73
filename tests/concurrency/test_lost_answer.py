"""The answer is lost after the commit: the client asks again with its key, and there is one entry (F4)."""

import select
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from django.db import OperationalError, connection

from credits.models import Entry
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures

pytestmark = pytest.mark.django_db(transaction=True)


class Cut:
    """Between client and server; cuts the line once the server has answered a COMMIT, before the client hears of it."""

    def __init__(self, host: str, port: int) -> None:
        self.server = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.server) as server, suppress(OSError):
            while True:
                for ready in select.select([client, server], [], [], 10)[0]:
                    said = ready.recv(65536)
                    if not said:
                        return
                    (server if ready is client else client).sendall(said)
                    if ready is client and b"COMMIT" in said:
                        server.recv(65536)  # it has committed
                        self.cuts += 1
                        return


@contextmanager
def line_that_is_cut() -> Iterator[Cut]:
    """Django's connection of this thread goes over a line that is cut after each COMMIT."""
    straight = connection.settings_dict
    cut = Cut(straight["HOST"], int(straight["PORT"]))
    connection.close()
    connection.settings_dict = {**straight, "HOST": "127.0.0.1", "PORT": cut.port}
    try:
        yield cut
    finally:
        connection.close()
        connection.settings_dict = straight
        cut.listener.close()


def consume_over_a_bad_line(world, keys):
    """Ask with the first key over the line that is cut, then with the second over a good one."""
    with line_that_is_cut() as cut, pytest.raises(OperationalError):
        factories.consume(world, 1, key=keys[0])
    assert cut.cuts == 1
    return factories.consume(world, 1, key=keys[1])


def test_asked_again_with_its_key(acme):
    factories.issue(acme, 30)
    for number in range(10):
        answer = consume_over_a_bad_line(acme, [uuid.uuid4()] * 2)
        assert answer.replayed
        assert answer.balance_after == 29 - number
    assert figures(acme).free == 20
    with scope(acme.account):
        assert Entry.objects.filter(kind="consume").count() == 10


def test_asked_again_without_its_key(acme):
    """The negative control: without the same key the client pays twice."""
    factories.issue(acme, 30)
    assert not consume_over_a_bad_line(acme, [uuid.uuid4(), uuid.uuid4()]).replayed
    assert figures(acme).free == 28

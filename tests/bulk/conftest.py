import pytest

from .desk import Desk


@pytest.fixture
def desk(client, acme, zen):
    """The owner's browser in acme; zen beside it."""
    client.force_login(acme.owner)
    return Desk(client, acme)

import pytest


@pytest.fixture
def desk(client, acme, zen):
    """A browser in which acme's assistant is signed in; zen is there to leak."""
    client.force_login(acme.assistant)
    return client

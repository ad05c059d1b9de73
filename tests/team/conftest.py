"""A rate limit of its own for each test, and the links that mail carries."""

import re
from uuid import uuid4

import pytest

from simplero.mail.models import Message
from simplero.team import services
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _own_limits(settings):
    """Redis outlives a test, and so would the attempts counted in it."""
    caches = {name: {**options, "KEY_PREFIX": uuid4().hex} for name, options in settings.CACHES.items()}
    settings.CACHES = caches


@pytest.fixture(autouse=True)
def _mail_as_rows(settings):
    """pytest-django would keep mail in memory, outside the transaction that writes it."""
    settings.EMAIL_BACKEND = "simplero.mail.backend.RowsBackend"


@pytest.fixture
def sign_in():
    """Sign a client in through the page; returns the answer."""

    def through_the_page(client, email, password=PASSWORD, **more):
        return client.post("/accounts/login/", {"login": email, "password": password, **more})

    return through_the_page


@pytest.fixture
def link():
    """The path of the link in the newest message to an address."""

    def newest(email):
        message = Message.objects.filter(to=[email]).latest("id")
        return re.search(r"https?://[^/\s]+(/\S+)", message.text).group(1)

    return newest


@pytest.fixture
def signed_in(client, acme):
    """A client signed in as the owner of acme."""
    client.force_login(acme.owner)
    return client


@pytest.fixture
def invited(acme, zen):
    for world in (acme, zen):
        with scope(world.account):
            services.invite(
                account=world.account,
                email=f"new@{world.slug}.example",
                role="assistant",
                link_to=lambda token: f"http://testserver/invitations/?token={token}",
                actor=Actor("user", world.owner.pk),
            )

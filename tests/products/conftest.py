"""A Stripe of its own for each test that asks for one."""

import pytest

from products.services import gateways
from simplero.tenancy.scope import scope
from tests.stripe_fake.fake import KEY, SECRET, Stripe
from tests.stripe_fake.server import serve


@pytest.fixture
def stripe(settings):
    """A fake Stripe, which the application takes for the real one."""
    fake = Stripe()
    settings.STRIPE_API, end = serve(fake)
    yield fake
    end()


@pytest.fixture
def connect(stripe):
    """`connect(world)`: the business has connected Stripe; returns the path where Stripe posts."""

    def connected(world, key=KEY, secret=SECRET):
        stripe.keys.add(key)
        with scope(world.account):
            gateways.keep_key(account=world.account, key=key, actor=world.actor)
            gateways.keep_webhook_secret(account=world.account, secret=secret, actor=world.actor)
            return f"/hooks/stripe/{gateways.token(world.account)}"

    return connected

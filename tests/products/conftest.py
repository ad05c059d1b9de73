"""Whom tests of products ask: a Stripe of its own, and a browser in front of Sales → Products."""

import pytest
from django.test import Client

from products.services import gateways
from simplero.tenancy.scope import scope
from tests.stripe_fake.fake import KEY, SECRET, Stripe
from tests.stripe_fake.server import serve

from . import shop
from .desk import Desk


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


@pytest.fixture
def sales(acme, zen):
    """An admin of acme in front of Sales → Products; zen is there to leak."""
    client = Client()
    client.force_login(acme.admin)
    return Desk(client, acme)


@pytest.fixture
def desk(acme, zen):
    """A browser in which acme's admin is signed in; zen is there to leak."""
    client = Client()
    client.force_login(acme.admin)
    return client


@pytest.fixture
def pack(acme):
    """A session for €100, and ways to be paid."""
    shop.takes_money(acme)
    made = shop.product(acme, "Pack")
    shop.price(acme, made, 10_000)
    return made

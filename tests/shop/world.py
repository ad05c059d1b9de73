"""Customers in their browsers."""

from django.test import Client

from contacts import signin
from simplero.tenancy.scope import scope


def customer(world, contact=None):
    """A browser in which `contact` (Ann, of the world) is signed in to the world's shop."""
    client = Client()
    with scope(world.account):
        token = signin.begin_session(account=world.account, contact=contact or world.contact)
    client.cookies[f"customer-{world.slug}"] = token
    return client

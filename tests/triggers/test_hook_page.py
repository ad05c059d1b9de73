"""The page of a trigger that other systems call: its address, an example, and the last calls."""

import json

import pytest
from django.test import Client

from automations.models import State
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved
from tests.automations.flows import work
from tests.credits.pages.conftest import text
from triggers.services import hooks

from .conftest import at
from .world import consume, firings, fresh, trigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(desk, acme):
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@example.com")
    factories.issue(acme, 3)
    return trigger(acme, "hook.received", consume(acme, 1), on=False)


def address(world, made):
    with scope(world.account):
        return f"/hooks/in/{hooks.address_of(world.account, fresh(world, made))}"


def call(path, **said):
    return Client().post(path, json.dumps(said), content_type="application/json")


def test_switched_on_it_has_an_address_that_sets_it_off(desk, acme, made):
    assert "No address yet" in text(desk.get(at(made)))
    desk.post(at(made, "switch"), {"on": "1"})
    path = address(acme, made)
    page = desk.get(at(made))
    assert page.content.decode().count(path) == 2  # to copy, and in the example
    assert "Nobody has called yet." in text(page)
    for _ in range(2):
        assert call(path, email="ann@example.com", id="booking-1").status_code == 202
    call(path, email="nobody@example.com")
    work()
    assert firings(acme, made) == [("Ann Lee", State.FINISHED, "")]
    page = text(desk.get(at(made)))
    assert "Ann Lee Taken booking-1" in page
    assert "No such contact" in page
    assert "Its address was called Ann Lee" in text(desk.get(at(made, "log")))


def test_a_new_address_takes_the_place_of_the_one_before(desk, acme, made):
    desk.post(at(made, "switch"), {"on": "1"})
    old = address(acme, made)
    assert "stops working at once" in text(desk.get(at(made, "address/new")))
    desk.post(at(made, "address/new"))
    assert address(acme, made) != old
    assert call(old, email="ann@example.com").status_code == 404
    assert call(address(acme, made), email="ann@example.com").status_code == 202


def test_deleted_it_has_none(desk, acme, made):
    desk.post(at(made, "switch"), {"on": "1"})
    path = address(acme, made)
    desk.post(at(made, "delete"))
    assert call(path, email="ann@example.com").status_code == 404
    assert "It has no address any more." in text(desk.get(at(made)))
    with nothing_moved():
        desk.post(at(made, "address/new"))


def test_only_a_trigger_that_is_called_has_one(desk, acme):
    other = trigger(acme, "contact.created")
    with nothing_moved():
        desk.post(at(other, "address/new"))
    assert "Its address" not in text(desk.get(at(other)))

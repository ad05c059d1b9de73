"""Several people at the webhooks of an account at one instant."""

import threading
import time
import uuid

import pytest
from django.test import Client

from automations.models import Endpoint
from automations.services import endpoints as services
from simplero.lib.calling import Address
from simplero.tenancy.scope import scope
from tests.factories import inside

from .racing import at_once, posted, raised

pytestmark = pytest.mark.django_db(transaction=True)

WHERE = Address("hooks.example.com", "/in")


def add(world, name, key=None):
    with scope(world.account):
        return services.add(account=world.account, name=name, address=WHERE, key=key, actor=world.actor)


def test_one_form_sent_at_once_is_one_webhook(acme, zen):
    key = uuid.uuid4()
    made = at_once([lambda: add(acme, "Tool", key)] * 6)
    assert raised(made) == []
    assert {one.public_id for one in made} == {key}


def test_no_more_are_added_at_once_than_there_may_be(acme, zen, monkeypatch):
    monkeypatch.setattr(services, "MOST", 2)
    answers = at_once([lambda name=f"Tool {number}": add(acme, name) for number in range(6)])
    assert len(posted(answers)) == 2
    assert len(raised(answers, services.TooManyEndpoints)) == 4


@pytest.mark.parametrize(("path", "status"), [("delete", 303), ("secret/new", 404), ("test", 404)])
def test_what_is_deleted_under_a_form_is_no_error(acme, zen, path, status):
    here = add(acme, "Tool")
    deleted = threading.Event()

    def deleting():
        with scope(acme.account):
            services.delete(account=acme.account, endpoint=here, actor=acme.actor)
            deleted.set()
            time.sleep(0.5)  # until then the other still sees it, and waits for its row

    def sending():
        client = Client(raise_request_exception=False)
        client.force_login(acme.admin)
        assert deleted.wait(timeout=10)
        form = {"name": "Mine", "address": "https://hooks.example.com/in"}
        return client.post(f"/a/acme/settings/webhooks/{here.public_id}/{path}", form).status_code

    assert at_once([deleting, sending])[1] == status
    with inside(acme):
        assert Endpoint.objects.filter(deleted_at=None).count() == 0

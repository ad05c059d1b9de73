import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from simplero.mail.models import Message
from simplero.tenancy.models import User
from tests.conftest import PASSWORD

PAGE = "/accounts/email/"


@pytest.fixture
def owner(acme, client):
    EmailAddress.objects.create(user=acme.owner, email=acme.owner.email, primary=True, verified=True)
    client.force_login(acme.owner)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def change(client, email):
    return client.post(PAGE, {"email": email, "action_add": ""})


def test_counts_once_the_link_was_followed(owner, acme, link, sign_in):
    assert change(owner, "New@Acme.example").status_code == 302
    assert User.objects.get(pk=acme.owner.pk).email == "owner@acme.example"
    assert "new@acme.example" in owner.get(PAGE).text
    path = link("new@acme.example")
    owner.get(path)
    assert User.objects.get(pk=acme.owner.pk).email == "owner@acme.example", (
        "a scanner that opens the link changes nothing"
    )
    owner.post(path)
    assert User.objects.get(pk=acme.owner.pk).email == "new@acme.example"
    assert EmailAddress.objects.get(user=acme.owner).email == "new@acme.example"
    old, new = Client(), Client()
    sign_in(old, "owner@acme.example")
    sign_in(new, "new@acme.example")
    assert old.get("/me/").status_code == 302
    assert new.get("/me/").status_code == 200
    assert Message.objects.filter(to=["owner@acme.example"]).exists(), "the old address is told"


def test_asks_for_the_password_first(client, acme):
    """Else a moment at an open browser would be enough to take the sign-in away."""
    client.force_login(acme.owner)
    asked = change(client, "new@acme.example")
    assert asked.url.startswith("/accounts/reauthenticate/")
    assert not Message.objects.exists()
    client.post(asked.url, {"password": "wrong"})
    assert not Message.objects.exists()
    client.post(asked.url, {"password": PASSWORD})
    assert Message.objects.get().to == ["new@acme.example"]


def test_can_be_called_off(owner, acme, link):
    change(owner, "new@acme.example")
    path = link("new@acme.example")
    owner.post(PAGE, {"email": "new@acme.example", "action_remove": ""})
    assert owner.post(path).status_code in (200, 302, 404)
    assert User.objects.get(pk=acme.owner.pk).email == "owner@acme.example"


def test_not_to_the_address_of_somebody_else(owner, acme, zen):
    change(owner, "owner@zen.example")
    assert not EmailAddress.objects.filter(user=acme.owner, email="owner@zen.example").exists()
    assert User.objects.get(pk=acme.owner.pk).email == "owner@acme.example"


def test_somebody_else_took_the_address_meanwhile(owner, acme, link):
    change(owner, "new@acme.example")
    path = link("new@acme.example")
    User.objects.create_user("new@acme.example", "correct horse battery", name="Quick")
    assert owner.get(path).status_code == 200
    assert owner.post(path).status_code in (200, 302)
    assert User.objects.get(pk=acme.owner.pk).email == "owner@acme.example"

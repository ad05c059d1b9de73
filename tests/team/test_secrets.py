import logging

from django.test import Client

from simplero.mail.models import Message
from simplero.team.models import Invitation
from tests.conftest import PASSWORD
from tests.team.steps import NEW_PASSWORD, ask_for_reset, follow_reset


def test_nothing_secret_is_logged(client, acme, sign_in, link, caplog):
    caplog.set_level(logging.DEBUG)
    sign_in(client, "owner@acme.example", "a wrong canary")
    sign_in(client, "owner@acme.example")
    client.post("/a/acme/settings/members/invite/", {"email": "new@person.example", "role": "admin"})
    invitation = link("new@person.example")
    Client().post(invitation, {"name": "Nia", "password": "a joining canary"})
    ask_for_reset(client, "assistant@acme.example")
    reset = link("assistant@acme.example")
    follow_reset(Client(), reset)
    token, key = invitation.split("=")[1], reset.rstrip("/").split("-", 1)[1]
    for secret in (PASSWORD, NEW_PASSWORD, "canary", token, key, client.session.session_key):
        assert secret not in caplog.text


def test_nothing_secret_is_stored_but_in_mail_that_is_erased(client, acme, sign_in, link):
    client.force_login(acme.owner)
    client.post("/a/acme/settings/members/invite/", {"email": "new@person.example", "role": "admin"})
    token = link("new@person.example").split("=")[1]
    assert token not in str(Invitation.objects.values().get())
    ask_for_reset(client, "assistant@acme.example")
    sign_up = {"name": "Ada", "email": "ada@berg.example", "password1": PASSWORD, "account_name": "Berg"}
    Client().post("/accounts/signup/", {**sign_up, "time_zone": "UTC", "currency": "EUR"})
    lives = {message.to[0]: message.useful_until - message.created_at for message in Message.objects.all()}
    assert {address: round(life.total_seconds()) for address, life in lives.items()} == {
        "new@person.example": 7 * 24 * 3600,
        "assistant@acme.example": 600,
        "ada@berg.example": 3 * 24 * 3600,
    }
    assert all(message.confidential for message in Message.objects.filter(text__contains=token))

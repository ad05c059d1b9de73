"""Who is a customer, of which shop, and for how long."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from contacts.models import CustomerSession
from simplero.tenancy.scope import now, scope

from .world import customer


def sessions(world):
    with scope(world.account, read_only=True):
        return list(CustomerSession.objects.order_by("pk"))


def test_a_shop_is_there_for_anybody_and_only_where_there_is_an_account(acme):
    response = Client().get("/s/acme/")
    assert response.status_code == 200
    assert "Acme" in response.content.decode()
    assert set(response.cookies) <= {"csrf"}  # looking around makes nobody a visitor
    assert Client().get("/s/nobody/").status_code == 404


def test_a_customer_of_one_shop_is_nobody_in_the_other(acme, zen):
    browser = customer(acme)
    browser.cookies["customer-zen"] = browser.cookies["customer-acme"].value
    response = browser.get("/s/acme/account/")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert "Ann" in response.content.decode()
    response = browser.get("/s/zen/account/")
    assert (response.status_code, response["Location"]) == (303, "/s/zen/sign-in/?next=%2Fs%2Fzen%2Faccount%2F")
    assert "Sign in" in browser.get("/s/zen/").content.decode()


def test_staff_are_no_customers(acme):
    browser = Client()
    browser.force_login(acme.owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/a/acme/contacts/").status_code == 200
    assert browser.get("/s/acme/account/").status_code == 303
    page = browser.get("/s/acme/").content.decode()
    assert acme.owner.name not in page


def test_a_session_ends_when_idle_and_when_old(acme, at):
    browser = customer(acme)
    with scope(acme.account):
        began = now()
    for day in range(20, 90, 20):  # used now and then
        at(began + timedelta(days=day))
        assert browser.get("/s/acme/account/").status_code == 200
    at(began + timedelta(days=90, minutes=1))
    assert browser.get("/s/acme/account/").status_code == 303
    browser = customer(acme)
    at(began + timedelta(days=120))
    assert browser.get("/s/acme/account/").status_code == 200
    at(began + timedelta(days=150, minutes=1))
    assert browser.get("/s/acme/account/").status_code == 303


def test_that_a_session_is_in_use_is_noted_once_an_hour(acme, at):
    browser = customer(acme)
    [session] = sessions(acme)
    began = session.seen_at
    for minutes, seen in [(59, 0), (61, 61), (120, 61), (122, 122)]:
        at(began + timedelta(minutes=minutes))
        assert browser.get("/s/acme/account/").status_code == 200
        assert sessions(acme)[0].seen_at == began + timedelta(minutes=seen)


def test_signing_out_ends_the_session_for_whoever_holds_its_token(acme):
    browser, thief = customer(acme), Client()
    thief.cookies["customer-acme"] = browser.cookies["customer-acme"].value
    assert thief.get("/s/acme/account/").status_code == 200
    assert browser.get("/s/acme/sign-out/").status_code == 405
    response = browser.post("/s/acme/sign-out/")
    assert (response.status_code, response["Location"]) == (303, "/s/acme/")
    assert response.cookies["customer-acme"]["max-age"] == 0
    assert sessions(acme) == []
    assert thief.get("/s/acme/account/").status_code == 303
    assert browser.post("/s/acme/sign-out/").status_code == 303  # twice is harmless


@pytest.mark.parametrize("token", ["", "x", "ü" * 43, "a" * 43, "a" * 5000])
def test_a_made_up_token_is_nobody(acme, token):
    browser = Client()
    browser.cookies["customer-acme"] = token
    assert browser.get("/s/acme/account/").status_code == 303


def test_the_shop_wears_its_own_colour(acme, zen):
    acme.account.colour = "#2f6b4f"
    acme.account.save(update_fields=["colour"])
    page = Client().get("/s/acme/").content.decode()
    [href] = re.findall(r'href="(/s/acme/colour\.css[^"]*)"', page)
    response = Client().get(href)
    assert response["Content-Type"].startswith("text/css")
    assert "--shop-fill:light-dark(#2f6b4f," in response.content.decode()
    assert "colour.css" not in Client().get("/s/zen/").content.decode()


def test_what_is_not_there_is_said_by_the_shop(acme, zen):
    assert Client().get("/s/acme/nowhere/").status_code == 404

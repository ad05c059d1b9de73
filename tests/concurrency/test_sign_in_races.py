"""Signing in many times at once: a link lets one in, an address gets its five mails. Each with its negative control."""

import re
import time
from contextlib import nullcontext

import pytest
from django.db import connection
from django.test import Client

from contacts.models import CustomerSession, SignIn
from simplero.mail.models import Message
from simplero.tenancy.scope import scope
from tests import factories

from .racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"


@pytest.fixture
def ann(acme, zen):
    return factories.contact(acme, "Ann Lee", email=ANN)


def slowed(statement, *, without=""):
    """This thread's statements, with a pause before those that hold `statement`, and the words `without` cut out of them."""

    def run(execute, sql, params, many, context):
        if statement in sql:
            time.sleep(0.15)
        if without and without in sql:
            sql, params = (sql.replace(without, ""), params) if "FOR" in without else ("SELECT 1", None)
        return execute(sql, params, many, context)

    return connection.execute_wrapper(run)


def rows(world, model):
    with scope(world.account, read_only=True):
        return model.objects.count()


def asked_at_once(without):
    def ask():
        with slowed('INSERT INTO "contacts_signin"', without=without):
            return Client().post("/s/acme/sign-in/", {"email": ANN}).status_code

    return at_once([ask] * 8)


def test_five_mails_however_many_ask_at_once(acme, ann):
    assert sorted(asked_at_once("")) == [303] * 5 + [429] * 3
    assert (rows(acme, SignIn), Message.objects.count()) == (5, 5)


def test_without_the_lock_there_would_be_more(acme, ann):
    asked_at_once("pg_advisory_xact_lock")
    assert rows(acme, SignIn) > 5


def pressed_at_once(without):
    browser = Client()
    browser.post("/s/acme/sign-in/", {"email": ANN})
    token = re.search(r"token=(\S+)", Message.objects.get().text)[1]
    visitor = browser.cookies["visitor-acme"].value

    def press():
        again = Client()
        again.cookies["visitor-acme"] = visitor
        with slowed('UPDATE "contacts_signin"', without=without) if without else nullcontext():
            return again.post("/s/acme/sign-in/link/", {"token": token}).status_code

    return at_once([press] * 4)


def test_a_link_lets_one_in(acme, ann):
    assert sorted(pressed_at_once("")) == [303, 404, 404, 404]
    assert rows(acme, CustomerSession) == 1


def test_without_the_lock_it_would_let_in_more(acme, ann):
    pressed_at_once(" FOR UPDATE")
    assert rows(acme, CustomerSession) > 1

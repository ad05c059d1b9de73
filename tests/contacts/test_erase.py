"""Erasing: the person goes from every table, the numbers stay, and who was erased stays erased."""

import re

import pytest

from contacts.models import ERASED, Contact, Erasure
from simplero.tenancy.scope import scope

from .world import facts, person, rows, stored, url


@pytest.fixture
def admin(client, acme, zen):
    """A browser in which acme's admin is signed in."""
    client.force_login(acme.admin)
    return client


def test_erases_who_was_asked_for_and_nobody_else(admin, acme, zen):
    ann, bob = person(acme, "Ann Lee", email="ann@example.com", tags=["vip"], notes=["likes tea"]), person(acme, "Bob")
    theirs = person(zen, "Ann Lee", email="ann@example.com")
    before = rows(zen)
    dialog = admin.get(url(acme, ann, "erase"))
    assert "cannot be undone" in dialog.text
    assert admin.post(url(acme, ann, "erase"), {"name": " ann  LEE "}).status_code == 303
    gone = stored(ann)
    assert (gone.name, gone.email, gone.email_key, gone.phone, gone.company) == (ERASED, "", "", "", "")
    assert stored(bob).erased_at is None
    assert rows(zen) == before
    assert stored(theirs).email == "ann@example.com"
    assert facts(acme)[-1] == ("contact.erased", {})
    found = admin.get(url(acme)).text
    assert "Bob" in found
    assert "Ann" not in found
    assert ERASED not in found
    page = admin.get(url(acme, ann))
    assert page.status_code == 200
    assert "The person is gone" in page.text


def test_a_second_click_is_done_already_and_anything_else_is_refused(admin, acme):
    ann = person(acme, "Ann Lee")
    for _ in range(2):
        assert admin.post(url(acme, ann, "erase"), {"name": "Ann Lee"}).status_code == 303
    with scope(acme.account):
        assert Erasure.objects.count() == 1
    before = rows(acme)
    for rest, data in (("edit", {"name": "Ann"}), ("notes/add", {"text": "x"}), ("tags/add", {"tag": "vip"})):
        answer = admin.post(url(acme, ann, rest), data)
        assert answer.status_code == 409
        assert "was erased" in answer.text
    assert rows(acme) == before


def test_another_name_erases_nobody(admin, acme):
    ann = person(acme, "Ann Lee")
    before = rows(acme)
    answer = admin.post(url(acme, ann, "erase"), {"name": "Ann"})
    assert answer.status_code == 422
    assert "not the name" in answer.text
    assert rows(acme) == before


def test_assistants_and_other_accounts_erase_nobody(desk, acme, zen):
    ann, theirs = person(acme, "Ann Lee"), person(zen, "Zoe")
    assert desk.post(url(acme, ann, "erase"), {"name": "Ann Lee"}).status_code == 404
    assert "Erase…" not in desk.get(url(acme, ann)).text
    desk.force_login(acme.admin)
    assert desk.post(url(acme, theirs, "erase"), {"name": "Zoe"}).status_code == 404
    assert stored(theirs).name == "Zoe"
    assert re.search(r"Erase…", desk.get(url(acme, ann)).text)


def test_the_address_can_be_used_again(admin, acme):
    ann = person(acme, "Ann Lee", email="ann@example.com")
    admin.post(url(acme, ann, "erase"), {"name": "Ann Lee"})
    again = person(acme, "Ann Lee", email="ann@example.com")
    with scope(acme.account):
        assert Contact.objects.filter(email_key="ann@example.com").get() == again

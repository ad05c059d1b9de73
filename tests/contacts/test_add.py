import re
import threading
import uuid

import pytest
from django.db import connection

from contacts import services
from contacts.directory import Details
from contacts.errors import EmailTaken
from contacts.models import Contact
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope

from .world import facts, person, rows, url, words_of


def test_the_person_is_kept_found_and_told_of(desk, acme):
    answer = desk.post(
        url(acme, rest="add"),
        {"name": "  Zoë   Østby ", "email": " Zoe@Example.com ", "phone": "+45 20 12", "company": "Voss & Daughters"},
    )
    with scope(acme.account):
        contact = Contact.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == url(acme, contact)
    assert (contact.name, contact.email, contact.phone, contact.company) == (
        "Zoë Østby",
        "Zoe@Example.com",
        "+45 20 12",
        "Voss & Daughters",
    )
    assert (contact.name_key, contact.email_key) == ("zoe ostby", "zoe@example.com")
    assert words_of(contact) == {"zoe", "ostby", "zoe@example.com", "example", "com"}
    assert facts(acme) == [("contact.created", {})]


def test_htmx_is_sent_to_the_new_page(desk, acme):
    answer = desk.post(url(acme, rest="add"), {"name": "Ann"}, headers={"HX-Request": "true"})
    with scope(acme.account):
        contact = Contact.objects.get()
    assert answer["HX-Redirect"] == url(acme, contact)


def test_dialog_and_page_hold_the_same_form(desk, acme):
    page, dialog = desk.get(url(acme, rest="add")), desk.get(url(acme, rest="add"), headers={"HX-Request": "true"})
    assert b"<!doctype html>" in page.content
    assert b"<!doctype html>" not in dialog.content
    for answer in (page, dialog):
        assert b'name="name"' in answer.content
        assert b'name="key"' in answer.content


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Enter a name."),
        ("name", " \u200b ", "Enter a name."),
        ("name", "x" * 121, "Name can be at most 120 characters long; this has 121."),
        ("name", "Ann\0", "Name contains characters that cannot be shown."),
        ("name", "\u202eAnn", "Name contains characters that cannot be shown."),
        ("email", "ann", "Enter an email address like name@example.com."),
        ("email", "a" * 250 + "@x.example", "Email can be at most 254 characters long; this has 260."),
        ("email", "ann\x07@x.example", "Email contains characters that cannot be shown."),
        ("phone", "1" * 41, "Phone can be at most 40 characters long; this has 41."),
        ("company", "c" * 121, "Company can be at most 120 characters long; this has 121."),
    ],
)
def test_what_cannot_be_kept_is_refused_and_stays_in_the_form(desk, acme, field, typed, said):
    before = rows(acme)
    sent = {"name": "Ann Smith", "email": "ann@x.example", "phone": "123", "company": "Hers", field: typed}
    answer = desk.post(url(acme, rest="add"), sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    form = answer.context["form"]
    assert {name: form[name].value() for name in ("name", "email", "phone", "company")} == sent
    assert rows(acme) == before


def test_every_spoiled_field_is_named_at_once(desk, acme):
    answer = desk.post(url(acme, rest="add"), {"name": "", "email": "no", "phone": "1" * 41})
    assert set(answer.context["form"].errors) == {"name", "email", "phone"}


def test_an_address_taken_names_and_links_the_other(desk, acme, zen):
    other = person(acme, "Ann <Smith>", email="ann@x.example")
    person(zen, "Stranger", email="ann@x.example")
    before = rows(acme)
    answer = desk.post(url(acme, rest="add"), {"name": "Anne", "email": "ANN@x.example"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Ann &lt;Smith&gt; already has this email address." in html
    assert f'href="{url(acme, other)}"' in html
    assert "ANN@x.example" in html
    assert "Stranger" not in html
    assert rows(acme) == before


def test_the_same_address_in_another_account_is_another_person(desk, acme, zen):
    person(zen, "Stranger", email="ann@x.example")
    assert desk.post(url(acme, rest="add"), {"name": "Ann", "email": "ann@x.example"}).status_code == 303


def test_no_address_is_nobodys(desk, acme):
    person(acme, "Ann")
    assert desk.post(url(acme, rest="add"), {"name": "Ann"}).status_code == 303


def test_a_form_sent_twice_adds_one(desk, acme):
    page = desk.get(url(acme, rest="add")).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page).group(1)
    first, second = (desk.post(url(acme, rest="add"), {"name": "Ann", "key": key}) for _ in range(2))
    assert first["Location"] == second["Location"]
    third = desk.post(url(acme, rest="add"), {"name": "Berta", "key": key})  # gone back, and typed somebody else
    assert third.status_code == 303
    with scope(acme.account):
        assert sorted(Contact.objects.values_list("name", flat=True)) == ["Ann", "Berta"]
    assert len(facts(acme)) == 2


def test_a_spoiled_key_is_as_good_as_none(desk, acme):
    assert desk.post(url(acme, rest="add"), {"name": "Ann", "key": "'; --"}).status_code == 303


def test_fields_that_are_not_in_the_form_are_not_written(desk, acme, zen):
    desk.post(
        url(acme, rest="add"),
        {
            "name": "Ann",
            "account_id": zen.account.pk,
            "account": zen.account.pk,
            "id": 7,
            "name_key": "z",
            "created_at": "2000-01-01",
        },
    )
    with scope(acme.account):
        contact = Contact.objects.get()
    assert (contact.account_id, contact.name_key) == (acme.account.pk, "ann")
    assert contact.created_at.year > 2000


def test_names_that_grow_when_folded_fit(acme):
    assert person(acme, "ﷺ" * 120).name_key


@pytest.mark.django_db(transaction=True)
def test_the_same_at_the_same_moment(acme):
    """Eight at once with one address: one is added, seven are told of it. Eight times one form: one contact, eight answers."""
    key, answers = uuid.uuid4(), []

    def add(name, key, email):
        try:
            with scope(acme.account):
                details = Details(name, email)
                answers.append(
                    services.add_contact(account=acme.account, details=details, actor=Actor("user", 1), key=key).pk
                )
        except EmailTaken as refusal:
            answers.append(refusal.name)
        finally:
            connection.close()

    def all_at_once(calls):
        answers.clear()
        threads = [threading.Thread(target=add, args=call) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return list(answers)

    told = all_at_once([("Ann", None, "ann@x.example")] * 8)
    assert sorted(told, key=str)[1:] == ["Ann"] * 7
    same = all_at_once([("Berta", key, "berta@x.example")] * 8)
    assert len(same) == 8
    assert len(set(same)) == 1
    assert [kind for kind, _ in facts(acme)] == ["contact.created"] * 2

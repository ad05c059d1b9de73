import threading

import pytest
from django.db import connection

from contacts import directory, services
from contacts.models import Tag
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope

from .world import facts, person, rows, tags_of, url, words_of

HTMX = {"HX-Request": "true"}


def tag_id(world, name):
    with scope(world.account):
        return Tag.objects.get(name=name).public_id


def test_a_tag_is_made_on_first_use_and_once(desk, acme):
    ann, berta = person(acme, "Ann"), person(acme, "Berta")
    assert desk.post(url(acme, ann, "tags/add"), {"tag": " Autumn   group "}).status_code == 303
    assert desk.post(url(acme, berta, "tags/add"), {"tag": "AUTUMN GROUP"}).status_code == 303
    assert desk.post(url(acme, ann, "tags/add"), {"tag": "autumn group"}).status_code == 303
    assert tags_of(ann) == tags_of(berta) == ["Autumn group"]
    assert words_of(ann) == {"ann", "autumn", "group"}
    kinds = [kind for kind, _ in facts(acme)]
    assert kinds == ["contact.created"] * 2 + ["contact.tagged"] * 2
    assert set(facts(acme)[-1][1]) == {"tag_id"}


def test_htmx_gets_the_tags_anew_and_the_timeline_is_told(desk, acme):
    ann = person(acme, "Ann")
    answer = desk.post(url(acme, ann, "tags/add"), {"tag": "VIP"}, headers=HTMX)
    assert answer.status_code == 200
    assert b"<!doctype" not in answer.content
    assert b"VIP" in answer.content
    assert "contact-changed" in answer["HX-Trigger"]


def test_removing_takes_its_words_but_not_those_of_the_name(desk, acme):
    ann = person(acme, "Ann Group", tags=["Autumn group", "VIP"])
    tag = tag_id(acme, "Autumn group")
    for _ in range(2):  # a second click finds it gone
        assert desk.post(url(acme, ann, f"tags/{tag}/remove")).status_code == 303
    assert tags_of(ann) == ["VIP"]
    assert words_of(ann) == {"ann", "group", "vip"}
    assert [kind for kind, _ in facts(acme)].count("contact.untagged") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter a tag."),
        ("x" * 61, "A tag can be at most 60 characters long; this has 61."),
        ("a\0b", "A tag contains characters that cannot be shown."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_cannot_be_kept_is_refused_and_stays_in_the_form(desk, acme, typed, said, headers):
    ann = person(acme, "Ann")
    before = rows(acme)
    answer = desk.post(url(acme, ann, "tags/add"), {"tag": typed}, headers=headers)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert answer.context["tag_form"]["tag"].value() == typed
    assert rows(acme) == before


def test_there_is_an_end_to_tags(desk, acme, monkeypatch):
    ann = person(acme, "Ann", tags=["a", "b"])
    monkeypatch.setattr(directory, "MOST_TAGS", 2)
    before = rows(acme)
    answer = desk.post(url(acme, ann, "tags/add"), {"tag": "c"})
    assert answer.status_code == 409
    assert "A contact can have at most 2 tags." in answer.content.decode()
    assert rows(acme) == before


@pytest.mark.django_db(transaction=True)
def test_one_new_tag_typed_by_many_at_once(acme):
    people = [person(acme, f"Person {number}") for number in range(4)]
    failed = []

    def add(contact, name):
        try:
            with scope(acme.account):
                services.add_tag(account=acme.account, contact=contact, name=name, actor=Actor("user", 1))
        except Exception as error:  # noqa: BLE001  whatever it is, the test shows it
            failed.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=add, args=(contact, name)) for contact in people for name in ("VIP", "vip", "Vip")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [len(tags_of(contact)) for contact in people] == [1] * 4
    with scope(acme.account):
        assert Tag.objects.count() == 1
    assert [kind for kind, _ in facts(acme)].count("contact.tagged") == 4

"""Another account's people under our address, ours under another's, and who may do what."""

import uuid

import pytest
from django.test import Client

from contacts.models import Tag
from simplero.tenancy.scope import scope

from .world import notes_of, person, rows, url

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7|add:7 }}"


def every_address(contact, tag, note):
    """Each route below a contact: the rest of its address, and what to send it."""
    return {
        "": None,
        "timeline": None,
        "edit": {"name": "Taken over", "seen": ""},
        "tags/add": {"tag": "Mine now"},
        f"tags/{tag}/remove": {},
        "notes": None,
        "notes/add": {"text": "Mine now"},
        f"notes/{note}/edit": {"text": "Mine now"},
        f"notes/{note}/delete": {},
    }


@pytest.fixture
def theirs(zen):
    contact = person(zen, "Stranger", email="s@x.example", tags=["Secret"], notes=["Secret note"])
    with scope(zen.account):
        tag = Tag.objects.get().public_id
    return contact, tag, notes_of(contact)[0].public_id


@pytest.mark.parametrize("role", ["owner", "admin", "assistant"])
def test_another_accounts_people_do_not_exist_here(client, acme, zen, theirs, role):
    client.force_login(getattr(acme, role))
    contact, tag, note = theirs
    before = rows(acme), rows(zen)
    for world in (acme, zen):  # under our address, and under theirs
        for rest, sent in every_address(contact, tag, note).items():
            assert client.get(url(world, contact, rest)).status_code in ({404, 405} if world is acme else {404}), rest
            if sent is not None:
                assert client.post(url(world, contact, rest), sent).status_code == 404, rest
    for rest in ("", "add"):
        assert client.get(url(zen, rest=rest)).status_code == 404
    assert client.post(url(zen, rest="add"), {"name": "Mine"}).status_code == 404
    assert (rows(acme), rows(zen)) == before


def test_their_tags_and_notes_on_our_contact_do_not_exist(desk, acme, zen, theirs):
    _, tag, note = theirs
    ours = person(acme, "Ann", tags=["VIP"])
    before = rows(acme), rows(zen)
    for rest in (f"tags/{tag}/remove", f"notes/{note}/edit", f"notes/{note}/delete"):
        assert desk.post(url(acme, ours, rest), {"text": "Mine"}).status_code == 404
    assert desk.get(url(acme, rest=f"?tag={tag}")).context["rows"] == []
    assert (rows(acme), rows(zen)) == before


def test_their_contact_as_a_cursor_tells_nothing(desk, acme, theirs):
    person(acme, "Ann")
    contact = theirs[0]
    with_cursor, without = (desk.get(url(acme, rest=rest)) for rest in (f"?after={contact.public_id}", ""))
    assert [row.contact.name for row in with_cursor.context["rows"]] == ["Ann"]
    assert [row.contact.name for row in without.context["rows"]] == ["Ann"]


def test_nobody_in_particular_is_sent_to_sign_in(client, acme):
    contact = person(acme, "Ann")
    for at in (url(acme), url(acme, contact), url(acme, contact, "edit")):
        answer = client.get(at)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("role", ["owner", "admin", "assistant"])
def test_every_role_works_with_contacts(client, acme, zen, role):
    client.force_login(getattr(acme, role))
    contact = person(acme, "Ann", tags=["VIP"], notes=["Hello"])
    with scope(acme.account):
        tag = Tag.objects.get().public_id
    for rest, sent in every_address(contact, tag, notes_of(contact)[0].public_id).items():
        if rest not in ("tags/add", f"tags/{tag}/remove"):
            assert client.get(url(acme, contact, rest)).status_code == 200, rest
        else:
            assert client.get(url(acme, contact, rest)).status_code == 405, rest
        if sent is None:
            assert client.post(url(acme, contact, rest)).status_code == 405, rest


def test_an_unknown_contact_is_not_there(desk, acme):
    assert desk.get(f"/a/acme/contacts/{uuid.uuid4()}/").status_code == 404
    assert desk.get("/a/acme/contacts/1/").status_code == 404


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_markup_in_names_tags_and_notes_is_shown_as_typed(desk, acme, headers):
    contact = person(acme, EVIL, email="e@x.example", phone=EVIL[:40], company=EVIL, tags=[EVIL[:60]], notes=[EVIL])
    note = notes_of(contact)[0].public_id
    pages = [desk.get(url(acme), headers=headers), desk.get(url(acme, rest="?q=" + EVIL), headers=headers)]
    pages += [
        desk.get(url(acme, contact, rest), headers=headers)
        for rest in ("", "edit", "timeline", "notes", "notes/add", f"notes/{note}/edit", f"notes/{note}/delete")
    ]
    pages += [
        desk.post(url(acme, contact, "tags/add"), {"tag": EVIL * 2}, headers=headers),
        desk.post(url(acme, rest="add"), {"name": EVIL, "email": "e@x.example"}, headers=headers),
        desk.post(url(acme, contact, "edit"), {"name": "Other", "seen": ""}, headers=headers),
    ]
    for page in pages:
        html = page.content.decode()
        assert "<script>alert" not in html, page.request["PATH_INFO"]
        assert "<img src=x" not in html, page.request["PATH_INFO"]
        assert "&gt;14" not in html, page.request["PATH_INFO"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0].content.decode()


def test_a_post_without_its_token_is_refused(acme, zen):
    client = Client(enforce_csrf_checks=True)
    client.force_login(acme.owner)
    before = rows(acme)
    assert client.post(url(acme, rest="add"), {"name": "Ann"}).status_code == 403
    assert rows(acme) == before

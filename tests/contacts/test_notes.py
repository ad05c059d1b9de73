import re

import pytest

from contacts import queries

from .world import facts, notes_of, person, rows, url


def field(html, name):
    return re.search(rf'name="{name}" value="([^"]*)"', html).group(1)


def test_a_note_is_kept_with_its_lines_and_its_author(desk, acme):
    ann = person(acme, "Ann")
    assert desk.post(url(acme, ann, "notes/add"), {"text": "  Prefers mornings.\r\n\r\nCalls. "}).status_code == 303
    (note,) = notes_of(ann)
    assert note.text == "Prefers mornings.\n\nCalls."
    assert note.author_id == acme.assistant.pk
    assert facts(acme)[-1] == ("contact.note_added", {"note_id": note.pk})
    page = desk.get(url(acme, ann)).content.decode()
    assert "Prefers mornings." in page
    assert "Acme assistant" in page


def test_a_form_sent_twice_writes_one(desk, acme):
    ann = person(acme, "Ann")
    key = field(desk.get(url(acme, ann, "notes/add")).content.decode(), "key")
    for text in ("Once", "Once", "Another"):
        desk.post(url(acme, ann, "notes/add"), {"text": text, "key": key})
    assert [note.text for note in notes_of(ann)] == ["Once", "Another"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (" \n ", "Write something first."),
        ("x" * 5001, "A note can be at most 5,000 characters long; this has 5,001."),
        ("a\0", "A note contains characters that cannot be shown."),
    ],
)
def test_what_cannot_be_kept_is_refused_and_stays_in_the_form(desk, acme, typed, said):
    ann = person(acme, "Ann", notes=["Old"])
    (note,) = notes_of(ann)
    before = rows(acme)
    for at in ("notes/add", f"notes/{note.public_id}/edit"):
        answer = desk.post(url(acme, ann, at), {"text": typed})
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert answer.context["form"]["text"].value() == typed
    assert rows(acme) == before


def test_the_second_of_two_editors_is_told_and_loses_nothing(desk, acme):
    ann = person(acme, "Ann", notes=["Old"])
    (note,) = notes_of(ann)
    at = url(acme, ann, f"notes/{note.public_id}/edit")
    seal = field(desk.get(at).content.decode(), "seen")
    assert desk.post(at, {"text": "Theirs", "seen": seal}).status_code == 303
    before = rows(acme)
    answer = desk.post(at, {"text": "Mine", "seen": seal})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "It now says: “Theirs”" in html
    assert "Mine</textarea>" in html
    assert rows(acme) == before
    assert desk.post(at, {"text": "Mine", "seen": field(html, "seen")}).status_code == 303
    assert [note.text for note in notes_of(ann)] == ["Mine"]
    assert [kind for kind, _ in facts(acme)].count("contact.note_edited") == 2


def test_deleting_asks_first_and_erases(desk, acme):
    ann = person(acme, "Ann", notes=["Secret thing"])
    (note,) = notes_of(ann)
    at = url(acme, ann, f"notes/{note.public_id}/delete")
    assert "Secret thing" in desk.get(at).content.decode()
    assert len(notes_of(ann)) == 1
    assert desk.post(at).status_code == 303
    assert notes_of(ann) == []
    assert facts(acme)[-1] == ("contact.note_deleted", {"note_id": note.pk, "note": str(note.public_id)})
    before = rows(acme)
    again = desk.post(at)
    assert again.status_code == 303
    assert again["Location"] == url(acme, ann)
    assert rows(acme) == before
    assert desk.get(at).status_code == 404
    berta = person(acme, "Berta")
    assert desk.post(url(acme, berta, f"notes/{note.public_id}/delete")).status_code == 404
    assert "Secret thing" not in desk.get(url(acme, ann)).content.decode()


def test_a_note_under_another_contact_is_not_there(desk, acme):
    ann, berta = person(acme, "Ann", notes=["Hers"]), person(acme, "Berta")
    (note,) = notes_of(ann)
    assert desk.post(url(acme, berta, f"notes/{note.public_id}/delete")).status_code == 404
    assert len(notes_of(ann)) == 1


def test_older_notes_follow_without_gap_or_repeat(desk, acme):
    texts = [f"note number {number:02}." for number in range(13)]
    ann = person(acme, "Ann", notes=texts)
    html, shown = desk.get(url(acme, ann)).content.decode(), []
    for _ in range(4):
        shown += re.findall(r"note number \d\d\.", html)
        more = re.search(r"notes\?before=[0-9a-f-]+", html)
        if not more:
            break
        html = desk.get(url(acme, ann, more.group()), headers={"HX-Request": "true"}).content.decode()
        assert "<!doctype" not in html
    assert len(texts) > queries.NOTES
    assert shown == texts[::-1]
    assert desk.get(url(acme, ann, "notes?before=spoiled")).status_code == 200

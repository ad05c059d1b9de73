"""Letters in words that come with them: many at once, each once, as plain as the others."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import letters, queries, wording
from contacts.letters import Note
from contacts.wording import Kind
from simplero.mail.models import Message
from simplero.tenancy.scope import scope

from .world import person

pytestmark = pytest.mark.django_db

NEWS = Kind(code="news", name="News", about="For these tests.", placeholders={"gift": "a cake"}, subject="", text="")


@pytest.fixture(autouse=True)
def _news(monkeypatch):
    monkeypatch.setitem(wording.FREE, "news", NEWS)


def note(contact, once="1", **values):
    return Note(contact, {"gift": "a pen", **values}, "7", f"{once}:{contact.pk}")


def write(world, notes, *, subject="{gift} for {customer}", text="Dear {customer},\n\n{gift}\n\n{business}"):
    with scope(world.account):
        return letters.write_all(
            account=world.account, kind="news", subject=subject, text=text, source="test", notes=notes
        )


def mails():
    return [(mail.to, mail.subject, mail.text) for mail in Message.objects.order_by("id")]


def test_each_gets_their_own(acme, zen):
    ann, ben = person(acme, "Ann Lee", email="ann@x.example"), person(acme, "Ben", email="ben@x.example")
    person(zen, "Ann Lee", email="ann@x.example")
    write(acme, [note(ann), note(ben, gift="a hat")])
    assert mails() == [
        (["ann@x.example"], "a pen for Ann Lee", "Dear Ann Lee,\n\na pen\n\nAcme"),
        (["ben@x.example"], "a hat for Ben", "Dear Ben,\n\na hat\n\nAcme"),
    ]
    with scope(acme.account):
        [seen] = queries.letters(acme.account, contact=ann)
        assert (seen.kind, seen.subject, seen.state, seen.source) == ("News", "a pen for Ann Lee", "Kept", "test")
        assert seen.message is not None
    with scope(zen.account):
        assert queries.letters(zen.account) == []


def test_who_is_written_to_again_is_not_written_to_twice(acme):
    ann, ben = person(acme, "Ann Lee", email="ann@x.example"), person(acme, "Ben", email="ben@x.example")
    [first] = write(acme, [note(ann)])
    again, other, same = write(acme, [note(ann, gift="a hat"), note(ben), note(ben)])
    assert again.public_id == first.public_id
    assert other.public_id == same.public_id
    assert [to for to, *_ in mails()] == [["ann@x.example"], ["ben@x.example"]]


def test_without_an_address_it_is_kept_and_says_why(acme):
    [letter] = write(acme, [note(person(acme, "Ann Lee"))])
    assert (letter.withheld, letter.message) == ("address", None)
    assert mails() == []


def test_what_a_name_holds_stays_text_and_in_its_header(acme):
    ann = person(acme, "{business} {{ settings.SECRET_KEY }}", email="ann@x.example")
    write(acme, [note(ann, gift="pens\r\nBcc: eve@x.example")], text="{% load x %} {customer.email} {gift}")
    [(to, subject, text)] = mails()
    assert to == ["ann@x.example"]
    assert subject == "pens Bcc: eve@x.example for {business} {{ settings.SECRET_KEY }}"
    assert text == "{% load x %} {customer.email} pens\nBcc: eve@x.example"


def test_many_cost_what_one_costs(acme):
    costs = []
    for many in (1, 30):
        notes = [note(person(acme, f"Person {n}", email=f"{many}-{n}@x.example")) for n in range(many)]
        with CaptureQueriesContext(connection) as asked:
            write(acme, notes)
        costs.append(len(asked))
    assert costs[0] == costs[1] < 12


@pytest.mark.parametrize(
    "kind",
    [
        Kind(code="x", name="X", about="", placeholders={}, subject="words", text="words"),
        Kind(code="sign_in", name="X", about="", placeholders={}, subject="", text=""),
        Kind(code="news", name="Other", about="", placeholders={}, subject="", text=""),
    ],
)
def test_a_kind_with_words_or_of_a_code_that_is_taken_is_refused(kind):
    with pytest.raises(ValueError, match=f"{kind.code}"):
        wording.register_free(kind)

"""Letters: what they say, to whom they go, that each goes once, and what staff see of them."""

from datetime import UTC, datetime

import pytest

from contacts import letters, queries, wording
from contacts.models import Letter
from contacts.wording import Kind
from simplero.mail.models import Message
from simplero.tenancy.scope import scope

from .world import person

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HELLO = Kind(
    code="hello",
    name="Hello",
    about="For these tests.",
    placeholders={"gift": "a cake", "note": "With love."},
    subject="{gift} from {business}",
    text="Dear {customer},\n\nhere is {gift}.\n\n{note}\n\n{business}",
)


@pytest.fixture(autouse=True)
def _hello(monkeypatch):
    monkeypatch.setitem(wording.KINDS, "hello", HELLO)


@pytest.fixture
def ann(acme):
    return person(acme, "Ann Lee", email="ann@x.example")


def write(world, contact, *, once="1", kind="hello", **values):
    return letters.send(
        account=world.account,
        contact=contact,
        kind=kind,
        values={"gift": "a pen", "note": "", **values},
        source="test",
        source_id="7",
        once=once,
    )


def send(world, contact, **more):
    with scope(world.account):
        return write(world, contact, **more)


def mail():
    return Message.objects.order_by("id").last()


def test_a_letter_is_a_mail_of_the_account(acme, zen, at, ann):
    at(NOON)
    person(zen, "Ann Lee", email="ann@x.example")
    letter = send(acme, ann, note="Enjoy.")
    assert (mail().to, mail().sender) == (["ann@x.example"], "Acme <credits@localhost>")
    assert (mail().subject, mail().text) == ("a pen from Acme", "Dear Ann Lee,\n\nhere is a pen.\n\nEnjoy.\n\nAcme")
    assert (letter.message, letter.withheld, letter.created_at) == (mail().public_id, "", NOON)
    with scope(acme.account):
        [seen] = queries.letters(acme.account, contact=ann)
        assert (seen.kind, seen.subject, seen.at, seen.state) == ("Hello", "a pen from Acme", NOON, "Kept")
        assert [one.public_id for one in queries.letters(acme.account, source="test", source_id="7")] == [
            seen.public_id
        ]
        assert queries.letters(acme.account, source="test", source_id="8") == []
    with scope(zen.account):
        assert queries.letters(zen.account) == []


def test_empty_values_leave_no_gap(acme, ann):
    send(acme, ann)
    assert mail().text == "Dear Ann Lee,\n\nhere is a pen.\n\nAcme"


def test_once(acme, zen, ann):
    assert send(acme, ann) is not None
    assert send(acme, ann, gift="another") is None
    assert Message.objects.count() == 1
    assert send(acme, ann, once="2") is not None
    assert send(zen, person(zen, "Zoe", email="z@x.example")) is not None  # once is the account's own


def test_written_with_the_change_or_not_at_all(acme, ann):
    def change():
        with scope(acme.account):
            write(acme, ann)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert not Message.objects.exists()
    with scope(acme.account):
        assert not Letter.objects.exists()


def test_a_missing_value_is_a_bug(acme, ann):
    with scope(acme.account), pytest.raises(KeyError, match="gift, note"):
        letters.send(account=acme.account, contact=ann, kind="hello", values={}, source="", source_id="", once="1")

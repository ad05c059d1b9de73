"""Letters: what they say, to whom they go, that each goes once, and what staff see of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from contacts import letters, queries, services, wording
from contacts.errors import AlwaysSent
from contacts.models import Letter, LetterText
from contacts.wording import Kind
from simplero.lib.refusals import Stale, Unacceptable
from simplero.lib.seals import seal
from simplero.mail.models import Message
from simplero.tenancy.scope import scope

from .world import facts, person

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


@pytest.mark.parametrize(
    "text",
    [
        "{{ settings.SECRET_KEY }}",
        "{% load static %}{% debug %}",
        "{customer.email}",
        "{customer.__class__.__mro__}",
        "{customer!r:>99}",
        "{0} { customer } {} {{customer}} ${customer.x}",
        "%(customer)s",
    ],
)
def test_other_braces_are_text(text):
    values = {"customer": "Ann", "business": "Acme"}
    assert wording.placeholders(text) == []
    assert wording.fill_text(text, values) == wording.fill_subject(text, values) == text


def test_what_a_value_holds_is_never_looked_at_again(acme):
    evil = person(acme, "{gift} {{ settings.SECRET_KEY }} {business}", email="e@x.example")
    send(acme, evil, gift="{customer}", note="{% load static %}")
    assert mail().subject == "{customer} from Acme"
    assert mail().text.startswith("Dear {gift} {{ settings.SECRET_KEY }} {business},\n\nhere is {customer}.\n\n{% load")


@pytest.mark.parametrize("evil", ["x\r\nBcc: all@x.example", "x\nBcc: all@x.example", "x\rBcc: a", "x\u2028y", "x\0"])
def test_no_value_makes_a_header(acme, ann, evil):
    if "\0" not in evil:
        send(acme, ann, gift=evil)
        assert len(mail().subject.splitlines()) == 1
        assert (mail().to, mail().headers) == (["ann@x.example"], {})
    acme.account.name = evil.replace("\0", "")
    send(acme, ann, once="2")
    assert len(mail().sender.splitlines()) == 1


def test_a_long_subject_is_cut(acme, ann):
    send(acme, ann, gift="long " * 400)
    assert len(mail().subject) == 200
    assert mail().subject.endswith("long…")


def test_a_sender_is_a_name_that_needs_no_trust(acme, ann, monkeypatch):
    acme.account.name = 'Zoë "Z", Inc <evil@x.example>'
    send(acme, ann)
    assert mail().sender == '"Zoë \\"Z\\", Inc <evil@x.example>" <credits@localhost>'
    acme.account.name = '"' * 120
    monkeypatch.setattr(letters, "SENDER", 200)
    send(acme, ann, once="2")
    assert mail().sender == "credits@localhost"


def test_without_an_address_it_says_so(acme):
    ben = person(acme, "Ben")
    letter = send(acme, ben)
    assert (letter.message, letter.withheld) == (None, "address")
    assert send(acme, ben) is None
    with scope(acme.account):
        [seen] = queries.letters(acme.account, contact=ben)
    assert (seen.state, seen.subject, seen.message) == ("Not sent: no email address", "", None)
    assert not Message.objects.exists()


def test_switched_off_it_says_so_and_says_so_still_when_it_is_on_again(acme, zen, ann):
    switch(acme, False)
    send(acme, ann)
    switch(acme, True)
    assert not Message.objects.exists()
    with scope(acme.account):
        [seen] = queries.letters(acme.account, contact=ann)
    assert seen.state == "Not sent: switched off"
    assert send(acme, ann, once="2").message
    assert send(zen, person(zen, "Zoe", email="z@x.example")).message


def test_a_sign_in_letter_is_confidential_and_always_sent(acme, ann, at):
    with scope(acme.account):
        with pytest.raises(AlwaysSent):
            services.switch_letter(account=acme.account, kind=letters.SIGN_IN, enabled=False, actor=acme.actor)
        letters.send(
            account=acme.account,
            contact=ann,
            kind="sign_in",
            values={"link": "https://x.example/s3cret", "code": "123 456"},
            source="sign_in",
            source_id="1",
            once="1",
        )
        [seen] = queries.letters(acme.account, contact=ann)
    assert mail().confidential
    assert "https://x.example/s3cret" in mail().text
    assert timedelta(minutes=9) < mail().useful_until - mail().created_at <= timedelta(minutes=10)
    assert (seen.subject, seen.message) == ("Sign in to Acme", None)


def test_what_becomes_of_its_mail(acme, ann, settings):
    send(acme, ann)

    def state():
        with scope(acme.account):
            return queries.letters(acme.account, contact=ann)[0].state

    settings.EMAIL_URL = "smtp://localhost"
    assert state() == "Waiting"
    Message.objects.update(attempts=1)
    assert state() == "Waiting to try again"
    for kept, said in (("sent", "Sent"), ("failed", "Failed"), ("late", "Not sent in time")):
        Message.objects.update(state=kept)
        assert state() == said
    Message.objects.all().delete()
    assert state() == "No longer kept"


def test_the_database_wants_a_reason(acme, ann):
    letter = send(acme, ann)
    with scope(acme.account), pytest.raises(IntegrityError, match="letter_withheld"), transaction.atomic():
        Letter.objects.filter(pk=letter.pk).update(message=None)


def reword(world, subject="Hi", text="Dear {customer}: {gift}", *, kind=HELLO, seen=None):
    with scope(world.account):
        services.reword_letter(
            account=world.account, kind=kind, subject=subject, text=text, seen=seen, actor=world.actor
        )


def switch(world, enabled):
    with scope(world.account):
        services.switch_letter(account=world.account, kind=HELLO, enabled=enabled, actor=world.actor)


def own(world):
    with scope(world.account):
        return list(LetterText.objects.order_by("kind").values_list("kind", "enabled", "subject", "text"))


def test_an_accounts_own_words(acme, zen, ann):
    reword(acme, "For\r\n you, {customer}", "  {gift}\r\n\r\n\r\n{{ no }}  ")
    send(acme, ann)
    assert (mail().subject, mail().text) == ("For you, Ann Lee", "a pen\n\n{{ no }}")
    send(zen, person(zen, "Zoe", email="z@x.example"))
    assert mail().subject == "a pen from Zen"
    assert facts(acme)[-1] == ("letter.changed", {"letter": "hello", "fields": ["subject", "text"]})
    reword(acme, HELLO.subject, HELLO.text)
    assert own(acme) == [("hello", True, "", "")]
    send(acme, ann, once="2")
    assert mail().subject == "a pen from Acme"


@pytest.mark.parametrize(
    ("subject", "text", "field", "said"),
    [
        ("Hi", "{nickname}", "text", "{nickname} cannot stand in this text. There are {customer}, {business}, {shop}, {gift} and {note}."),
        ("{Customer}", "x", "subject", "{Customer} cannot stand in this subject."),
        ("", "x", "subject", "Write something first"),
        ("x", " \n", "text", "Write something first"),
        ("x" * 201, "x", "subject", "at most 200 characters"),
        ("x", "x" * 5001, "text", "at most 5,000 characters"),
        ("x\0", "x", "subject", "cannot be shown"),
    ],
)  # fmt: skip
def test_words_that_cannot_be_kept(acme, subject, text, field, said):
    before = facts(acme)
    with pytest.raises(Unacceptable) as refusal:
        reword(acme, subject, text)
    assert said in refusal.value.wording
    assert refusal.value.field == field
    assert own(acme) == []
    assert facts(acme) == before


@pytest.mark.parametrize(
    ("subject", "text", "said"),
    [
        ("Your code is {code}", "{link} {code}", "{code} cannot stand in this subject. There are {customer}, {business} and {shop}."),
        ("Sign in", "Hello {link}", "Without {code} this mail would be of no use."),
        ("Sign in", "Hello", "Without {link} and {code} this mail would be of no use."),
    ],
)  # fmt: skip
def test_what_lets_in_stands_in_the_text_and_there_alone(acme, subject, text, said):
    with pytest.raises(Unacceptable) as refusal:
        reword(acme, subject, text, kind=letters.SIGN_IN)
    assert refusal.value.wording == said


def test_words_of_ours_obey_the_same_rules():
    with pytest.raises(ValueError, match="{gift} cannot stand"):
        wording.register(Kind("new", "New", "", {}, "{gift}", "x"))
    with pytest.raises(ValueError, match="already"):
        wording.register(Kind("hello", "Another", "", {}, "x", "x"))
    assert "new" not in wording.KINDS


def test_two_who_reword_at_once(acme):
    with scope(acme.account):
        seen = seal(HELLO.subject, HELLO.text)
    reword(acme, "First", "x", seen=seen)
    with pytest.raises(Stale, match="First"):
        reword(acme, "Second", "x", seen=seen)
    reword(acme, "First", "x", seen=seen)  # the same form twice
    assert own(acme) == [("hello", True, "First", "x")]

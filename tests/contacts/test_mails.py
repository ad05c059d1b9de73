"""The pages of letters: Settings → Mails, and the mails a contact got."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import letters
from contacts.models import Letter, LetterText
from contacts.wording import KINDS
from simplero.mail.models import Message
from simplero.tenancy.scope import scope

from .world import facts, person, url

HTMX = {"HX-Request": "true"}
LOW = KINDS["credits_low"]


@pytest.fixture
def office(client, acme, zen):
    """A browser in which acme's admin is signed in; zen is there to leak."""
    client.force_login(acme.admin)
    return client


@pytest.fixture
def ann(acme):
    return person(acme, "Ann Lee", email="ann@x.example")


def mails(world, rest=""):
    return f"/a/{world.slug}/settings/mails/{rest}"


def send(world, contact, once="1", kind="credits_low", **values):
    with scope(world.account):
        return letters.send(
            account=world.account,
            contact=contact,
            kind=kind,
            values=values or {"left": "1 session"},
            source="test",
            source_id="1",
            once=once,
        )


def sign_in_letter(world, contact):
    return send(world, contact, "sign-in", "sign_in", link="https://x.example/s3cret-link", code="123 456")


def own(world):
    with scope(world.account):
        return list(LetterText.objects.order_by("kind").values_list("kind", "enabled", "subject", "text"))


def seen(page):
    return re.search(r'name="seen" value="([^"]*)"', page.text).group(1)


def test_every_kind_is_listed(office, acme):
    page = office.get(mails(acme)).text
    for kind in KINDS.values():
        assert kind.name in page
        assert mails(acme, kind.code) in page
    assert "Always on" in page
    assert mails(acme, "sign_in/switch") not in page


def test_saving_words_of_ones_own(office, acme, zen):
    page = office.get(mails(acme, "credits_low"))
    assert LOW.subject in page.text
    sent = {"subject": "Only {left}", "text": "Hi {customer}", "seen": seen(page)}
    answer = office.post(mails(acme, "credits_low"), sent)
    assert (answer.status_code, answer["Location"]) == (303, mails(acme))
    assert own(acme) == [("credits_low", True, "Only {left}", "Hi {customer}")]
    assert own(zen) == []
    assert "Yours" in office.get(mails(acme)).text
    assert "Only {left}" in office.get(mails(acme, "credits_low")).text


def test_an_unknown_placeholder_is_refused_and_kept_to_be_mended(office, acme):
    before = facts(acme)
    answer = office.post(
        mails(acme, "credits_low"), {"subject": "x", "text": "Hi {nickname} {{ settings.SECRET_KEY }}"}
    )
    assert answer.status_code == 422
    assert "{nickname} cannot stand in this text. There are {customer}, {business}, {shop} and {left}." in answer.text
    assert "Hi {nickname} {{ settings.SECRET_KEY }}" in answer.text
    assert own(acme) == []
    assert facts(acme) == before


def test_somebody_else_was_faster(office, acme):
    first = seen(office.get(mails(acme, "credits_low")))
    office.post(mails(acme, "credits_low"), {"subject": "First", "text": "x", "seen": first})
    answer = office.post(mails(acme, "credits_low"), {"subject": "Second", "text": "y", "seen": first})
    assert answer.status_code == 409
    assert "Its subject is now “First”" in answer.text
    assert own(acme)[0][2] == "First"
    again = office.post(mails(acme, "credits_low"), {"subject": "Second", "text": "y", "seen": seen(answer)})
    assert again.status_code == 303
    assert own(acme)[0][2] == "Second"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_preview_keeps_nothing(office, acme, headers):
    sent = {"subject": "{left} <b>", "text": "<script>x</script> {customer} at {business} {oops}", "preview": "1"}
    answer = office.post(mails(acme, "credits_low"), sent, headers=headers)
    assert answer.status_code == 200
    assert "1 coaching session &lt;b&gt;" in answer.text
    assert "&lt;script&gt;x&lt;/script&gt; Ann Lee at Acme {oops}" in answer.text
    assert ("<html" in answer.text) is not bool(headers)
    assert own(acme) == []


def test_back_to_our_words(office, acme):
    office.post(
        mails(acme, "credits_low"),
        {"subject": "Mine", "text": "x", "seen": seen(office.get(mails(acme, "credits_low")))},
    )
    assert "Back to our words" in office.get(mails(acme, "credits_low")).text
    asked = office.get(mails(acme, "credits_low/restore"), headers=HTMX)
    assert LOW.subject in asked.text
    assert own(acme)[0][2] == "Mine"
    for _ in range(2):
        assert office.post(mails(acme, "credits_low/restore")).status_code == 303
        assert own(acme) == [("credits_low", True, "", "")]
    assert "Back to our words" not in office.get(mails(acme, "credits_low")).text


def test_switching_off_and_on(office, acme, zen, ann):
    assert office.post(mails(acme, "credits_low/switch")).status_code == 303
    assert "Credits running low mails are not sent from now on." in office.get(mails(acme)).text
    assert "This mail is switched off" in office.get(mails(acme, "credits_low")).text
    send(acme, ann)
    assert not Message.objects.exists()
    send(zen, person(zen, "Zoe", email="z@x.example"))
    assert Message.objects.count() == 1
    office.post(mails(acme, "credits_low/switch"), {"enabled": "1"})
    send(acme, ann, "2")
    assert Message.objects.count() == 2
    assert facts(acme)[-1] == ("letter.changed", {"letter": "credits_low", "fields": ["enabled"]})


def test_sign_in_cannot_be_switched_off(office, acme):
    office.post(mails(acme, "sign_in/switch"))
    assert "always sent" in office.get(mails(acme)).text
    assert own(acme) == []


def test_there_are_no_other_kinds(office, acme):
    assert office.get(mails(acme, "nonsense")).status_code == 404


def test_an_assistant_reads_mails_and_changes_none(desk, acme, ann):
    send(acme, ann)
    assert desk.get(mails(acme)).status_code == 404
    assert desk.post(mails(acme, "credits_low/switch")).status_code == 404
    assert own(acme) == []
    assert desk.get(url(acme, ann, "mails")).status_code == 200


def test_a_contacts_mails_and_their_states(desk, acme, zen, ann):
    letter = send(acme, ann)
    send(zen, person(zen, "Ann Lee", email="other@x.example"), left="9 classes")
    send(acme, person(acme, "Ben"), "2", left="3 sessions")
    Message.objects.filter(to=["ann@x.example"]).update(state="sent")
    for page in (desk.get(url(acme, ann)).text, desk.get(url(acme, ann, "mails")).text):
        assert "You have 1 session left" in page
        assert url(acme, ann, f"mails/{letter.public_id}") in page
        assert "Sent" in page
        assert "9 classes" not in page
        assert "3 sessions left" not in page
    message = desk.get(url(acme, ann, f"mails/{letter.public_id}")).text
    assert "After your last use you have 1 session left with Acme." in message
    assert "Acme &lt;credits@localhost&gt;" in message


def test_one_that_was_not_sent_says_why(desk, acme):
    ben = person(acme, "Ben")
    letter = send(acme, ben)
    page = desk.get(url(acme, ben)).text
    assert "Credits running low" in page
    assert "Not sent: no email address" in page
    assert str(letter.public_id) not in page
    assert desk.get(url(acme, ben, f"mails/{letter.public_id}")).status_code == 404


def test_what_lets_somebody_in_is_nowhere(client, acme, ann):
    letter = sign_in_letter(acme, ann)
    client.force_login(acme.owner)
    for path in (url(acme, ann), url(acme, ann, "mails")):
        page = client.get(path).text
        assert "Sign in to Acme" in page
        assert "s3cret-link" not in page
        assert str(letter.public_id) not in page
    answer = client.get(url(acme, ann, f"mails/{letter.public_id}"))
    assert answer.status_code == 404
    assert "s3cret-link" not in answer.text


def test_a_letter_of_another_contact_is_not_here(desk, acme, zen, ann):
    theirs = send(zen, person(zen, "Zoe", email="z@x.example"))
    bens = send(acme, person(acme, "Ben", email="b@x.example"), "2")
    for letter in (theirs, bens):
        assert desk.get(url(acme, ann, f"mails/{letter.public_id}")).status_code == 404


def test_nothing_in_a_letter_is_run(desk, acme):
    evil = person(acme, "<script>alert(1)</script>", email="e@x.example")
    letter = send(acme, evil, left="<img src=x onerror=alert(1)> javascript:alert(1)")
    for path in (url(acme, evil), url(acme, evil, "mails"), url(acme, evil, f"mails/{letter.public_id}")):
        page = desk.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page


def test_pages_of_many(desk, acme, ann):
    for number in range(55):
        send(acme, ann, str(number), left=f"{number} sessions")
    page = desk.get(url(acme, ann, "mails")).text
    assert page.count("sessions left") == 50
    assert "You have 54 sessions left" in page
    older = re.search(r'href="(\?before=[^"]+)"', page).group(1)
    rest = desk.get(url(acme, ann, "mails") + older).text
    assert rest.count("sessions left") == 5
    assert "You have 0 sessions left" in rest
    assert desk.get(url(acme, ann, "mails?before=nonsense")).text.count("sessions left") == 50
    assert desk.get(url(acme, ann)).text.count("sessions left") == 10


def test_one_mail_costs_as_many_queries_as_many(desk, acme, ann):
    counts = []
    desk.get(url(acme, ann, "mails"))  # what is asked for once in a session
    for number in range(12):
        send(acme, ann, str(number))
        if number in (0, 11):
            with scope(acme.account):
                assert Letter.objects.count() == number + 1
            with CaptureQueriesContext(connection) as caught:
                desk.get(url(acme, ann, "mails"))
            counts.append(len(caught))
    assert counts[0] == counts[1]

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import services as contacts
from simplero.lib.moments import moment
from simplero.outbox.models import Event
from simplero.pages import timeline
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.scope import scope
from tests import factories
from tests.contacts.world import person, url

HTMX = {"HX-Request": "true"}


def lines(world, contact, older=""):
    with scope(world.account):
        return timeline.read(account=world.account, contact=contact, older=older)


def sentences(world, contact):
    return [line.sentence for line in lines(world, contact).lines]


def test_it_shows_the_person_and_what_is_theirs_alone(desk, acme, zen):
    ann = person(
        acme,
        "Ann Lee",
        email="ann@x.example",
        phone="+45 20 12",
        company="Voss & Daughters",
        tags=["VIP"],
        notes=["Calls.\nNever texts."],
    )
    person(acme, "Berta", notes=["Not hers"], tags=["Bertas"])
    person(zen, "Ann Lee", notes=["Not theirs"])
    html = desk.get(url(acme, ann)).content.decode()
    for words in (
        "<h1>Ann Lee</h1>",
        "Contact info",
        "mailto:ann@x.example",
        "tel:+45",
        "Voss &amp; Daughters",
        "VIP",
        "Calls.\nNever texts.",
        "Acme owner",
    ):
        assert words in html
    for words in ("Not hers", "Not theirs"):
        assert words not in html
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", html)
    assert [heading for heading in headings if heading in ("Credits", "Contact info", "Notes", "Timeline")] == [
        "Credits",
        "Contact info",
        "Notes",
        "Timeline",
    ]


def test_everything_that_happened_in_sentences_newest_first(desk, acme):
    ann = person(acme, "Ann")
    desk.post(url(acme, ann, "tags/add"), {"tag": "VIP"})
    desk.post(url(acme, ann, "notes/add"), {"text": "Hello"})
    form = desk.get(url(acme, ann, "edit")).context["form"]
    desk.post(
        url(acme, ann, "edit"), {"name": "Anna", "email": "a@x.example", "phone": "1", "seen": form["seen"].value()}
    )
    factories.issue(acme, 5, to=ann)
    factories.consume(acme, 1, to=ann)
    assert sentences(acme, ann) == [
        "1 session used, 4 left",
        "5 sessions issued, 5 left",
        "Name, email and phone changed",
        "Note added",
        "Tagged VIP",
        "Contact added",
    ]
    read = lines(acme, ann).lines
    assert [line.who for line in read] == ["Acme owner"] * 2 + ["Acme assistant"] * 3 + ["Acme owner"]
    html = desk.get(url(acme, ann)).content.decode()
    for line in read:
        assert line.sentence in html
        assert line.when in html


def test_a_kind_nobody_taught_it_and_machines_are_no_error(acme):
    ann = person(acme, "Ann")
    with scope(acme.account):
        Event.objects.create(
            account=acme.account, kind="moon.risen", contact_id=ann.pk, actor_kind="system", at=datetime.now(UTC)
        )
        contacts.add_tag(account=acme.account, contact=ann, name="VIP", actor=SYSTEM)
        contacts.add_note(account=acme.account, contact=ann, text="Hello", actor=Actor("user", 10**9))
    assert set(sentences(acme, ann)) == {"Something changed", "Tagged VIP", "Note added", "Contact added"}
    assert all(line.who for line in lines(acme, ann).lines)


def test_pages_meet_without_gap_or_repeat_though_instants_tie(acme):
    ann = person(acme, "Ann")
    noon = datetime(2020, 5, 3, 12, tzinfo=UTC)
    with scope(acme.account):
        for number in range(3 * timeline.PAGE):
            Event.objects.create(
                account=acme.account,
                kind="contact.changed",
                contact_id=ann.pk,
                body={"fields": [f"field{number:02}"]},
                actor_kind="system",
                at=noon + timedelta(minutes=number // 17),
            )
    seen, older = [], ""
    for _ in range(10):
        page = lines(acme, ann, older)
        seen += [line.sentence for line in page.lines]
        assert len(page.lines) <= timeline.PAGE
        older = page.older
        if not older:
            break
    assert seen == ["Contact added"] + [f"Field{number:02} changed" for number in range(3 * timeline.PAGE - 1, -1, -1)]


def test_older_lines_follow_for_htmx_and_as_a_page(desk, acme):
    ann = person(acme, "Ann", notes=[f"Note {number}" for number in range(timeline.PAGE + 2)])
    html = desk.get(url(acme, ann)).content.decode()
    assert "Contact added" not in html
    more = re.search(r"timeline\?older=[0-9.]+", html).group()
    fragment, page = (desk.get(url(acme, ann, more), headers=headers) for headers in (HTMX, {}))
    for answer in (fragment, page):
        assert "Contact added" in answer.content.decode()
    assert "<!doctype" not in fragment.content.decode()
    assert "<h1>Timeline</h1>" in page.content.decode()


@pytest.mark.parametrize("older", ["x", "1.2.3", "-1.-1", "9" * 40 + ".1", "1.", "%00", "1.999999999999999999999"])
def test_a_spoiled_cursor_is_no_error(desk, acme, older):
    ann = person(acme, "Ann")
    assert desk.get(url(acme, ann, f"timeline?older={older}")).status_code == 200


def test_one_and_many_of_everything_cost_the_same(desk, acme):
    def cost():
        desk.get(url(acme, ann))
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(url(acme, ann)).status_code == 200
        return len(asked)

    ann = person(acme, "Ann", tags=["VIP"], notes=["One"])
    factories.issue(acme, 5, to=ann)
    one = cost()
    with scope(acme.account):
        for number in range(20):
            contacts.add_tag(account=acme.account, contact=ann, name=f"Tag {number}", actor=acme.actor)
            contacts.add_note(account=acme.account, contact=ann, text=f"Note {number}", actor=SYSTEM)
            contacts.add_note(account=acme.account, contact=ann, text=f"Note {number}!", actor=acme.actor)
    for _ in range(3):
        factories.issue(acme, 5, to=ann)
    assert cost() == one


def test_words_for_moments():
    now = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    said = [moment(now - timedelta(hours=hours), now=now, zone=UTC) for hours in (0, 2, 25, 24 * 40)]
    assert said == ["Today, 00:30", "Yesterday, 22:30", "30 December 2025, 23:30", "22 November 2025, 00:30"]

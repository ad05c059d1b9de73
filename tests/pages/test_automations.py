"""Automations on the contact page, in the timeline, in the menu and where one arrives."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations.services import steering
from tests import factories
from tests.automations import counter as desks
from tests.automations.counter import words
from tests.automations.flows import enter, flow, step, work
from tests.factories import inside

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(acme):
    return desks.at(acme)


def contact_page(world, who=None):
    return f"/a/{world.slug}/contacts/{(who or world.contact).public_id}/"


def uses(world):
    return step("consume", credit_type=world.session.pk, amount=2, short="stop")


@pytest.fixture
def inside_two(acme, zen):
    """Ann is short in one automation, waits in another, and has been through a third."""
    acme.short = enter(acme, flow(acme, uses(acme), name="Session delivered"))
    acme.waits = enter(acme, flow(acme, step("wait", **{"for": "while", "number": 2, "unit": "weeks"}), name="Welcome"))
    enter(acme, flow(acme, step("stop"), name="Goodbye"))
    enter(zen, flow(zen, uses(zen), name="Theirs"))
    work()


def test_the_contact_page_says_where_somebody_is_and_has_been(acme, inside_two, desk):
    said = words(desk.get(contact_page(acme)))
    assert "Session delivered since today" in said
    assert "Needs attention Consume 2 sessions Needs 2 sessions and has none." in said
    assert "Waits Wait 2 weeks Goes on" in said
    assert "Goodbye" in said
    assert "Theirs" not in said


def test_the_timeline_tells_of_it(acme, inside_two, desk):
    with inside(acme):
        steering.stop(account=acme.account, runs=[acme.waits.public_id], actor=acme.actor)
    said = words(desk.get(contact_page(acme)))
    for line in ("Entered “Welcome”", "Finished “Goodbye”", "Taken out of “Welcome”"):
        assert line in said


def test_a_contact_in_nothing_is_told_so_and_assistants_nothing_at_all(acme, zen, desk):
    assert "In no automation" in words(desk.get(contact_page(acme)))
    assert "In no automation" not in words(desks.at(acme, "assistant").get(contact_page(acme)))


def test_the_menu_and_the_first_page_say_how_much_needs_attention(acme, inside_two, desk):
    for page in (desk.get("/a/acme/contacts/"), desk.get(contact_page(acme))):
        assert 'Attention<span class="nav__badge">' in page.content.decode()
    assert "1 needs attention" in words(desk.get("/a/acme/contacts/"))
    assert "nav__badge" not in desks.at(acme, "assistant").get("/a/acme/contacts/").content.decode()
    assert "need attention" not in words(desks.at(acme, "assistant").get("/a/acme/contacts/"))


def test_without_anything_to_settle_there_is_no_badge(acme, zen, desk):
    page = desk.get("/a/acme/contacts/")
    assert "nav__badge" not in page.content.decode()
    assert "attention:" not in words(page)


def test_the_badge_is_counted_once_a_page_and_not_for_fragments(acme, inside_two, desk):
    def counted(answer):
        with CaptureQueriesContext(connection) as asked:
            assert answer().status_code == 200
        return [one["sql"] for one in asked if "automations_run" in one["sql"] and "COUNT" in one["sql"]]

    assert len(counted(lambda: desk.get("/a/acme/content/credits/"))) == 1
    assert counted(lambda: desk.htmx("/a/acme/contacts/?q=Ann")) == []


def test_the_page_asks_as_much_for_many_runs_as_for_one(acme, zen, desk):
    wait = step("wait", **{"for": "while", "number": 2, "unit": "weeks"})
    one, many = acme.contact, factories.contact(acme)
    for who, number in ((one, 1), (many, 6)):
        for at in range(number):
            enter(acme, flow(acme, wait, name=f"Inside {at}"), who)
            enter(acme, flow(acme, step("stop"), name=f"Past {at}"), who)
    work()
    desk.get(contact_page(acme))
    counts = []
    for who in (one, many):
        with CaptureQueriesContext(connection) as asked:
            desk.get(contact_page(acme, who))
        counts.append(len(asked))
    assert counts[0] == counts[1]

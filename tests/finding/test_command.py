"""The command box: what one may jump to, by what one types and who one is."""

import pytest

from tests import factories
from tests.contacts.world import person, url

HTMX = {"HX-Request": "true"}


def look(browser, world, typed=""):
    groups = browser.get(f"/a/{world.slug}/find/", {"q": typed}).context["groups"]
    return {group.title: [place.label for place in group.places] for group in groups}


@pytest.fixture
def town(acme, zen):
    person(acme, "Coco Chân", email="coco@x.example")
    person(acme, "Ann Lee")
    factories.credit_type(acme, "coaching session")
    person(zen, "Coco Stranger")
    factories.credit_type(zen, "coaching class")
    return acme


def test_contacts_types_and_pages_by_the_beginning_of_their_words(desk, town):
    assert look(desk, town, "co") == {
        "Contacts": ["Coco Chân"],
        "Credit types": ["Coaching session"],
        "Pages": ["Contacts"],
    }
    assert look(desk, town, "SES coach") == {"Credit types": ["Coaching session"]}
    assert look(desk, town, "chan") == {"Contacts": ["Coco Chân"]}
    assert look(desk, town, "stranger") == {}
    assert look(desk, town, "%") == {}


def test_nothing_typed_shows_the_newest_contacts_and_the_pages(desk, town):
    found = look(desk, town)
    assert found["Newest contacts"] == ["Ann Lee", "Coco Chân"]
    assert "Contacts" in found["Pages"]


def test_pages_one_may_not_open_are_not_there(client, town):
    client.force_login(town.assistant)
    assistant = look(client, town)["Pages"]
    client.force_login(town.owner)
    owner = look(client, town)["Pages"]
    assert set(assistant) < set(owner)
    assert {"Triggers", "Products", "Members"} <= set(owner) - set(assistant)
    assert look(client, town, "trigg") == {"Pages": ["Triggers"]}
    client.force_login(town.assistant)
    assert look(client, town, "trigg") == {}


def test_every_place_leads_somewhere(client, town):
    client.force_login(town.owner)
    for typed in ("", "coco", "coaching"):
        for group in client.get(f"/a/{town.slug}/find/", {"q": typed}).context["groups"]:
            for place in group.places:
                assert client.get(place.url).status_code == 200, place


def test_the_box_gets_options_and_a_plain_browser_a_page(desk, town):
    options = desk.get(f"/a/{town.slug}/find/", {"q": "coco"}, headers=HTMX).content.decode()
    assert "<!doctype" not in options
    assert 'role="option"' in options
    page = desk.get(f"/a/{town.slug}/find/", {"q": "coco"}).content.decode()
    assert "<!doctype" in page
    assert "Coco Chân" in page
    assert "data-command" in desk.get(url(town)).content.decode()


def test_strangers_find_no_box(desk, zen):
    assert desk.get(f"/a/{zen.slug}/find/").status_code == 404

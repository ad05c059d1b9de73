"""One thing for many, from the list to its undoing, by keyboard; and a roster under a thumb."""

import re

import pytest
from playwright.sync_api import expect

from simplero.outbox.relay import relay
from tests.bulk.desk import free, people

from .conftest import PHONE, label, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(transactional_db, acme, zen):
    """Three contacts of acme: with 3 sessions, with 1 and with none; zen has one with 5."""
    people(zen, 5)
    return people(acme, 3, 1, 0)


def test_all_that_match_by_keyboard(acme, held, open_page):
    page = open_page("/a/acme/contacts/")
    sign_in(page, acme.owner.email)
    page.goto("/a/acme/contacts/")
    every = page.get_by_label(re.compile("^All that match"))
    every.focus()
    page.keyboard.press("Space")
    expect(every).to_be_checked()
    while page.evaluate("document.activeElement.value") != "consume":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 contacts: all contacts")
    dialog.get_by_label(label("Number of credits")).fill("2")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("1 of 3 contacts has enough: 2 sessions will be used")
    expect(dialog).to_contain_text("Person 001 has 1 session")
    dialog.get_by_role("button", name="Consume 2 sessions").focus()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/bulk/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("main")).to_contain_text("0 of 3 contacts looked at")
    relay()
    expect(page.get_by_role("status").filter(has_text="2 sessions used. 1 done, 2 short.")).to_be_visible()
    assert free(acme, held) == [1, 1, 0]
    page.get_by_role("link", name="Short").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Person 001")).to_be_visible()
    expect(page.get_by_role("link", name="Person 000")).to_have_count(0)

    page.get_by_role("link", name="Undo the job").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Up to 2 sessions of 1 contact will be given back")
    page.get_by_role("dialog").get_by_role("button", name="Undo the job").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Being undone")).to_be_visible()
    relay()
    expect(page.get_by_role("status").filter(has_text="1 taken back")).to_be_visible()
    assert free(acme, held) == [3, 1, 0]


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_roster_under_a_thumb(acme, held, open_page, script):
    page = open_page("/a/acme/contacts/rosters/new", viewport=PHONE, scheme="dark", script=script)
    sign_in(page, acme.assistant.email)
    page.goto("/a/acme/contacts/")
    page.get_by_label(re.compile("^All that match")).check()
    page.get_by_role("button", name="New roster").click()
    page.get_by_label(label("Name")).fill("Tuesday yoga")
    page.get_by_role("button", name="Make the roster").click()
    expect(page.get_by_text("0 of 3 came")).to_be_visible()
    tick = page.get_by_role("button", name="Person 000 came")
    box = tick.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    tick.click()
    expect(page.get_by_text("1 of 3 came")).to_be_visible()
    expect(tick).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Person 002 came").click()
    expect(page.get_by_text(re.compile("There are no sessions left. Nothing was used."))).to_be_visible()
    tick.click()
    expect(page.get_by_text("0 of 3 came")).to_be_visible()
    assert free(acme, held) == [3, 1, 0]

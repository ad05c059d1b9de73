"""Finding by keyboard: the command box, and the list that follows what one types."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.contacts.world import person

from .conftest import PHONE, sign_in


@pytest.mark.django_db(transaction=True)
def test_ctrl_k_jumps_and_the_list_follows_what_is_typed(open_page, acme):
    for name, tags in (("Zoë Østby", ["VIP"]), ("Ann Lee", []), ("Zoe Miller", [])):
        person(acme, name, tags=tags)
    factories.credit_type(acme, "coaching session")
    page = open_page("/")
    sign_in(page, acme.owner.email)
    page.wait_for_load_state()  # keys mean something once the scripts are there

    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name=re.compile("Jump to"))
    expect(field).to_be_focused()
    options = page.get_by_role("listbox", name="Where to").get_by_role("option")
    expect(options.filter(has_text="Contacts").first).to_be_visible()  # nothing typed: the newest and the pages
    field.press_sequentially("zoe")
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", options.nth(1).get_attribute("id"))
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.get_by_role("link", name="Jump to").click()
    expect(field).to_be_focused()
    field.fill("coach")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Coaching session", level=1)).to_be_visible()

    page.goto(f"/a/{acme.slug}/contacts/")
    search = page.get_by_label("Search", exact=True)
    search.press_sequentially("zo vip")
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Zoë Østby")
    expect(search).to_be_focused()
    expect(page).to_have_url(re.compile(r"\?q=zo\+vip$"))
    search.fill("")
    expect(rows).to_have_count(3)
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Tagged").select_option("VIP")
    page.get_by_role("button", name="Show contacts").click()
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Save this filter").click()
    page.get_by_label("Name", exact=True).fill("Important")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Important", exact=True)).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Remove: Tagged VIP").click()
    expect(rows).to_have_count(3)


@pytest.mark.django_db(transaction=True)
def test_filters_work_on_a_phone_without_a_script(open_page, acme):
    person(acme, "Zoe Miller", tags=["VIP"])
    person(acme, "Ann Lee")
    page = open_page("/", viewport=PHONE, script=False)
    sign_in(page, acme.assistant.email)
    page.goto(f"/a/{acme.slug}/contacts/")
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Tagged").select_option("VIP")
    page.get_by_role("button", name="Show contacts").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Jump to").click()
    page.get_by_role("searchbox", name="Search", exact=True).fill("ann")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Ann Lee").click()
    expect(page.get_by_role("heading", name="Ann Lee", level=1)).to_be_visible()

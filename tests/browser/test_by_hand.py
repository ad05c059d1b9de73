"""The way "by hand" of product.md, by its labels: Contacts → Contacts → contact → Credits → Consume."""

import re

import pytest
from playwright.sync_api import expect

from credits import queries
from simplero.tenancy.scope import scope
from tests import factories

from .conftest import DESKTOP, PHONE, label, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db, acme, zen):
    """Ann Example of Acme, with 5 sessions issued and 1 used; Zen has an Ann Example too, with 9."""
    for account, issued in ((acme, 5), (zen, 9)):
        account.contact = factories.contact(account, "Ann Example", email="ann@example.com")
        factories.issue(account, issued)
    factories.consume(acme)
    return acme


def free(world):
    with scope(world.account, read_only=True):
        return queries.free_by_type(world.account, world.contact)[world.session.pk]


def to_contact(page, email, *, phone=False):
    sign_in(page, email)
    if phone:
        page.get_by_role("button", name=label("Menu")).click()
    page.get_by_role("navigation").get_by_role("link", name=label("Contacts")).first.click()
    page.get_by_role("link", name=re.compile("Ann Example")).click()
    expect(page.get_by_text(label("Contact info")).first).to_be_visible()
    return page.get_by_role("region", name=label("Credits"))


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_consume_with_a_note_and_undo(world, open_page, viewport, scheme):
    page = open_page(viewport=viewport, scheme=scheme)
    section = to_contact(page, world.owner.email, phone=viewport is PHONE)
    section.get_by_role("link", name=label("Consume")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(label("Number of credits")).fill("2")
    expect(dialog).to_contain_text("2 from the 5 issued")  # the lots that will pay, before confirming
    dialog.get_by_label(re.compile("^Note")).fill("Brought her sister")
    dialog.get_by_role("button", name=label("Consume")).click()

    confirmation = page.get_by_role("status").filter(has_text="2 sessions used")
    expect(confirmation).to_contain_text("2 left")
    assert free(world) == 2
    page.reload()
    expect(confirmation).to_be_visible()
    assert free(world) == 2
    confirmation.get_by_role("button", name=label("Undo")).click()
    expect(page.get_by_role("status").filter(has_text="given back")).to_be_visible()
    assert free(world) == 4

    page.get_by_role("link", name=label("Credit activity")).click()
    expect(page.get_by_text("Brought her sister")).to_be_visible()


def test_a_double_click_uses_once(world, open_page):
    page = open_page()
    to_contact(page, world.assistant.email).get_by_role("link", name=label("Consume")).first.click()
    page.get_by_role("dialog").get_by_role("button", name=label("Consume")).dblclick()
    expect(page.get_by_role("status").filter(has_text="1 session used")).to_be_visible()
    assert free(world) == 3


def test_enter_in_the_form_consumes(world, open_page):
    page = open_page()
    to_contact(page, world.owner.email).get_by_role("link", name=label("Consume")).first.press("Enter")
    page.get_by_role("dialog").get_by_label(label("Number of credits")).press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 session used")).to_be_visible()
    assert free(world) == 3


def test_too_few_says_so_and_offers_to_issue(world, open_page):
    page = open_page()
    to_contact(page, world.owner.email).get_by_role("link", name=label("Consume")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(label("Number of credits")).fill("9")
    dialog.get_by_label(re.compile("^Note")).fill("Kept as typed")
    dialog.get_by_role("button", name=label("Consume")).click()
    expect(dialog).to_contain_text("Ann Example has 4 sessions, and 9 were asked for")
    expect(dialog.get_by_label(re.compile("^Note"))).to_have_value("Kept as typed")
    assert free(world) == 4
    dialog.get_by_role("link", name=re.compile("^Issue", re.IGNORECASE)).click()
    expect(dialog.get_by_role("button", name=label("Issue"))).to_be_visible()
    dialog.get_by_label(label("Number of credits")).fill("5")
    dialog.get_by_role("button", name=label("Issue")).click()
    expect(page.get_by_role("status").filter(has_text="5 sessions issued")).to_be_visible()
    assert free(world) == 9


def test_a_lost_connection_loses_nothing_typed(world, open_page):
    page = open_page()
    to_contact(page, world.owner.email).get_by_role("link", name=label("Consume")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("^Note")).fill("Kept as typed")
    page.context.set_offline(True)
    dialog.get_by_role("button", name=label("Consume")).click()
    expect(page.get_by_text(re.compile("connection was lost", re.IGNORECASE)).first).to_be_visible()
    expect(dialog.get_by_label(re.compile("^Note"))).to_have_value("Kept as typed")
    assert free(world) == 4
    page.context.set_offline(False)
    dialog.get_by_role("button", name=label("Consume")).click()
    expect(page.get_by_role("status").filter(has_text="1 session used")).to_be_visible()
    assert free(world) == 3


def test_without_script_the_same_forms_are_pages(world, open_page):
    page = open_page(script=False)
    to_contact(page, world.owner.email).get_by_role("link", name=label("Consume")).first.click()
    page.get_by_label(label("Number of credits")).fill("3")
    page.get_by_role("button", name=label("Preview")).click()
    expect(page.get_by_label(label("Number of credits"))).to_have_value("3")
    assert free(world) == 4
    page.get_by_role("button", name=label("Consume")).click()
    expect(page.get_by_text(re.compile("3 sessions used")).first).to_be_visible()
    assert free(world) == 1


def test_a_new_type_of_credit(world, open_page):
    page = open_page()
    sign_in(page, world.owner.email)
    page.get_by_role("navigation").get_by_role("link", name=label("Credits")).click()
    page.get_by_role("link", name=label("Add a new type of credit")).first.click()
    form = page.get_by_role("dialog")
    form.get_by_label(label("Name")).fill("strategy call")
    form.get_by_label(re.compile("^Name plural")).fill("strategy calls")
    form.get_by_label(re.compile("^Description")).fill("Twenty minutes on the phone.")
    form.get_by_role("button", name=label("Create credit")).click()
    expect(page.get_by_role("heading", name=re.compile("strategy call", re.IGNORECASE)).first).to_be_visible()

"""Contacts → Import by its labels: upload, match, check, load, look at what came of it, undo."""

import re

import pytest
from playwright.sync_api import expect

from contacts.models import Contact
from simplero.outbox import relay as relaying
from simplero.tenancy.scope import scope
from tests import factories

from .conftest import PHONE, label, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

FILE = b"Name,Email,Sessions left\nBen Ito,ben@example.com,5\nCy,not an address,2\n"


def test_a_small_file(acme, zen, open_page):
    factories.credit_type(acme, "session")
    page = open_page(viewport=PHONE, scheme="dark")
    sign_in(page, acme.admin.email)
    page.get_by_role("button", name=label("Menu")).click()
    page.get_by_role("navigation").get_by_role("link", name=label("Import")).click()
    page.get_by_label(label("File")).set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": FILE})
    page.get_by_role("button", name=label("Upload")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    relaying.relay()
    expect(page.get_by_label("Sessions left")).to_have_value("amount")  # the page found out by itself
    page.get_by_role("button", name=label("Check every row")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    relaying.relay()
    expect(page.get_by_text("Row 3, Email: Enter an email address like name@example.com.")).to_be_visible()
    page.get_by_label(re.compile("^Sessions")).fill("5")
    page.get_by_role("button", name=label("Compare")).click()
    expect(page.get_by_text(label("Equal"))).to_be_visible()
    page.get_by_label(re.compile("leave out the 1 that is wrong")).check()
    page.get_by_role("button", name=label("Load 1 row")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    relaying.relay()
    expect(page.get_by_text(label("Loaded")).first).to_be_visible()
    with scope(acme.account, read_only=True):
        assert Contact.objects.get().name == "Ben Ito"
    page.get_by_role("link", name=label("Undo the import")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 row with opening balances")
    dialog.get_by_role("button", name=label("Undo the import")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    relaying.relay()
    expect(page.get_by_text(label("Undone")).first).to_be_visible()

"""Sales → Products in a browser, by the labels a person reads: sell credits, cheaper by quantity, a subscription, spend credits."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.products import shop
from tests.products.desk import at
from tests.products.test_product_description import PAYLOADS

from .conftest import PHONE, label, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(acme, zen):
    factories.credit_type(acme, "coaching session")
    factories.credit_type(acme, "strategy call")
    return acme


def to_products(page, email):
    sign_in(page, email)
    if page.get_by_role("button", name=label("Menu")).is_visible():
        page.get_by_role("button", name=label("Menu")).click()
    page.get_by_role("navigation").get_by_role("link", name=label("Products")).click()
    return page


def add_price(page, kind):
    """Open the form for a price of that kind."""
    page.get_by_role("link", name=label("Add price")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name=label(kind)).click()
    expect(dialog.get_by_role("button", name=label("Add price"))).to_be_visible()
    return dialog


def done(page, dialog):
    dialog.get_by_role("button", name=label("Add price")).click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["wide", "phone"])
def test_a_package_with_four_prices(world, open_page, viewport):
    page = to_products(open_page("/accounts/login/", **({"viewport": viewport} if viewport else {})), world.admin.email)
    page.get_by_role("link", name=label("New product")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name=label("Credit")).click()
    dialog.get_by_label(label("Product name")).fill("Coaching package")
    expect(dialog.get_by_label(re.compile("^Number of credits included"))).to_have_value("")
    dialog.get_by_label(re.compile("^Price per credit")).fill("100")
    dialog.get_by_label(label("Credit type")).select_option(label="Coaching session: never expires")
    dialog.get_by_role("button", name=label("Create product")).dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Coaching package")

    page.get_by_role("link", name=label("Settings")).last.click()
    page.get_by_label(re.compile("^Minimum quantity")).fill("1")
    page.get_by_role("group", name=label("Expiration override")).get_by_text("A time").click()
    page.get_by_label(label("How long")).fill("6")
    page.get_by_role("button", name=label("Save")).click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    page.get_by_role("link", name=label("Pricing")).click()
    dialog = add_price(page, "Single payment")
    dialog.get_by_label(label("Price per credit")).fill("85")
    dialog.get_by_label(label("Minimum quantity")).fill("5")
    done(page, dialog)
    dialog = add_price(page, "Recurring")
    dialog.get_by_label(label("Price per credit")).fill("80")
    dialog.get_by_label(label("Every")).fill("1")
    dialog.get_by_label(label("Period")).select_option("months")
    done(page, dialog)
    dialog = add_price(page, "Credit")
    dialog.get_by_label(label("Number of credits")).fill("3")
    dialog.get_by_label(label("Credit type")).select_option(label="Strategy call: never expires")
    done(page, dialog)
    for words in ("€100 each", "€85 each", "€80 each a month", "3 strategy calls"):
        expect(page.get_by_text(words, exact=True)).to_be_visible()
    # The same tier again is refused where it was typed, and what was typed stays.
    dialog = add_price(page, "Single payment")
    dialog.get_by_label(label("Price per credit")).fill("70")
    dialog.get_by_label(label("Minimum quantity")).fill("5")
    dialog.get_by_role("button", name=label("Add price")).click()
    expect(dialog.get_by_text("There is a price of this kind from 5 already.")).to_be_visible()
    expect(dialog.get_by_label(label("Price per credit"))).to_have_value("70")


def test_why_a_credit_price_is_not_offered(world, open_page):
    session = factories.credit_type(world, "session")
    massage = shop.product(world, "Massage", kind="service")
    shop.price(world, massage, 3, "credit", credit_type=session)
    ann = factories.contact(world, "Ann Lee")
    factories.contact(world, "Ann Berg")
    factories.issue(world, 1, to=ann, of=session)
    page = to_products(open_page("/accounts/login/"), world.admin.email)
    page.get_by_role("link", name=label("Massage")).click()
    why = page.get_by_role("region", name="Why is a price (not) offered?")
    expect(why.get_by_text("Sign in to pay with 3 sessions.")).to_be_visible()
    why.get_by_label(label("Contact")).fill("ann")
    why.get_by_label(label("Contact")).press("Enter")
    why.get_by_role("link", name=re.compile("Ann Lee")).click()
    expect(why.get_by_text("Ann Lee has 1 session, this needs 3.")).to_be_visible()
    factories.issue(world, 2, to=ann, of=session)
    why.get_by_role("button", name=label("Look")).click()
    expect(why.get_by_text("Has 3 sessions, this takes 3.")).to_be_visible()


def test_products_without_a_script(world, open_page):
    page = to_products(open_page("/accounts/login/", script=False), world.admin.email)
    page.get_by_role("link", name=label("New product")).first.click()
    page.get_by_role("link", name=label("Other")).click()
    page.get_by_label(label("Product name")).fill("Book")
    page.get_by_role("button", name=label("Create product")).click()
    page.get_by_role("link", name=label("Pricing")).click()
    page.get_by_role("link", name=label("Add price")).click()
    page.get_by_role("link", name=label("Free")).click()
    page.get_by_role("button", name=label("Add price")).click()
    expect(page.get_by_text("“Book” can be had for free now.")).to_be_visible()


def test_nothing_that_was_typed_runs(world, open_page):
    """The whole corpus in every field of a product (T20): no script, no dialog, nothing that the policy had to refuse."""
    said = []
    made = shop.product(world, "Target")
    page = to_products(open_page("/accounts/login/"), world.admin.email)
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.goto(at(made, "settings"))
    corpus = "\n\n".join(PAYLOADS)
    page.get_by_label(label("Product name")).fill(corpus[:120].replace("\n", " "))
    page.get_by_label(re.compile("^Summary")).fill(corpus[:200].replace("\n", " "))
    page.get_by_label(re.compile("^Description")).fill(corpus)
    page.get_by_role("button", name=label("Save")).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    for path in ("", "settings", "pricing", "archive", "why"):
        page.goto(at(made, path))
        expect(page.locator("h1, h2").first).to_be_attached()
    page.goto(at(made))
    expect(page.get_by_text("<script>alert(1)</script>", exact=True).first).to_be_visible()
    assert said == []

"""The ways "sell credits", "cheaper by quantity" and "spend credits" of product.md, by their labels, from the desk to the shop and back."""

import re

import pytest
from playwright.sync_api import expect

from credits import queries
from products.models import GatewayAccount, Purchase
from simplero.mail.models import Message
from simplero.tenancy.scope import scope
from tests import factories
from tests.products import shop as sells

from .conftest import DESKTOP, PHONE, label, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "ann@example.com"


@pytest.fixture
def world(transactional_db, acme, zen, settings):
    """Ann has five coaching sessions; the shop takes test cards."""
    settings.DEMO = True
    acme.contact = factories.contact(acme, "Ann Lee", email=EMAIL)
    acme.coaching = factories.credit_type(acme, "coaching session")
    factories.issue(acme, 5, of=acme.coaching)
    with scope(acme.account):
        GatewayAccount.objects.create(account=acme.account, gateway="test", enabled=True)
    return acme


def free(world):
    with scope(world.account, read_only=True):
        return queries.free_by_type(world.account, world.contact).get(world.coaching.pk, 0)


def bought(world):
    with scope(world.account, read_only=True):
        return list(Purchase.objects.order_by("pk").values_list("product_name", "quantity", "total", "state"))


def new_product(page, kind, name, price, **chosen):
    """Sales → Products → New product → kind; back on the product's page."""
    page.get_by_role("navigation").get_by_role("link", name=label("Products")).first.click()
    page.get_by_role("link", name=label("New product")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name=re.compile(f"^{kind}", re.IGNORECASE)).click()
    dialog.get_by_label(re.compile("name", re.IGNORECASE)).first.fill(name)
    dialog.get_by_label(re.compile("^Price")).fill(price)
    if "credit_type" in chosen:
        choose(dialog.get_by_label(label("Credit type")), chosen["credit_type"])
    dialog.get_by_role("button", name=label("Create product")).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def choose(field, name):
    """The option that begins with `name`, whatever its number."""
    option = field.locator("option").filter(has_text=re.compile(f"^{name}", re.IGNORECASE))
    field.select_option(value=option.get_attribute("value"))


def add_price(page, kind, **fields):
    """Product → Settings → Pricing → + Add price → kind."""
    page.get_by_role("main").get_by_role("link", name=label("Settings")).first.click()
    page.get_by_role("link", name=label("Pricing")).click()
    page.get_by_role("link", name=label("Add price")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name=re.compile(f"^{kind}", re.IGNORECASE)).click()
    for name, value in fields.items():
        field = dialog.get_by_label(re.compile("^" + name.replace("_", " "), re.IGNORECASE))
        if field.evaluate("one => one.tagName") == "SELECT":
            choose(field, value)
        else:
            field.fill(value)
    dialog.get_by_role("button", name=label("Add price")).click()
    expect(dialog).to_be_hidden()


def publish(page, name):
    page.get_by_role("navigation").get_by_role("link", name=label("Products")).first.click()
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("button", name=label("Publish")).or_(page.get_by_role("link", name=label("Publish"))).first.click()
    confirm = page.get_by_role("dialog").get_by_role("button", name=label("Publish"))
    if confirm.count():
        confirm.click()
    expect(page.get_by_text(label("Live")).first).to_be_visible()


@pytest.fixture
def shop(request, world):
    """A retreat for money or three coaching sessions, and sessions at €100, from five €85. On the desktop they are put together
    at the desk, by hand; elsewhere they stand there."""
    by_hand = getattr(request.node, "callspec", None) and request.node.callspec.params["viewport"] is DESKTOP
    if by_hand:
        stock_by_hand(request.getfixturevalue("open_page")(), world)
    else:
        retreat = sells.product(world, "Leadership retreat", kind="service", amount=69_000)
        sells.price(world, retreat, 3, "credit", credit_type=world.coaching)
        pack = sells.product(world, "Coaching", credit_type=world.coaching, amount=10_000)
        sells.price(world, pack, 8_500, minimum=5)
    return f"/s/{world.slug}/"


def stock_by_hand(page, world):
    sign_in(page, world.owner.email)
    new_product(page, "Service", "Leadership retreat", "690")
    add_price(page, "Credit", number_of_credits="3", credit_type="coaching session")
    publish(page, "Leadership retreat")
    new_product(page, "Credit", "Coaching", "100", credit_type="coaching session")
    add_price(page, "Single payment", price="85", minimum="5")
    publish(page, "Coaching")


def enter(page):
    """Sign in as Ann with the code of the newest mail."""
    page.get_by_label(label("Email")).fill(EMAIL)
    page.get_by_role("button", name=label("Send me the mail")).click()
    expect(page.get_by_role("heading", name=label("Look into your mail"))).to_be_visible()
    mail = Message.objects.filter(to=[EMAIL], confidential=True).latest("pk")
    page.get_by_label(re.compile("^Code")).fill(re.search(r"\b\d{3} ?\d{3}\b", mail.text)[0])
    page.get_by_role("button", name=label("Sign in")).click()


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_spend_credits_buy_more_and_be_refused_when_short(world, shop, open_page, viewport, scheme):
    page = open_page(shop, viewport=viewport, scheme=scheme)
    page.get_by_role("link", name=re.compile("Leadership retreat")).first.click()
    page.get_by_role("link", name=label("Buy")).click()
    page.get_by_role("radio", name=re.compile("3 coaching sessions")).check()
    page.get_by_role("link", name=label("Sign in to pay with 3 coaching sessions")).first.click()
    enter(page)
    expect(page.get_by_role("radio", name=re.compile("3 coaching sessions"))).to_be_checked()
    left_after = page.get_by_text(re.compile("2 coaching sessions")).first
    expect(left_after).to_be_visible()  # before confirming
    page.get_by_role("button", name=re.compile("^(Buy|Pay|Book)")).dblclick()
    expect(page).to_have_url(re.compile("/account/purchases/"))
    assert bought(world) == [("Leadership retreat", 1, 3, "active")]
    assert free(world) == 2

    page.go_back()
    page.reload()
    assert len(bought(world)) == 1

    page.goto(f"{shop}account/credits/")
    expect(page.get_by_text(re.compile("2 coaching sessions|2 left")).first).to_be_visible()
    expect(page.get_by_text(re.compile("3 coaching sessions used")).first).to_be_visible()

    page.goto(f"{shop}p/coaching/order")
    expect(page.get_by_text("€100.00").first).to_be_visible()
    page.get_by_label(label("How many?")).fill("4")
    expect(page.get_by_text("€400.00").first).to_be_visible()
    page.get_by_label(label("How many?")).fill("5")
    expect(page.get_by_text("€425.00").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Buy for €425")).click()
    to_payment = page.get_by_role("link", name=re.compile("Continue|Pay"))
    number = page.get_by_label(label("Card number"))
    expect(to_payment.or_(number).first).to_be_visible()
    if not number.count():
        to_payment.first.click()
    number.fill("4242 4242 4242 4242")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    expect(page.get_by_text(re.compile("Thank you|paid", re.IGNORECASE)).first).to_be_visible()
    assert bought(world)[1:] == [("Coaching", 5, 42_500, "active")]
    assert free(world) == 7

    page.goto(f"{shop}p/leadership-retreat/order?again=1")
    page.get_by_label(label("How many?")).fill("3")
    page.get_by_role("radio", name=re.compile("3 coaching sessions")).check()
    expect(page.get_by_text("You have 7 coaching sessions, this needs 9.").first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Buy coaching sessions")).first).to_be_visible()
    assert free(world) == 7
    assert len(bought(world)) == 2


def test_without_script_the_total_is_updated_by_its_button(world, shop, open_page):
    page = open_page(f"{shop}p/coaching/order", script=False)
    page.get_by_label(label("How many?")).fill("5")
    page.get_by_role("button", name=label("Update total")).click()
    expect(page.get_by_text("€425.00").first).to_be_visible()
    page.get_by_label(label("Your name")).fill("Newly Here")
    page.get_by_label(label("Email")).fill("new@example.com")
    page.get_by_role("button", name=re.compile("^Buy for €425")).click()
    assert bought(world) == [("Coaching", 5, 42_500, "new")]

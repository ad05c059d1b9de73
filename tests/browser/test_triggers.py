"""The way "trigger" of product.md, by its labels: a product is bought in the shop, and credits are consumed by themselves."""

import re

import pytest
from playwright.sync_api import expect

from automations.models import Version
from credits import queries
from products.models import GatewayAccount
from simplero.outbox.relay import relay
from simplero.tenancy.scope import scope
from tests import factories
from tests.products import shop as sells
from tests.triggers.world import consume, issue, trigger
from triggers.models import Trigger
from triggers.services.triggers import delete

from .conftest import DESKTOP, PHONE, label, sign_in
from .test_every_page import faults
from .test_selling import EMAIL, choose, enter

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db, acme, zen, settings):
    """Ann has five coaching sessions; a retreat is to be had for a test card."""
    settings.DEMO = True
    acme.contact = factories.contact(acme, "Ann Lee", email=EMAIL)
    acme.coaching = factories.credit_type(acme, "coaching session")
    factories.issue(acme, 5, of=acme.coaching)
    with scope(acme.account):
        GatewayAccount.objects.create(account=acme.account, gateway="test", enabled=True)
    retreat = sells.product(acme, "Leadership retreat", kind="service", amount=69_000)
    assert retreat.slug == "leadership-retreat"
    return acme


def free(world):
    with scope(world.account, read_only=True):
        return queries.free_by_type(world.account, world.contact).get(world.coaching.pk, 0)


def triggers(page, viewport):
    """Marketing → Triggers."""
    if viewport == PHONE:
        page.get_by_role("button", name="Menu", exact=True).click()
    expect(page.get_by_role("heading", name=label("Marketing"))).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name=label("Triggers")).click()
    expect(page.get_by_role("heading", name=label("Triggers"), level=1)).to_be_visible()


def buy(page, world):
    """The retreat, as Ann, with a test card."""
    page.goto(f"/s/{world.slug}/p/leadership-retreat/order")
    page.get_by_role("link", name=label("Sign in")).first.click()
    enter(page)
    page.goto(f"/s/{world.slug}/p/leadership-retreat/order")
    page.get_by_role("button", name=re.compile("^Buy for €690")).click()
    to_payment, number = (
        page.get_by_role("link", name=re.compile("Continue|Pay")),
        page.get_by_label(label("Card number")),
    )
    expect(to_payment.or_(number).first).to_be_visible()
    if not number.count():
        to_payment.first.click()
    number.fill("4242 4242 4242 4242")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    expect(page.get_by_text(re.compile("Thank you|paid", re.IGNORECASE)).first).to_be_visible()


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_product_bought_consumes_credits(world, open_page, viewport, scheme):
    page = open_page(f"/a/{world.slug}/", viewport=viewport, scheme=scheme)
    sign_in(page, world.owner.email)
    triggers(page, viewport)
    page.get_by_role("link", name=label("Add a trigger")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name=label("Product bought")).click()
    choose(dialog.get_by_label(re.compile("^Product")), "Leadership retreat")
    dialog.get_by_role("button", name=label("Create trigger")).click()
    expect(page.get_by_role("heading", name="Leadership retreat is bought", level=1)).to_be_visible()
    page.get_by_role("link", name=label("Consume credits")).click()
    choose(dialog.get_by_label(label("Credit type")), "coaching session")
    dialog.get_by_label(label("Amount")).fill("2")
    dialog.get_by_role("button", name=label("Add")).dblclick()
    expect(page.get_by_text("Consume 2 coaching sessions")).to_be_visible()

    page.get_by_role("link", name=label("Test it")).click()
    page.get_by_label(label("Contact")).fill("Ann")
    page.get_by_role("button", name=label("Look")).click()
    expect(page.get_by_text("Would use 2 coaching sessions: 3 of 5 would be left.")).to_be_visible()
    assert free(world) == 5
    page.get_by_role("button", name=label("Switch on")).click()
    expect(page.get_by_role("button", name=label("Switch off"))).to_be_visible()
    address = page.url

    shop = open_page(f"/s/{world.slug}/", viewport=viewport, scheme=scheme)
    buy(shop, world)
    relay()
    assert free(world) == 3

    page.goto(f"{address}log")
    expect(page.get_by_text("2 coaching sessions used, 3 left")).to_be_visible()
    page.get_by_role("link", name=label("See the entry")).click()
    expect(page.get_by_text(re.compile("2 coaching sessions used")).first).to_be_visible()
    page.goto(f"/a/{world.slug}/contacts/{world.contact.public_id}/")
    expect(page.get_by_text(re.compile("2 coaching sessions used")).first).to_be_visible()


@pytest.fixture
def three(world):
    """A trigger of three actions."""
    world.session = world.coaching
    return trigger(world, "contact.created", consume(world, 1), issue(world, 2), consume(world, 3), on=False)


def order(world, made):
    with scope(world.account, read_only=True):
        steps = Version.objects.filter(flow=made.flow_id).latest("number").steps
        return [node["settings"]["amount"] for node in steps]


def acts(page):
    return page.locator(".act b")


def test_actions_are_put_in_order_by_dragging_and_by_keyboard(world, three, open_page):
    page = open_page(f"/a/{world.slug}/marketing/triggers/{three.public_id}/")
    sign_in(page, world.owner.email)
    page.goto(f"/a/{world.slug}/marketing/triggers/{three.public_id}/")
    grip, first = page.locator(".act__grip").nth(2), page.locator(".act").nth(0)
    grip.scroll_into_view_if_needed()
    start, end = grip.bounding_box(), first.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + end["height"] / 2, steps=6)
    page.mouse.move(end["x"] + 40, end["y"] + 3, steps=3)
    page.mouse.up()
    expect(acts(page).nth(0)).to_have_text("Consume 3 coaching sessions")
    page.wait_for_load_state()
    assert order(world, three) == [3, 1, 2]
    up = page.get_by_role("button", name="Move “Issue 2 coaching sessions” up")
    up.focus()
    page.keyboard.press("Enter")
    expect(acts(page).nth(1)).to_have_text("Issue 2 coaching sessions")
    assert order(world, three) == [3, 2, 1]


def test_without_script(world, open_page):
    page = open_page(f"/a/{world.slug}/", script=False)
    page.get_by_label(label("Email")).fill(world.owner.email)
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name=label("Sign in")).click()
    page.goto(f"/a/{world.slug}/marketing/triggers/")
    page.get_by_role("link", name=label("Add a trigger")).first.click()
    page.get_by_role("link", name=label("Credits used up")).click()
    page.get_by_role("button", name=label("Create trigger")).click()
    page.get_by_role("link", name=label("Issue credits")).click()
    choose(page.get_by_label(label("Credit type")), "coaching session")
    page.get_by_label(label("Amount")).fill("5")
    page.get_by_role("button", name=label("Add")).click()
    page.get_by_role("link", name=re.compile("^Change only if")).click()
    page.get_by_label(label("Only once per contact")).check()
    page.get_by_role("button", name=label("Save")).click()
    page.get_by_role("button", name=label("Switch on")).click()
    expect(page.get_by_role("button", name=label("Switch off"))).to_be_visible()
    with scope(world.account, read_only=True):
        made = Trigger.objects.select_related("flow").get()
        assert (made.flow.enabled, made.flow.once) == (True, True)
    factories.consume(world, 5, of=world.coaching)
    relay()
    assert free(world) == 5


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["wide, light", "phone, dark"]
)
def test_pages_in_every_state_can_be_read_by_everybody(world, three, open_page, viewport, scheme):
    world.session = world.coaching
    only_if = [{"kind": "credits", "credit_type": world.coaching.pk, "least": 1, "is": True}]
    short = trigger(world, "credits.consumed", consume(world, 9), only_if=only_if, name="Short of some")
    called = trigger(world, "hook.received")
    factories.consume(world, 1, of=world.coaching)
    relay()
    gone = trigger(world, "contact.created", name="Gone")
    with scope(world.account):
        delete(account=world.account, trigger=gone, actor=world.actor)
    page = open_page(f"/a/{world.slug}/", viewport=viewport, scheme=scheme, policy=False)
    sign_in(page, world.owner.email)
    here = f"/a/{world.slug}/marketing/triggers/"
    paths = [
        here,
        f"{here}?show=on",
        f"{here}new?when=credits.low",
        f"{here}{three.public_id}/",
        f"{here}{three.public_id}/actions/add?what=issue",
        f"{here}{short.public_id}/",
        f"{here}{short.public_id}/only-if",
        f"{here}{short.public_id}/log",
        f"{here}{short.public_id}/test?contact={world.contact.public_id}",
        f"{here}{called.public_id}/",
        f"{here}{gone.public_id}/",
    ]
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = faults(page)
    assert {path: faults for path, faults in found.items() if faults} == {}

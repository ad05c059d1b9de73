"""What triggers and automations do by themselves, seen from the desk: entries, a contact's way, what was short, and issue and retry."""

import re

import pytest
from playwright.sync_api import expect

from credits import queries
from products.models import GatewayAccount
from simplero.outbox.relay import relay
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import flow, step
from tests.products import shop as sells
from tests.triggers.world import consume, trigger

from .conftest import DESKTOP, PHONE, label, sign_in
from .test_selling import EMAIL
from .test_triggers import buy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db, acme, zen, settings):
    """Ann has three coaching sessions. A retreat that is bought uses two, and starts an automation that uses two more."""
    settings.DEMO = True
    acme.contact = factories.contact(acme, "Ann Lee", email=EMAIL)
    acme.session = factories.credit_type(acme, "coaching session")
    factories.issue(acme, 3)
    with scope(acme.account):
        GatewayAccount.objects.create(account=acme.account, gateway="test", enabled=True)
    retreat = sells.product(acme, "Leadership retreat", kind="service", amount=69_000)
    uses = step("consume", "k1", credit_type=acme.session.pk, amount=2, short="stop")
    follow_up = flow(acme, uses, step("stop", "k2"), name="Follow-up")
    trigger(acme, "purchase.activated", consume(acme, 2), ("start", {"flow": follow_up.pk}), name="Session delivered", product=retreat.pk)  # fmt: skip
    return acme


def free(world):
    with scope(world.account, read_only=True):
        return queries.free_by_type(world.account, world.contact).get(world.session.pk, 0)


def at_work():
    """What the workers do until nothing is due."""
    for _ in range(5):
        relay()


def menu(page, viewport):
    if viewport is PHONE:
        page.get_by_role("button", name="Menu", exact=True).click()
    return page.get_by_role("navigation", name="Main")


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_bought_consumed_short_issued_and_retried(world, open_page, viewport, scheme):
    shop = open_page(f"/s/{world.slug}/", viewport=viewport, scheme=scheme)
    buy(shop, world)
    at_work()
    assert free(world) == 1

    page = open_page(f"/a/{world.slug}/", viewport=viewport, scheme=scheme)
    sign_in(page, world.owner.email)
    expect(page.get_by_text("what ran in the background stopped")).to_be_visible()
    contact = f"/a/{world.slug}/contacts/{world.contact.public_id}/"
    page.goto(contact)
    section = page.get_by_role("region", name=label("Automations"))
    expect(section.get_by_text("Needs 2 coaching sessions and has 1.")).to_be_visible()
    expect(page.get_by_text(re.compile("2 coaching sessions used")).first).to_be_visible()
    expect(page.get_by_text("Entered “Follow-up”")).to_be_visible()

    menu(page, viewport).get_by_role("link", name=re.compile("^Attention")).click()
    group = page.get_by_role("region", name="Ann Lee is short of coaching sessions for “Follow-up”")
    expect(group.get_by_role("checkbox", name="Ann Lee")).to_be_checked()
    group.get_by_role("button", name=label("Issue and retry")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 coaching session", exact=True)).to_be_visible()
    dialog.get_by_label(re.compile("^Note")).fill("On the house")
    dialog.get_by_role("button", name=label("Issue and retry")).dblclick()
    expect(page.get_by_text(re.compile("Ann Lee has what was missing, and is on the way"))).to_be_visible()
    expect(page.get_by_text("Nothing needs attention")).to_be_visible()
    assert free(world) == 2

    page.goto(contact)
    section.get_by_role("link", name=label("Follow-up")).click()
    expect(page.get_by_text("On its way", exact=True)).to_be_visible()
    at_work()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()  # the page looks again by itself
    expect(page.get_by_text(re.compile("2 coaching sessions used, none left"))).to_be_visible()
    assert free(world) == 0
    page.get_by_role("link", name=re.compile("^In the activity")).click()
    expect(page.get_by_text(re.compile("2 coaching sessions used")).first).to_be_visible()


def test_started_continued_and_stopped_by_hand(world, open_page):
    page = open_page(f"/a/{world.slug}/")
    wait = step("wait", "k1", **{"for": "while", "number": 3, "unit": "days"})
    made = flow(world, wait, step("wait", "k2", **{"for": "while", "number": 1, "unit": "weeks"}), name="Welcome")
    sign_in(page, world.owner.email)
    page.goto(f"/a/{world.slug}/marketing/automations/{made.public_id}/")
    page.get_by_role("link", name="Start", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill("ann")
    dialog.get_by_role("searchbox").press("Enter")
    dialog.get_by_role("link", name=re.compile("Ann Lee")).click()
    dialog.get_by_role("button", name=label("Start")).dblclick()
    expect(page.get_by_text("Ann Lee has entered “Welcome”.")).to_be_visible()
    at_work()
    page.reload()
    page.get_by_role("button", name=label("Continue now")).click()
    at_work()
    expect(page.get_by_text("Wait 1 week").first).to_be_visible()
    page.get_by_role("button", name=label("Pause")).click()
    expect(page.get_by_text("Ann Lee is paused.")).to_be_visible()
    page.get_by_role("link", name=label("Stop")).click()
    dialog.get_by_role("button", name=label("Stop")).click()
    expect(page.get_by_text("Ann Lee was taken out.")).to_be_visible()
    page.goto(f"/a/{world.slug}/marketing/automations/{made.public_id}/")
    page.get_by_role("link", name=label("Start many")).click()
    expect(dialog.get_by_text(re.compile("1 contact"))).to_be_visible()
    dialog.get_by_role("button", name=label("Start them")).dblclick()
    expect(page.get_by_text(re.compile("The start is under way"))).to_be_visible()
    at_work()
    expect(page.get_by_role("link", name=re.compile("1 contact at step 1"))).to_be_visible()


def test_without_script_what_is_ticked_is_settled_by_plain_forms(world, open_page):
    page = open_page(f"/s/{world.slug}/")
    buy(page, world)
    at_work()
    page = open_page(f"/a/{world.slug}/", script=False)
    sign_in(page, world.owner.email)
    page.goto(f"/a/{world.slug}/marketing/attention/")
    page.get_by_role("button", name=label("Issue and retry")).click()
    page.get_by_role("button", name=label("Issue and retry")).click()
    expect(page.get_by_text(re.compile("has what was missing"))).to_be_visible()
    assert free(world) == 2

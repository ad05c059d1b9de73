"""Marketing → Automations in a browser, by the labels a person reads; steps moved by keyboard and by hand."""

import re

import pytest
from playwright.sync_api import expect

from automations.models import Flow
from tests import factories
from tests.automations import desk
from tests.automations.flows import flow, step, tag
from tests.factories import inside

from .conftest import PHONE, label, sign_in
from .test_every_page import faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(acme, zen):
    factories.credit_type(acme, "coaching session")
    factories.credit_type(acme, "strategy call")
    return acme


def to_automations(page, email):
    sign_in(page, email)
    if page.get_by_role("button", name=label("Menu")).is_visible():
        page.get_by_role("button", name=label("Menu")).click()
    page.get_by_role("navigation").get_by_role("link", name=label("Automations")).click()
    return page


def add(page, *kinds):
    """Open the form of a step at the end."""
    page.get_by_role("link", name=label("Add a step")).click()
    dialog = page.get_by_role("dialog")
    for kind in kinds:
        dialog.get_by_role("link", name=label(kind)).click()
    return dialog


def done(page, dialog):
    dialog.get_by_role("button", name=label("Add step")).click()
    expect(dialog).to_be_hidden()


def words(page):
    return page.locator(".step__says").all_inner_texts()


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["wide", "phone"])
def test_an_automation_is_built_published_and_switched_on(world, open_page, viewport):
    page = to_automations(
        open_page("/accounts/login/", **({"viewport": viewport} if viewport else {})), world.admin.email
    )
    page.get_by_role("link", name=label("New automation")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(label("Name")).fill("Course")
    dialog.get_by_role("button", name=label("Create automation")).dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Course")

    dialog = add(page, "Consume credits")
    dialog.get_by_label(label("Credit type")).select_option(label="Coaching session")
    dialog.get_by_label(label("Amount")).fill("2")
    done(page, dialog)
    expect(page.get_by_role("link", name="Consume 2 coaching sessions", exact=True)).to_be_focused()
    dialog = add(page, "Wait", "A while")
    dialog.get_by_label(label("How long")).fill("3")
    dialog.get_by_label(label("Unit")).select_option("weeks")
    done(page, dialog)
    dialog = add(page, "Condition")
    dialog.get_by_label(label("The contact")).first.select_option(label="has at least so many credits")
    dialog.get_by_label(label("Number of credits")).first.fill("0")
    dialog.get_by_label(label("Credit type")).first.select_option(label="Coaching session")
    dialog.get_by_role("button", name=label("Add step")).click()
    # Refused where it was typed, and what was typed stays.
    expect(dialog.get_by_text(re.compile("Enter a whole number"))).to_be_visible()
    dialog.get_by_label(label("Number of credits")).first.fill("1")
    done(page, dialog)
    page.get_by_role("link", name=re.compile("^Add a step under Yes")).click()
    page.get_by_role("dialog").get_by_role("link", name=label("Issue credits")).click()
    dialog.get_by_label(label("Credit type")).select_option(label="Strategy call")
    done(page, dialog)
    assert words(page) == [
        "Consume 2 coaching sessions",
        "Wait 3 weeks",
        "If the contact has at least 1 coaching session",
        "Issue 1 strategy call",
    ]
    expect(page.get_by_text("Not published yet.", exact=True)).to_be_visible()
    page.get_by_role("button", name=label("Publish")).click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    page.get_by_role("button", name=label("Switch on")).click()
    expect(page.get_by_text("“Course” is on: contacts can enter.")).to_be_visible()
    with inside(world):
        made = Flow.objects.get()
    assert made.enabled
    assert [one["kind"] for one in desk.steps(world, made)] == ["consume", "wait", "condition"]


@pytest.fixture
def three(world):
    """Three steps and a condition, live."""
    vip = tag(world)
    condition = step(
        "condition", "if", conditions=[{"kind": "tag", "tag": vip.pk, "is": True}], yes=[step("stop", "inner")]
    )
    waits = [step("wait", f"w{n}", **{"for": "while", "number": n, "unit": "days"}) for n in (1, 2, 3)]
    return flow(world, *waits, condition)


def order(world, made):
    return [one["key"] for one in desk.steps(world, made)]


def test_steps_are_moved_by_keyboard_and_told_aloud(world, three, open_page):
    page = to_automations(open_page("/accounts/login/"), world.admin.email)
    page.get_by_role("link", name=label("Welcome")).click()
    down = page.get_by_role("button", name=re.compile("^Down: .*Wait 1 day"))
    down.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Moved: now 2. Wait 1 day, of 5.")).to_be_attached()
    expect(down).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Moved: now 3.")).to_be_attached()
    expect(down).to_be_focused()
    assert order(world, three) == ["w2", "w3", "w1", "if"]
    up = page.get_by_role("button", name=re.compile("^Up: .*Wait 1 day"))
    up.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("status").filter(has_text="Moved: now 2.")).to_be_attached()
    expect(up).to_be_focused()
    page.get_by_role("button", name=re.compile("^More for .*Wait 1 day")).click()
    page.get_by_role("link", name=label("Move to…")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(label("Move to")).select_option(
        label="At the end of “Yes” of 4. If the contact has the tag “VIP”"
    )
    dialog.get_by_role("button", name=label("Move")).click()
    expect(page.locator(".fork").first.get_by_text("Wait 1 day")).to_be_visible()
    assert order(world, three) == ["w2", "w3", "if"]
    page.get_by_role("link", name=label("Discard changes")).click()
    page.get_by_role("dialog").get_by_role("button", name=label("Discard")).click()
    expect(page.get_by_text("The changes are discarded.")).to_be_visible()
    assert order(world, three) == ["w1", "w2", "w3", "if"]


def test_a_step_is_dragged_to_another_place(world, three, open_page):
    page = to_automations(open_page("/accounts/login/"), world.admin.email)
    page.get_by_role("link", name=label("Welcome")).click()
    page.locator("#step-w1 > .step").hover()
    page.locator("#step-w1 .step__drag").first.drag_to(page.locator("#step-if > .flow__gap .flow__insert"))
    expect(page.get_by_role("status").filter(has_text="Moved: now 3. Wait 1 day, of 5.")).to_be_attached()
    assert order(world, three) == ["w2", "w3", "w1", "if"]
    page.locator("#step-w2 > .step").hover()
    page.locator("#step-w2 .step__drag").first.drag_to(page.locator(".fork").nth(1).locator(".flow__add"))
    expect(page.locator(".fork").nth(1).get_by_text("Wait 2 days")).to_be_visible()
    assert order(world, three) == ["w3", "w1", "if"]


def test_steps_without_a_script(world, three, open_page):
    page = to_automations(open_page("/accounts/login/", script=False), world.admin.email)
    page.get_by_role("link", name=label("Welcome")).click()
    page.get_by_role("button", name=re.compile("^Down: .*Wait 1 day")).click()
    expect(page.get_by_role("button", name=re.compile("^Down: .*Wait 1 day"))).to_be_focused()
    assert order(world, three) == ["w2", "w1", "w3", "if"]
    page.get_by_role("link", name=label("Add a step")).click()
    page.get_by_role("link", name=label("Stop")).click()
    page.get_by_role("button", name=label("Add step")).click()
    page.get_by_role("button", name=label("Publish")).click()
    expect(page.get_by_text("Version 2 is live: who enters from now on goes through it.")).to_be_visible()


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [({"width": 1280, "height": 900}, "dark"), (PHONE, "light")],
    ids=["wide, dark", "phone, light"],
)
def test_nothing_serious_is_wrong_with_the_pages(world, three, open_page, viewport, scheme):
    page = to_automations(
        open_page("/accounts/login/", viewport=viewport, scheme=scheme, policy=False), world.admin.email
    )
    found = {"list": faults(page)}
    here = desk.at(three)
    kinds = (
        "consume",
        "issue",
        "tag",
        "email",
        "notify",
        "condition",
        "jump",
        "stop",
        "wait",
        "wait&for=event",
        "wait&for=while",
    )
    paths = (
        *("", "?at=w2&did=up", "/edit?step=w1", "/edit?step=if", "/move?step=w1", "/delete?step=if", "/add"),
        *(f"/add?kind={kind}" for kind in kinds),
        "/add?kind=wait&for=event&occasion=purchase.at_price",
    )
    for path in paths:
        page.goto(f"{here}{path}")
        found[path] = faults(page)
    for path in ("versions?show=1", "settings", "delete", "discard"):
        page.goto(desk.at(three, path))
        found[path] = faults(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}

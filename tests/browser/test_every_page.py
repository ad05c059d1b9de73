"""Every page in both themes, wide and on a phone: no serious finding of axe, no sideways scrolling."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from simplero.tenancy import roles
from tests.test_routes import STAFF_ROUTES, ask, furnish, signed_in

from .conftest import DESKTOP, PHONE, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

SIGNED_OUT = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/no/such/page"]
OF_NO_ACCOUNT = [
    "/me/",
    "/me/new/",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/2fa/",
    "/accounts/sessions/",
    "/outbox/",
    "/styleguide/",
    "/styleguide/contact/",
]


WHOLE = [*OF_NO_ACCOUNT, "/a/acme/contacts/"]

# Every rule of the default set. What axe would preload (each style sheet once more, from addresses it guesses) only rules read
# that are not in it, and takes most of the time.
OPTIONS = {"resultTypes": ["violations"], "preload": False}

# In the dark it is the same page in other colours: whatever else may be wrong with it is found in the light.
OF_COLOURS = {**OPTIONS, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def faults(page, *, whole=True):
    """What is wrong with a page; not `whole`, with what stands between its menu and its end, which is the same on every page."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    options = OF_COLOURS if dark else OPTIONS
    found = Axe().run(page, context=None if whole else "main", options=options).response["violations"]
    serious = [
        f"{fault['id']}: {fault['help']}: {node['html'][:160]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    return serious + (["the page scrolls sideways"] if wider else [])


def in_both(page, *, whole=True):
    """What is wrong with a page, wide and light and then, as it stands, on a phone and in the dark."""
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # colours that fade would be read half-way
    found = faults(page, whole=whole)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return found + [f"on a phone in the dark, {fault}" for fault in faults(page, whole=whole)]


PARTS = 4
"""In so many parts every page is looked at, so that one test does not keep the others waiting at the end."""


@pytest.mark.parametrize("part", range(PARTS))
def test_pages(acme, zen, open_page, part):
    furnish(zen)
    furnish(acme)
    owner = signed_in(acme.owner)
    pages = [
        url
        for route in STAFF_ROUTES[part::PARTS]
        if roles.allows(roles.OWNER, route.can)
        for url in [route.url("acme", *[acme] * len(route.objects))]
        if is_page(ask(owner, "GET", url))
    ]
    assert len(pages) > 20
    page = open_page("/accounts/login/", policy=False)
    found = {}
    for url in SIGNED_OUT[part::PARTS]:
        page.goto(url)
        found[url] = in_both(page)
    page.goto("/accounts/login/")
    sign_in(page, acme.owner.email)
    for url in [*OF_NO_ACCOUNT[part::PARTS], *pages, *further(acme)[part::PARTS]]:
        page.goto(url)
        expect(page.locator("h1").first).to_be_attached()
        assert page.title().strip()
        found[url] = in_both(page, whole=url in WHOLE)
    assert {url: wrong for url, wrong in found.items() if wrong} == {}


def further(world):
    """Pages that only a query asks for: the forms of each kind, an answer."""
    products = f"/a/{world.slug}/sales/products/"
    one = f"{products}{world.product.public_id}/"
    purchases = f"/a/{world.slug}/sales/purchases/"
    bought = f"{purchases}{world.purchase.public_id}/"
    whose = f"contact={world.contact.public_id}"
    return [
        f"/a/{world.slug}/credits/activity/?kind=used",
        f"/a/{world.slug}/credits/ends/?until=x",
        f"{purchases}?state=failed",
        f"{purchases}?{whose}",
        f"{purchases}?since=x",
        f"{purchases}add?q=ann",
        f"{purchases}add?{whose}",
        f"{purchases}add?{whose}&product={world.product.public_id}",
        f"{bought}refund?cancel=1",
        f"{products}new?kind=credit",
        f"{products}?show=archived",
        *(f"{one}prices/add?kind={kind}" for kind in ("single", "recurring", "credit", "free")),
        f"{one}why?contact={world.contact.public_id}&quantity=2",
        f"{one}why?q=ann",
    ]


def is_page(response):
    return response.status_code == 200 and not response.streaming and b"<html" in response.content


def test_axe_bites(open_page):
    page = open_page("/accounts/login/", policy=False)
    page.evaluate("document.querySelector('input').insertAdjacentHTML('afterend', '<img src=x><button></button>')")
    assert any("button-name" in fault for fault in faults(page))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_sees_colours_that_are_too_near(open_page, scheme):
    page = open_page("/accounts/login/", scheme=scheme, policy=False)
    page.evaluate(
        "document.querySelector('form').insertAdjacentHTML('beforebegin', '<p style=\"color: #777; background: #888\">Hardly seen</p>')"
    )
    assert any("color-contrast" in fault for fault in faults(page))

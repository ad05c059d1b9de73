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


# Every rule of the default set. What axe would preload (each style sheet once more, from addresses it guesses) only rules read
# that are not in it, and takes most of the time.
OPTIONS = {"resultTypes": ["violations"], "preload": False}


def faults(page):
    found = Axe().run(page, options=OPTIONS).response["violations"]
    serious = [
        f"{fault['id']}: {fault['help']}: {node['html'][:160]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    return serious + (["the page scrolls sideways"] if wider else [])


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["wide, light", "phone, dark"]
)
def test_pages(acme, zen, open_page, viewport, scheme):
    furnish(zen)
    furnish(acme)
    owner = signed_in(acme.owner)
    pages = [
        url
        for route in STAFF_ROUTES
        if roles.allows(roles.OWNER, route.can)
        for url in [route.url("acme", *[acme] * len(route.objects))]
        if is_page(ask(owner, "GET", url))
    ]
    assert len(pages) > 20
    pages += further(acme)
    page = open_page("/accounts/login/", viewport=viewport, scheme=scheme, policy=False)
    found = {}
    for url in SIGNED_OUT:
        page.goto(url)
        found[url] = faults(page)
    page.goto("/accounts/login/")
    sign_in(page, acme.owner.email)
    for url in [*pages, *OF_NO_ACCOUNT]:
        page.goto(url)
        expect(page.locator("h1").first).to_be_attached()
        found[url] = faults(page)
    assert {url: wrong for url, wrong in found.items() if wrong} == {}


def further(world):
    """Pages that only a query asks for: the forms of each kind, an answer."""
    products = f"/a/{world.slug}/sales/products/"
    one = f"{products}{world.product.public_id}/"
    purchases = f"/a/{world.slug}/sales/purchases/"
    bought = f"{purchases}{world.purchase.public_id}/"
    whose = f"contact={world.contact.public_id}"
    return [
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

"""The storefront's frame in both themes, wide and on a phone: no serious finding of axe, nothing sideways, and signing in by hand."""

import re

import pytest
from playwright.sync_api import expect

from contacts import signin
from simplero.mail.models import Message
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from tests import factories
from tests.shop.test_account import post
from tests.shop.test_shop_routes import SHOP_ROUTES, address, furnish
from tests.test_routes import ask

from .test_every_page import in_both, is_page

pytestmark = pytest.mark.django_db(transaction=True)

OF_NOBODY = ["/s/acme/sign-in/", "/s/acme/sign-in/code/", "/s/acme/sign-in/link/?token=x", "/s/acme/p/none/"]


def let_in(page, world):
    with scope(world.account):
        token = signin.begin_session(account=world.account, contact=world.contact)
    page.context.add_cookies([{"name": f"customer-{world.slug}", "value": token, "url": page.url}])
    return token


@pytest.mark.parametrize("colour", ["", "#ffd400"], ids=["of the house", "of their own"])
def test_pages(acme, zen, client, open_page, colour):
    Account.objects.filter(pk=acme.account.pk).update(colour=colour)
    furnish(acme)
    post(acme, "issue", amount=5)
    post(acme, "consume", amount=2, note="Breathing", note_for_customer=True)
    page = open_page(OF_NOBODY[0], policy=False)
    found = {}
    for url in OF_NOBODY:
        page.goto(url)
        found[url] = in_both(page)
    client.cookies["customer-acme"] = let_in(page, acme)
    pages = [
        url
        for route in SHOP_ROUTES
        for url in [address(route, "acme", *[acme] * 2)]
        if "/sign-in/" not in url and is_page(ask(client, "GET", url))
    ]
    assert len(pages) > 8
    for url in pages:
        page.goto(url)
        found[url] = in_both(page)
    assert {url: wrong for url, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_signing_in_by_hand(acme, open_page, script):
    factories.contact(acme, "Ann Lee", email="ann@example.com")
    page = open_page("/s/acme/account/credits/", script=script)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_role("button", name="Send me the mail").click()
    expect(page.get_by_text("ann@example.com")).to_be_visible()
    code = re.search(r"\d{3} \d{3}", Message.objects.get().text)[0]
    page.get_by_label("Code").fill(code)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My credits")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()

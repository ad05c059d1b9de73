"""Every address of a storefront, with every verb, as everybody: what is not yours does not exist, and first of all you sign in.

A new address must be decorated by `customer` or stand in FILES with its reason, and every object in it must be known to OBJECTS.
"""

import itertools
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from simplero.pictures import services as pictures
from simplero.tenancy.scope import scope
from tests import factories
from tests.products import shop
from tests.shop.test_pictures import drawing
from tests.test_routes import VERBS, ask, routes, snapshot

from .world import customer

SHOP = "s/<slug:shop>/"
FILES = {
    "colour.css": "the colour of a shop, the same for everybody",
    "pictures/<uuid:picture>": "whoever has the address of a picture sees it",
}
OBJECTS = {
    "slug": lambda world: world.product.slug,
    "purchase": lambda world: world.purchase.public_id,
    "payment": lambda world: world.payment.public_id,
    "picture": lambda world: world.picture.public_id,
    "number": lambda world: 1,
}
SHOP_ROUTES = [route for route in routes() if route.path.startswith(SHOP)]


def rest(route):
    return route.path.removeprefix(SHOP)


def objects(route):
    return [name for name in route.objects if name not in ("shop", "number")]


def address(route, slug, *worlds):
    """The address in the shop of `slug`, its objects taken in turn from `worlds`."""
    worlds, url = iter(worlds), rest(route)
    for name in re.findall(r"<\w+:(\w+)>", url):
        value = 1 if name == "number" else OBJECTS[name](next(worlds))
        url = re.sub(rf"<\w+:{name}>", str(value), url)
    return f"/s/{slug}/{url}"


@pytest.fixture
def worlds(acme, zen):
    return furnish(acme), furnish(zen)


def furnish(world):
    """One of everything that can stand in an address of the shop, bought by Ann."""
    shop.takes_money(world)
    world.product = shop.product(world, f"Pack of {world.slug}")
    world.purchase = shop.bought(world, world.product, shop.price(world, world.product, 1000), by=world.contact)
    world.payment = shop.payment(world, world.purchase)
    with scope(world.account):
        world.picture = pictures.keep(world.account, SimpleUploadedFile("x.png", drawing()))
    return world


def test_every_route_is_known():
    strange = [
        route.path
        for route in SHOP_ROUTES
        if (getattr(route.view, "customer", None) not in ("anybody", "signed in") and rest(route) not in FILES)
        or not set(route.objects) <= {"shop", *OBJECTS}
    ]
    assert strange == []
    assert len(SHOP_ROUTES) > 20
    private = [route for route in SHOP_ROUTES if "account/" in rest(route)]
    # A purchase and its payment are open to the browser that ordered without signing in; the views ask whose they are.
    known = {
        "account/sign-out-everywhere/",
        "account/purchases/<uuid:purchase>/",
        "account/purchases/<uuid:purchase>/pay",
    }
    assert {rest(route) for route in private if route.view.customer != "signed in"} == known


def test_a_shop_that_is_none_has_no_pages(worlds):
    acme, _ = worlds
    browser = customer(acme)
    for route in SHOP_ROUTES:
        for verb in VERBS:
            answer = ask(browser, verb, address(route, "no-such-shop", *[acme] * 2))
            assert answer.status_code in {404, 405}, f"{verb} {route.path}"


def test_signed_out_you_are_asked_to_sign_in(worlds):
    acme, zen = worlds
    before = snapshot(acme, zen)
    asked = [route for route in SHOP_ROUTES if getattr(route.view, "customer", "") == "signed in"]
    assert len(asked) > 8
    for route in asked:
        for browser, verb in itertools.product((Client(), customer(zen)), VERBS):
            response = ask(browser, verb, address(route, "acme", *[acme] * 2))
            assert response.status_code in {303, 405}, f"{verb} {route.path}"
            assert response.get("Location", "/s/acme/sign-in/").startswith("/s/acme/sign-in/")
    after = snapshot(acme, zen)
    assert {key for key in after if after[key] != before[key]} <= {("zen", "contacts_customersession")}


def test_what_is_not_yours_does_not_exist(worlds):
    """For another customer of the shop, and for objects of another shop whoever asks."""
    acme, zen = worlds
    browsers = {"own": customer(acme), "other": customer(acme, factories.contact(acme, "Ben Ito"))}
    before = snapshot(acme, zen)
    theirs = [route for route in SHOP_ROUTES if objects(route)]
    assert len(theirs) > 8
    for route in theirs:
        asked = [
            (browsers[who], address(route, "acme", *mix))
            for who in browsers
            for mix in itertools.product(worlds, repeat=len(objects(route)))
            if zen in mix
        ]
        if {"purchase", "payment"} & set(objects(route)):
            asked.append((browsers["other"], address(route, "acme", *[acme] * len(objects(route)))))
        for browser, url in asked:
            answers = {verb: ask(browser, verb, url).status_code for verb in VERBS}
            assert set(answers.values()) <= {404, 405}, f"{url}: {answers}"
            assert 404 in (answers["GET"], answers["POST"]), f"{url}: {answers}"
    assert snapshot(acme, zen) == before


def test_a_purchase_is_nobodys_who_is_signed_out(worlds):
    acme, zen = worlds
    before = snapshot(acme, zen)
    for route in SHOP_ROUTES:
        if {"purchase", "payment"} & set(objects(route)):
            for verb in VERBS:
                response = ask(Client(), verb, address(route, "acme", *[acme] * 2))
                assert response.status_code in {303, 404, 405}, f"{verb} {route.path}"
                assert response.get("Location", "/s/acme/sign-in/").startswith("/s/acme/sign-in/")
    assert snapshot(acme, zen) == before


def test_looking_changes_nothing_and_private_pages_are_kept_by_nobody(worlds):
    acme, zen = worlds
    browser = customer(acme)
    before = snapshot(acme, zen)
    for route in SHOP_ROUTES:
        response = ask(browser, "GET", address(route, "acme", *[acme] * 2))
        assert response.status_code in {200, 302, 303, 404, 405}, route.path
        if response.status_code == 200 and rest(route) not in FILES:
            assert "no-store" in response["Cache-Control"], route.path
    assert snapshot(acme, zen) == before

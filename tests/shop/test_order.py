"""The order form: what it shows, what it takes, and what it does not."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client

from contacts.models import Contact
from products.models import Price
from tests import factories
from tests.assertions import nothing_moved
from tests.factories import inside
from tests.products import shop as arrange

from .orders import field, opened, payments, purchases, send, words
from .world import customer

WHO = {"name": "Newly Here", "email": "new@example.com"}


@pytest.fixture
def pack(acme, zen):
    """Sessions: €100 each, from 5 €85, 1 to 20 at once."""
    arrange.takes_money(acme)
    made = arrange.product(acme, "Coaching", maximum=20)
    arrange.price(acme, made, 10_000)
    arrange.price(acme, made, 8_500, minimum=5)
    return made


@pytest.fixture
def workshop(acme):
    """3 sessions, or €90."""
    made = arrange.product(acme, "Workshop", kind="service")
    arrange.price(acme, made, 3, "credit", credit_type=acme.session)
    arrange.price(acme, made, 9_000)
    return made


def by_kind(world, product, kind):
    with inside(world):
        return Price.objects.get(product=product, kind=kind, minimum=1)


@pytest.mark.parametrize(
    ("quantity", "says"),
    [
        ("1", "1 session × €100"),
        ("4", "4 sessions × €100 From 5 sessions, each is €85. Total €400.00"),
        ("5", "5 sessions × €85 Total €425.00"),
    ],
)
def test_the_total_follows_the_tier(acme, pack, quantity, says):
    browser = Client()
    assert says in words(browser.get("/s/acme/p/coaching/order", {"quantity": quantity}))
    fragment = browser.get("/s/acme/p/coaching/order", {"quantity": quantity}, headers={"HX-Request": "true"})
    assert says in words(fragment)
    assert "<html" not in fragment.content.decode()


@pytest.mark.parametrize("quantity", ["0", "21", "-1", "x", "1.5", "99999999999999"])
def test_a_quantity_that_cannot_be_is_said(acme, pack, quantity):
    browser = Client()
    fragment = browser.get("/s/acme/p/coaching/order", {"quantity": quantity}, headers={"HX-Request": "true"})
    assert "Enter a whole number from 1 to 20." in words(fragment)
    assert field(fragment.content.decode(), "order") == ""
    sent = opened(browser, "coaching") | WHO | {"quantity": quantity}
    with nothing_moved():
        response = send(browser, "coaching", sent)
    assert response.status_code == 422
    assert "Enter a whole number from 1 to 20." in words(response)
    assert purchases(acme) == []


def test_without_a_script_a_button_updates_the_total_and_keeps_what_was_typed(acme, pack):
    browser = Client()
    sent = opened(browser, "coaching") | {"quantity": "5", "update": "1", "name": "Half a na", "email": "half@"}
    response = send(browser, "coaching", sent)
    assert response.status_code == 200
    assert "Total €425.00" in words(response)
    html = response.content.decode()
    assert (field(html, "name"), field(html, "email"), field(html, "quantity")) == ("Half a na", "half@", "5")
    assert purchases(acme) == []


def test_an_order_by_somebody_new_makes_the_contact(acme, pack):
    browser = Client()
    response = send(browser, "coaching", opened(browser, "coaching", quantity=5) | WHO | {"gateway": "test"})
    [purchase] = purchases(acme)
    [payment] = payments(acme)
    assert (response.status_code, response["Location"]) == (303, f"/s/acme/pay/{payment.public_id}/")
    assert (purchase.total, purchase.quantity, purchase.state) == (42_500, 5, "new")
    with inside(acme):
        assert Contact.objects.get(pk=purchase.contact_id).email == "new@example.com"


def test_an_order_under_a_known_address_shows_and_changes_nothing_of_theirs(acme, pack):
    known = factories.contact(acme, "Beatrice Known", email="known@example.com")
    factories.issue(acme, 7, to=known)
    browser = Client()
    sent = opened(browser, "coaching") | {"name": "Somebody", "email": "KNOWN@example.com", "gateway": "outside"}
    response = send(browser, "coaching", sent)
    page = words(browser.get(response["Location"]))
    assert "Thank you" in page
    for secret in ("Beatrice", "known@example.com", "KNOWN@example.com", "7 session", "Receipt "):
        assert secret not in page
    with inside(acme):
        assert Contact.objects.get(pk=known.pk).name == "Beatrice Known"
    [purchase] = purchases(acme)
    assert purchase.contact_id == known.pk


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "", "email": "new@example.com"}, "Enter a name."),
        ({"name": "New", "email": ""}, "Enter your email address."),
        ({"name": "New", "email": "nowhere"}, "Enter an email address like name@example.com."),
    ],
)
def test_who_buys_is_asked_for_and_kept_as_typed(acme, pack, typed, said):
    browser = Client()
    with nothing_moved():
        response = send(browser, "coaching", opened(browser, "coaching", quantity=3) | typed)
    assert response.status_code == 422
    assert said in words(response)
    html = response.content.decode()
    assert {name: field(html, name) for name in typed} == typed
    assert field(html, "quantity") == "3"
    assert purchases(acme) == []


# T10: what is sent is what was shown, or nothing is bought


def reseal(seal, place, value):
    """A seal with one of its values changed, and the signature of the old one."""
    text, rest = seal.split(":", 1)
    plain = json.loads(signing.b64_decode(text.lstrip(".").encode())) if not text.startswith(".") else None
    if plain is None:
        return seal[:10] + "x" + seal[11:]
    plain[place] = value
    return f"{signing.b64_encode(json.dumps(plain).encode()).decode()}:{rest}"


CHANGES = {
    "quantity up": lambda sent, other: sent | {"quantity": "5"},
    "quantity over the tier": lambda sent, other: sent | {"quantity": "4"},
    "price": lambda sent, other: sent | {"price": other["price"]},
    "price that is none": lambda sent, other: sent | {"price": str(uuid.uuid4())},
    "the seal of another product": lambda sent, other: sent | {"order": other["order"]},
    "product in the seal": lambda sent, other: sent | {"order": reseal(sent["order"], 1, 999)},
    "total in the seal": lambda sent, other: sent | {"order": reseal(sent["order"], 4, 1)},
    "currency in the seal": lambda sent, other: sent | {"order": reseal(sent["order"], 5, "DKK")},
    "owner in the seal": lambda sent, other: sent | {"order": reseal(sent["order"], 6, 1)},
    "key in the seal": lambda sent, other: sent | {"order": reseal(sent["order"], 7, str(uuid.uuid4()))},
    "no seal": lambda sent, other: sent | {"order": ""},
    "rubbish for a seal": lambda sent, other: sent | {"order": "\x00ü:x:y"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_order_that_was_changed_is_refused(acme, pack, change):
    cheap = arrange.product(acme, "Cheap")
    arrange.price(acme, cheap, 1)
    arrange.price(acme, cheap, 1, minimum=5)
    browser = customer(acme)
    other = opened(browser, "cheap", quantity=1)
    sent = CHANGES[change](opened(browser, "coaching", quantity=3), other)
    with nothing_moved():
        response = send(browser, "coaching", sent)
    assert response.status_code == 409
    assert re.search(r"look at|Look at|no longer offered", words(response))
    assert purchases(acme) == []
    html = response.content.decode()  # shows what it is now, and sends that
    now = sent | {name: field(html, name) for name in ("price", "quantity", "order", "gateway")}
    assert send(browser, "coaching", now).status_code == 303


@pytest.mark.parametrize("price", ["", "none"])
def test_an_order_names_its_price(acme, pack, price):
    browser = customer(acme)
    with nothing_moved():
        response = send(browser, "coaching", opened(browser, "coaching") | {"price": price})
    assert response.status_code in (409, 422)
    assert re.search(r"Choose a price|no longer offered|valid UUID", words(response))
    assert purchases(acme) == []


def test_a_form_of_one_customer_is_not_sent_by_another(acme, pack):
    sent = opened(customer(acme), "coaching")
    ben = factories.contact(acme, "Ben", email="ben@example.com")
    for browser in (customer(acme, ben), Client()):
        with nothing_moved():
            assert send(browser, "coaching", sent | WHO).status_code == 409
    assert purchases(acme) == []


def test_a_form_of_one_shop_is_nothing_in_another(acme, zen, pack):
    theirs = arrange.product(zen, "Coaching")
    arrange.takes_money(zen)
    arrange.price(zen, theirs, 1)
    browser = Client()
    sent = opened(browser, "coaching") | WHO
    with nothing_moved():
        assert send(browser, "coaching", sent, at="zen").status_code == 409
    assert purchases(zen) == []


def test_a_price_that_changed_meanwhile_is_shown_before_it_is_bought(acme, pack):
    browser = customer(acme)
    sent = opened(browser, "coaching", quantity=1)
    with inside(acme):
        single = Price.objects.get(product=pack, minimum=1)
        terms = arrange.selling.Terms("single", 12_000)
        arrange.selling.change_price(account=acme.account, price=single, terms=terms, actor=acme.actor)
    with nothing_moved():
        response = send(browser, "coaching", sent)
    assert response.status_code == 409
    assert "€120.00" in words(response)
    assert purchases(acme) == []


# Once


def test_a_double_click_and_the_back_button_are_one_purchase(acme, workshop):
    factories.issue(acme, 9)
    browser = customer(acme)
    sent = opened(browser, "workshop", price=by_kind(acme, workshop, "credit").public_id)
    first = send(browser, "workshop", sent)
    with nothing_moved():
        second = send(browser, "workshop", sent)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]
    assert len(purchases(acme)) == 1


def test_two_tabs_are_one_purchase(acme, pack):
    browser = Client()
    tabs = [opened(browser, "coaching") | WHO | {"gateway": "outside"} for _ in range(2)]
    places = {send(browser, "coaching", sent)["Location"] for sent in tabs}
    assert len(places) == 1
    assert len(purchases(acme)) == 1


def test_sent_again_after_the_price_was_removed_it_still_leads_to_the_purchase(acme, workshop):
    factories.issue(acme, 9)
    browser = customer(acme)
    sent = opened(browser, "workshop", price=by_kind(acme, workshop, "credit").public_id)
    first = send(browser, "workshop", sent)
    with inside(acme):
        Price.objects.filter(product=workshop, kind="credit").update(enabled=False)
    assert send(browser, "workshop", sent)["Location"] == first["Location"]


def test_who_has_just_bought_is_told_and_may_buy_again(acme, workshop):
    factories.issue(acme, 9)
    browser = customer(acme)
    credit = by_kind(acme, workshop, "credit").public_id
    first = send(browser, "workshop", opened(browser, "workshop", price=credit))
    page = browser.get("/s/acme/p/workshop/order")
    assert "You bought this just now" in words(page)
    assert first["Location"] in page.content.decode()
    second = send(browser, "workshop", opened(browser, "workshop", price=credit))  # by "Buy again"
    assert second["Location"] != first["Location"]
    assert len(purchases(acme)) == 2
    assert "You bought this" not in words(
        customer(acme, factories.contact(acme, "Ben")).get("/s/acme/p/workshop/order")
    )


def test_ten_minutes_later_nobody_is_reminded(acme, workshop, at):
    factories.issue(acme, 9)
    browser = customer(acme)
    send(browser, "workshop", opened(browser, "workshop", price=by_kind(acme, workshop, "credit").public_id))
    [purchase] = purchases(acme)
    at(purchase.created_at + timedelta(minutes=9))
    assert "You bought this 9 minutes ago" in words(browser.get("/s/acme/p/workshop/order"))
    at(purchase.created_at + timedelta(minutes=11))
    assert "You bought this" not in words(browser.get("/s/acme/p/workshop/order"))

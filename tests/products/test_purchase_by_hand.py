"""Add a purchase: step by step, seen before it counts, once."""

import re
import uuid

import pytest
from django.test import Client

from contacts.models import Letter
from products.models import Purchase
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.credits.pages.conftest import text
from tests.factories import inside

from . import shop
from .counter import price_of, url, workshop


def form_url(world, product, contact=None, name="add"):
    return url(world, rest=f"{name}?contact={(contact or world.contact).public_id}&product={product.public_id}")


def filled(desk, world, product, *, price=None, quantity=1, **more):
    """The form as a person who has looked at what it comes to would send it."""
    price = price or price_of(world, product)
    asked = f"{form_url(world, product, name='add/preview')}&price={price.public_id}&quantity={quantity}"
    seen = re.search(r'name="seen" value="([^"]*)"', desk.get(asked).content.decode())[1]
    return {"key": str(uuid.uuid4()), "price": str(price.public_id), "quantity": str(quantity), "seen": seen, **more}


def all_of(world):
    with inside(world):
        return list(Purchase.objects.order_by("pk").values_list("state", "total", "source"))


def test_one_step_after_the_other(desk, acme, pack):
    factories.contact(acme, "Ben Ito", email="ben@example.com")
    shop.product(acme, "Draft one", live=False)
    assert "Who bought it?" in text(desk.get(url(acme, rest="add")))
    found = desk.get(url(acme, rest="add?q=ben"))
    assert "Ben Ito ben@example.com" in text(found)
    products = desk.get(found.context["found"][0]["url"])
    assert "What did Ben Ito buy?" in text(products)
    assert "Draft one Draft" in text(products)
    form = desk.get(products.context["found"][0]["url"])
    assert "Pack, for Ben Ito" in text(form)
    assert "It comes to €100.00 Issues 1 session once it is paid" in text(form)


@pytest.mark.parametrize("htmx", [False, True])
def test_every_step_is_a_page_and_a_dialog(desk, acme, pack, htmx):
    headers = {"HX-Request": "true"} if htmx else {}
    for here in (url(acme, rest="add"), url(acme, rest=f"add?contact={acme.contact.public_id}"), form_url(acme, pack)):
        answer = desk.get(here, headers=headers)
        assert ("<html" in answer.content.decode()) is not htmx


def test_money_that_is_waited_for(desk, acme, pack):
    answer = desk.post(form_url(acme, pack), filled(desk, acme, pack, quantity=5))
    page = text(desk.get(answer["Location"]))
    assert "The purchase is added. It waits for its payment." in page
    assert "Mark as paid" in page
    assert all_of(acme) == [("new", 50_000, "staff")]
    assert figures(acme).free == 0
    with inside(acme):
        assert list(Letter.objects.values_list("kind", flat=True)) == ["payment_asked"]


def test_money_that_is_there_already(desk, acme, pack):
    answer = desk.post(form_url(acme, pack), filled(desk, acme, pack, quantity=5, paid="on"))
    assert "The purchase is added. It is active." in text(desk.get(answer["Location"]))
    assert all_of(acme) == [("active", 50_000, "staff")]
    assert figures(acme).free == 5
    with inside(acme):  # nobody is told how to pay what is paid
        assert not Letter.objects.filter(kind="payment_asked").exists()


def test_with_credits_it_says_which_lots_pay(desk, acme):
    factories.issue(acme, 5)
    made, at = workshop(acme)
    page = text(desk.get(form_url(acme, made)))
    assert "3 from the 5 issued on" in page
    assert "2 sessions will be left." in page
    assert "It is paid already" not in page
    desk.post(form_url(acme, made), filled(desk, acme, made, price=at))
    assert all_of(acme) == [("active", 3, "staff")]
    assert figures(acme).free == 2


def test_short_of_credits_is_foreseen_and_refused_with_the_next_step(desk, acme):
    factories.issue(acme, 1)
    made, at = workshop(acme)
    answer = desk.get(form_url(acme, made))
    assert "Ann Lee has 1 session, this needs 3." in text(answer)
    assert "amount=2" in answer.content.decode()  # Issue what is missing
    sent = filled(desk, acme, made, price=at)
    with nothing_moved():
        refused = desk.post(form_url(acme, made), sent)
    assert refused.status_code == 409
    assert "Ann Lee has 1 session, this needs 3. Nothing was bought." in text(refused)
    assert all_of(acme) == []


def test_free(desk, acme):
    made = shop.product(acme, "Taster")
    at = shop.price(acme, made, 0, "free")
    desk.post(form_url(acme, made), filled(desk, acme, made, price=at, quantity=2))
    assert all_of(acme) == [("active", 0, "staff")]
    assert figures(acme).free == 2


def test_the_tier_that_the_quantity_reaches(desk, acme, pack):
    lowest = price_of(acme, pack)
    shop.price(acme, pack, 8_500, minimum=5)
    desk.post(form_url(acme, pack), filled(desk, acme, pack, price=lowest, quantity=5, paid="on"))
    assert all_of(acme) == [("active", 42_500, "staff")]


def test_a_double_click_is_one_purchase(desk, acme, pack):
    data = filled(desk, acme, pack, quantity=5, paid="on")
    first = desk.post(form_url(acme, pack), data)
    with nothing_moved():
        second = desk.post(form_url(acme, pack), data)
    assert first["Location"] == second["Location"]
    assert len(all_of(acme)) == 1
    assert figures(acme).free == 5


def test_a_key_stands_for_one_order(desk, acme, pack):
    data = filled(desk, acme, pack, quantity=5, paid="on")
    desk.post(form_url(acme, pack), data)
    other = filled(desk, acme, pack, quantity=4, paid="on", key=data["key"])
    with nothing_moved():
        answer = desk.post(form_url(acme, pack), other)
    assert answer.status_code == 409
    assert "This order was already sent, with other details." in text(answer)


def test_what_was_not_looked_at_does_not_count(desk, acme, pack):
    data = filled(desk, acme, pack, quantity=1, paid="on")
    with nothing_moved():
        answer = desk.post(form_url(acme, pack), {**data, "quantity": "5"})
    assert answer.status_code == 409
    assert "Nothing has been bought yet." in text(answer)
    assert "It comes to €500.00" in text(answer)
    with nothing_moved():
        assert desk.post(form_url(acme, pack), {**data, "preview": "1"}).status_code == 200


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"quantity": "0"}, "Enter a whole number from 1"),
        ({"quantity": "x"}, "Enter a whole number from 1"),
        ({"price": ""}, "Choose a price."),
        ({"price": str(uuid.uuid4())}, "Choose a price."),
        ({"key": ""}, "This form came without its number"),
    ],
)
def test_what_is_typed_wrong_is_said(desk, acme, pack, data, words):
    sent = {**filled(desk, acme, pack), **data}
    with nothing_moved():
        answer = desk.post(form_url(acme, pack), sent)
    assert answer.status_code == 422
    assert words in text(answer)


def test_a_price_of_another_product_is_none_of_this_one(desk, acme, pack):
    other = shop.product(acme, "Other")
    cheap = shop.price(acme, other, 1)
    sent = {**filled(desk, acme, pack), "price": str(cheap.public_id)}
    with nothing_moved():
        answer = desk.post(form_url(acme, pack), sent)
    assert answer.status_code == 422


def test_what_may_not_be_sold_is_refused(desk, acme):
    made = shop.product(acme, "Pair", minimum=2)
    at = shop.price(acme, made, 100)
    data = filled(desk, acme, made, price=at, quantity=1)
    with nothing_moved():
        answer = desk.post(form_url(acme, made), data)
    assert answer.status_code == 409
    assert "At least 2 sessions are bought at once" in text(answer)


def test_others_are_not_found(acme, zen, desk, pack):
    theirs = shop.product(zen, "Theirs")
    assert desk.get(url(acme, rest=f"add?contact={zen.contact.public_id}")).status_code == 404
    assert desk.get(form_url(acme, theirs)).status_code == 404
    assert desk.post(url(acme, rest="add")).status_code == 404
    client = Client()
    client.force_login(acme.assistant)
    assert client.get(form_url(acme, pack)).status_code == 404
    with nothing_moved():
        assert client.post(form_url(acme, pack), {}).status_code == 404

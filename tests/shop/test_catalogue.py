"""The catalogue and the pages of products."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from products.models import Product
from tests import factories
from tests.factories import inside
from tests.products import shop as arrange


@pytest.fixture
def furnished(acme, zen):
    arrange.takes_money(acme)
    pack = arrange.product(acme, "Coaching")
    arrange.price(acme, pack, 10_000)
    arrange.price(acme, pack, 8_500, minimum=5)
    factories.credit_type(acme, "unused")
    workshop = arrange.product(acme, "Workshop", kind="service")
    arrange.price(acme, workshop, 3, "credit", credit_type=acme.session)
    arrange.price(acme, workshop, 9_000)
    arrange.product(acme, "Not ready", live=False)
    arrange.price(zen, arrange.product(zen, "Zen only", kind="service"), 1_000)
    return acme


def words(response):
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_the_catalogue_shows_what_is_on_sale_and_what_it_costs(furnished):
    page = words(Client().get("/s/acme/"))
    assert "Coaching from €85 each" in page
    assert "Workshop 3 sessions or €90" in page
    assert "Not ready" not in page
    assert "Zen only" not in page


def test_a_shop_without_goods_says_so(acme):
    assert "shelves are still empty" in words(Client().get("/s/acme/"))


def test_a_product_says_its_prices_and_what_comes_with_it(furnished):
    page = words(Client().get("/s/acme/p/coaching/"))
    assert "€100 each €85 each from 5 sessions" in page
    assert "For each you buy, you get 1 session, never expires" in page
    page = words(Client().get("/s/acme/p/workshop/"))
    assert "3 sessions or €90" in page


@pytest.mark.parametrize("path", ["p/not-ready/", "p/not-ready/order", "p/zen-only/", "p/zen-only/order", "p/nothing/"])
def test_what_is_not_on_sale_here_is_not_there(furnished, path):
    assert Client().get(f"/s/acme/{path}").status_code == 404


def test_twenty_products_ask_no_more_questions_than_one(acme):
    def questions():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert Client().get("/s/acme/").status_code == 200
        return len(asked)

    arrange.price(acme, arrange.product(acme, "Number 0", kind="other"), 1_000)
    one = questions()
    for number in range(1, 20):
        made = arrange.product(acme, f"Number {number}", kind="other")
        arrange.price(acme, made, 1_000)
        arrange.price(acme, made, 2, "credit", credit_type=acme.session)
    assert questions() == one


def test_a_long_catalogue_has_pages(acme, monkeypatch):
    monkeypatch.setattr("products.views.storefront.catalogue.PAGE", 3)
    for number in range(7):
        arrange.product(acme, f"Number {number}", kind="other")
    seen, path = [], "/s/acme/"
    while path:
        response = Client().get(path)
        seen += re.findall(r"Number \d", words(response))
        path = f"/s/acme/{response.context['more']}" if response.context["more"] else ""
    assert seen == [f"Number {number}" for number in range(7)]
    assert Client().get("/s/acme/", {"after": "nothing\x00"}).status_code == 200


PAYLOAD = "<img src=x onerror=alert(1)>{{ 7|add:7 }}\"'"


@pytest.mark.parametrize("path", ["", "p/workshop/", "p/workshop/order"])
def test_names_and_summaries_are_words_only(furnished, path):
    """T20."""
    with inside(furnished):
        Product.objects.filter(slug="workshop").update(
            name=PAYLOAD,
            summary=PAYLOAD,
            description=f"{PAYLOAD}\n\n[here](javascript:alert(1)) <script>alert(1)</script>",
        )
    page = Client().get(f"/s/acme/{path}").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert "{{ 7|add:7 }}" in page

"""Receipts, to print and as PDF."""

import pytest
from fontTools.ttLib import TTFont

from products.models import Purchase
from simplero.web.fonts import FACES, source
from tests import factories
from tests.documents import text_of
from tests.factories import inside
from tests.products import shop as arrange

from .orders import words
from .world import customer

NAME = "Zoë Ångström-Þórsdóttir"


@pytest.fixture
def zoe(acme, zen):
    arrange.takes_money(acme)
    acme.pack = arrange.product(acme, "Café & “Coaching”", included=5, expiry="6 months")
    acme.single = arrange.price(acme, acme.pack, 8_550)
    return factories.contact(acme, NAME, email="zoe@example.com")


def url(purchase, number=1, suffix="/"):
    return f"/s/acme/account/purchases/{purchase.public_id}/receipt/{number}{suffix}"


def test_the_page_says_what_was_bought_for_how_much_and_by_whom(acme, zoe):
    purchase = arrange.bought(acme, acme.pack, acme.single, 2, by=zoe)
    page = words(customer(acme, zoe).get(url(purchase)))
    for said in (
        "Acme",
        NAME,
        "zoe@example.com",
        "Café & “Coaching” × 2",
        "10 sessions × €85.50",
        "Total €855.00",
        "with a test card.",
        "10 sessions, good for 6 months",
        str(purchase.public_id)[:8].upper(),
    ):
        assert said in page


def test_the_pdf_says_the_same_with_every_letter_of_it(acme, zoe):
    purchase = arrange.bought(acme, acme.pack, acme.single, 2, by=zoe)
    response = customer(acme, zoe).get(url(purchase, suffix=".pdf"))
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert (
        response["Content-Disposition"] == f'attachment; filename="receipt-{str(purchase.public_id)[:8].upper()}-1.pdf"'
    )
    assert "no-store" in response["Cache-Control"]
    text = text_of(response.content)
    for said in (NAME, "zoe@example.com", "Café & “Coaching” × 2", "10 sessions × €85.50", "€855.00", "Receipt"):
        assert said in text
    assert "?" not in text
    drawn = set(text) - {"\n"}
    assert drawn <= {chr(code) for code in TTFont(source(*FACES["geist"])).getBestCmap()}


def test_what_was_paid_with_credits_has_one_too(acme, zoe):
    talk = arrange.product(acme, "Talk", kind="service")
    price = arrange.price(acme, talk, 3, "credit", credit_type=acme.session)
    factories.issue(acme, 5, to=zoe)
    purchase = arrange.order(acme, talk, price, by=zoe)
    page = words(customer(acme, zoe).get(url(purchase)))
    assert "Total 3 sessions" in page
    assert "Paid with credits on" in page
    assert "3 sessions" in text_of(customer(acme, zoe).get(url(purchase, suffix=".pdf")).content)


def test_what_is_not_paid_has_none(acme, zoe):
    purchase = arrange.order(acme, acme.pack, acme.single, by=zoe)
    browser = customer(acme, zoe)
    for suffix in ("/", ".pdf"):
        for number in (0, 1, 2):
            assert browser.get(url(purchase, number, suffix)).status_code == 404


def test_a_later_name_of_the_product_does_not_change_it(acme, zoe):
    purchase = arrange.bought(acme, acme.pack, acme.single, by=zoe)
    with inside(acme):
        acme.pack.name = "Something else"
        acme.pack.save(update_fields=["name"])
        assert Purchase.objects.get().product_name == "Café & “Coaching”"
    assert "Café" in words(customer(acme, zoe).get(url(purchase)))


def test_only_the_customer_reads_it(acme, zen, zoe):
    purchase = arrange.bought(acme, acme.pack, acme.single, by=zoe)
    for suffix in ("/", ".pdf"):
        assert customer(acme).get(url(purchase, 1, suffix)).status_code == 404
        assert customer(zen).get(url(purchase, 1, suffix).replace("acme", "zen")).status_code == 404

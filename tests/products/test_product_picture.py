"""A product's picture, and the addresses of its pages in the shop."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from simplero.pictures.models import Picture
from simplero.tenancy.models import Domain
from simplero.tenancy.scope import scope
from tests.assertions import nothing_moved
from tests.credits.pages.conftest import text

from . import shop
from .desk import at, kinds, products


def upload(colour="red"):
    kept = BytesIO()
    Image.new("RGB", (64, 40), colour).save(kept, "PNG")
    return SimpleUploadedFile("mine.png", kept.getvalue(), content_type="image/png")


def pictures(world):
    with scope(world.account):
        return [str(one) for one in Picture.objects.order_by("pk").values_list("public_id", flat=True)]


def test_uploaded_replaced_and_removed(sales, zen):
    made = shop.product(sales.world)
    answer = sales.post(at(made, "picture"), {"picture": upload()})
    assert answer["Location"] == at(made, "settings") + "#picture"
    [first] = pictures(sales.world)
    shown = f"/s/acme/pictures/{first}"
    for page in ("", at(made), at(made, "settings")):
        assert shown in sales.get(page).content.decode()
    assert Client().get(shown)["Content-Type"] == "image/webp"
    assert Client().get(shown.replace("acme", "zen")).status_code == 404
    sales.post(at(made, "picture"), {"picture": upload("blue")})
    [second] = pictures(sales.world)  # the old one is forgotten
    assert second != first
    sales.post(at(made, "picture/remove"))
    assert pictures(sales.world) == []
    assert products(sales.world)[0].picture is None
    assert kinds(sales.world)[-3:] == ["product.changed"] * 3
    with nothing_moved():
        sales.post(at(made, "picture/remove"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.png", b"", "This file is empty."),
        ("x.png", b"not a picture", "This is not a picture we can read."),
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "This is not a picture we can read."),
        ("x.html", b"<script>alert(1)</script>", "This is not a picture we can read."),
    ],
)
def test_picture_refused(sales, name, content, words):
    made = shop.product(sales.world)
    with nothing_moved():
        answer = sales.post(at(made, "picture"), {"picture": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422
    assert words in text(answer)
    assert "Product name" in text(answer)
    assert pictures(sales.world) == []
    with nothing_moved():
        assert "Choose a picture." in text(sales.post(at(made, "picture")))


def test_its_addresses_in_the_shop(sales, settings):
    settings.SITE_URL = "https://shops.example"
    made = shop.product(sales.world, "Pack of 5")
    page = sales.get(at(made)).content.decode()
    assert 'value="https://shops.example/s/acme/p/pack-of-5/order"' in page
    assert 'href="/s/acme/p/pack-of-5/"' in page
    assert Client().get("/s/acme/p/pack-of-5/").status_code == 200
    Domain.objects.create(account=sales.world.account, host="shop.acme.example", token="x", verified_at=made.created_at)
    assert 'value="https://shop.acme.example/p/pack-of-5/order"' in sales.get(at(made)).content.decode()


def test_a_draft_has_no_page_in_the_shop_yet(sales):
    made = shop.product(sales.world, "Secret", live=False)
    page = text(sales.get(at(made)))
    assert "It opens once the product is published." in page
    assert "Preview" not in page
    assert Client().get("/s/acme/p/secret/").status_code == 404

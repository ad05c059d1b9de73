"""Sales → Products → New product: the kind first, then what it is called and its price."""

from uuid import uuid4

import pytest

from tests import factories
from tests.assertions import nothing_moved
from tests.credits.pages.conftest import text

from . import shop
from .desk import HERE, at, facts, kinds, prices, products


def sent(world, **other):
    return {"name": "Coaching package", "included": "", "price": "100", "credit_type": str(world.session.public_id), **other}  # fmt: skip


def test_the_kind_comes_first(sales):
    assert "No products yet" in text(sales.get())
    page = text(sales.get("new"))
    assert "What do you want to sell?" in page
    for kind, asked in (("credit", "Number of credits included"), ("service", "Price"), ("other", "Price")):
        sales.world.session  # noqa: B018  a type to choose
        assert asked in text(sales.get(f"new?kind={kind}"))
    assert sales.post("new", sent(sales.world)).status_code == 404
    assert sales.post("new?kind=subscription", sent(sales.world)).status_code == 404
    assert products(sales.world) == []


def test_credits_by_the_piece(sales):
    world = sales.world
    answer = sales.post("new?kind=credit", sent(world))
    [made] = products(world)
    [price] = prices(world)
    assert (answer.status_code, answer["Location"]) == (303, at(made))
    assert (made.kind, made.name, made.slug, made.status) == ("credit", "Coaching package", "coaching-package", "draft")
    assert (made.credit_type, made.included) == (world.session, None)
    assert (price.kind, price.amount, price.currency, price.minimum) == ("single", 10_000, "EUR", 1)
    assert facts(world) == [
        ("product.created", {"product_id": made.pk}),
        ("price.added", {"product_id": made.pk, "price_id": price.pk, "replaces_id": None}),
    ]
    page = text(sales.get(answer["Location"]))
    assert "“Coaching package” is a draft. Publish it when it is ready." in page
    assert "€100 each Any quantity" in page
    assert "Included The customer chooses" in page


def test_a_package_with_a_number_of_credits(sales):
    sales.post("new?kind=credit", sent(sales.world, included="5", price="85,50"))
    [made] = products(sales.world)
    assert made.included == 5
    assert prices(sales.world)[0].amount == 8_550
    assert "Included 5 sessions" in text(sales.get(at(made)))


def test_another_kind_has_no_credits(sales):
    """Fields of a credit product are nothing to a service, even if somebody sends them."""
    sales.post("new?kind=service", sent(sales.world, included="5", price=""))
    [made] = products(sales.world)
    assert (made.kind, made.credit_type, made.included) == ("service", None, None)
    assert prices(sales.world) == []
    assert "There is no price to buy it at yet." in text(sales.get(at(made)))


def test_a_product_sent_twice_is_made_once(sales):
    form = sent(sales.world, key=str(uuid4()))
    first = sales.post("new?kind=credit", form)
    with nothing_moved():
        second = sales.post("new?kind=credit", form)
    assert first["Location"] == second["Location"]
    assert len(products(sales.world)) == 1
    # A page gone back to, with something else in it, is another product.
    third = sales.post("new?kind=credit", {**form, "name": "Another"})
    assert third["Location"] != first["Location"]
    assert [one.slug for one in products(sales.world)] == ["coaching-package", "another"]


def test_a_key_of_another_account_is_nobodys(sales, zen):
    theirs = shop.product(zen, "Theirs")
    sales.post("new?kind=credit", sent(sales.world, key=str(theirs.public_id)))
    [mine] = products(sales.world)
    [other] = products(zen)
    assert (mine.name, other.name) == ("Coaching package", "Theirs")


def test_addresses_are_told_apart(sales, zen):
    shop.product(zen, "Pack of 5")
    for _ in range(3):
        sales.post("new?kind=other", {"name": "Pack of 5", "price": ""})
    sales.post("new?kind=other", {"name": "空", "price": ""})
    assert [one.slug for one in products(sales.world)] == ["pack-of-5", "pack-of-5-2", "pack-of-5-3", "product"]
    assert [one.position for one in products(sales.world)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Enter a name."),
        ({"name": "x" * 121}, "The name can be at most 120 characters long; this has 121."),
        ({"name": "a\u202eb"}, "The name contains characters that cannot be shown."),
        ({"included": "0"}, "Enter a whole number from 1 to 1,000,000, or leave it empty."),
        ({"included": "2.5"}, "Enter a whole number from 1 to 1,000,000, or leave it empty."),
        ({"price": "0"}, "Enter an amount from €0.01"),
        ({"price": "-5"}, "Enter an amount in EUR, such as 100.00."),
        ({"price": "1e9"}, "Enter an amount in EUR, such as 100.00."),
        ({"price": "1.005"}, "EUR"),
        ({"price": "NaN"}, "Enter an amount in EUR, such as 100.00."),
        ({"price": "9" * 14}, "Enter an amount"),
        ({"credit_type": ""}, "Choose a credit type."),
        ({"credit_type": "nonsense"}, "Choose a credit type."),
    ],
)
def test_new_product_refused(sales, wrong, words):
    form = sent(sales.world, **wrong)
    with nothing_moved():
        answer = sales.post("new?kind=credit", form)
    assert answer.status_code == 422
    assert words in text(answer)


def test_credit_types_of_others_and_archived_ones_are_not_to_be_had(sales, zen):
    world = sales.world
    gone = factories.credit_type(world, "relic")
    with factories.inside(world):
        factories.services.archive_type(account=world.account, credit_type=gone, actor=world.actor)
    for other in (zen.session, gone):
        form = sent(world, credit_type=str(other.public_id))
        with nothing_moved():
            answer = sales.post("new?kind=credit", form)
        assert answer.status_code == 422
        assert "Choose a credit type." in text(answer)


def test_without_a_type_there_is_a_way_to_one(sales):
    page = sales.get("new?kind=credit")
    assert "There is no type of credit in use." in text(page)
    assert "/a/acme/content/credits/" in page.content.decode()
    assert kinds(sales.world) == []


def test_htmx_gets_the_dialog_alone(sales):
    assert b"<html" not in sales.htmx("new").content
    assert b"<html" not in sales.htmx("new?kind=service").content
    assert HERE in sales.htmx("new").content.decode()

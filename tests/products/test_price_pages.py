"""Product → Settings → Pricing: + Add price, change, switch off and on, remove."""

from uuid import uuid4

import pytest

from products import errors
from products.models import Price
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved, refused
from tests.credits.pages.conftest import text

from . import shop
from .desk import at, facts, kinds, of_price, prices

SINGLE = {"amount": "85", "minimum": "1"}


def add(desk, product, kind="single", **form):
    return desk.post(at(product, f"prices/add?kind={kind}"), {**SINGLE, **form})


@pytest.fixture
def pack(sales):
    return shop.product(sales.world)


def test_the_kind_of_price_comes_first(sales, pack):
    assert "+ Add price" in text(sales.get(at(pack, "pricing")))
    page = text(sales.get(at(pack, "prices/add")))
    for words in ("Single payment", "Recurring", "Credit", "Free"):
        assert words in page
    with nothing_moved():
        assert sales.post(at(pack, "prices/add"), SINGLE).status_code == 404
        assert sales.post(at(pack, "prices/add?kind=stolen"), SINGLE).status_code == 404


def test_add_a_single_payment(sales, pack):
    answer = add(sales, pack, amount="1,250.50", minimum="5")
    assert answer["Location"] == at(pack, "pricing")
    [made] = prices(sales.world)
    assert (made.kind, made.amount, made.currency, made.minimum) == ("single", 125_050, "EUR", 5)
    assert "Single payment €1,250.50 each From 5 sessions" in text(sales.get(answer["Location"]))
    assert facts(sales.world)[-1] == ("price.added", {"product_id": pack.pk, "price_id": made.pk, "replaces_id": None})


def test_add_a_recurring_price(sales, pack):
    add(sales, pack, "recurring", amount="40", every="3", period="months", minimum="4")
    [made] = prices(sales.world)
    assert (made.kind, made.amount, made.every, made.period, made.minimum) == ("recurring", 4_000, 3, "months", 4)
    assert "Recurring, every 3 months €40 each every 3 months From 4 sessions" in text(sales.get(at(pack, "pricing")))


def test_add_a_credit_price(sales):
    world = sales.world
    massage = shop.product(world, "Massage", kind="service")
    add(sales, massage, "credit", amount="3", credit_type=str(world.session.public_id))
    [made] = prices(world)
    assert (made.kind, made.amount, made.currency, made.credit_type) == ("credit", 3, "", world.session)
    assert "Credit: sessions 3 sessions Any quantity" in text(sales.get(at(massage, "pricing")))


def test_add_a_free_price(sales, pack):
    add(sales, pack, "free", amount="900")
    [made] = prices(sales.world)
    assert (made.kind, made.amount, made.currency) == ("free", 0, "")


def test_money_is_the_accounts(sales, pack):
    """Another currency in the form is nobody's; a zero-decimal one has no cents."""
    add(sales, pack, currency="JPY")
    assert prices(sales.world)[0].currency == "EUR"
    sales.world.account.currency = "JPY"
    sales.world.account.save(update_fields=["currency"])
    yen = shop.product(sales.world, "Yen")
    with nothing_moved():
        assert "JPY has no decimals" in text(add(sales, yen, amount="8.5"))
    add(sales, yen, amount="8500")
    assert [(one.amount, one.currency) for one in prices(sales.world)] == [(8_500, "EUR"), (8_500, "JPY")]


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        ("single", {"amount": ""}, "Enter an amount in EUR"),
        ("single", {"amount": "0"}, "Enter an amount from €0.01"),
        ("single", {"amount": "0.001"}, "EUR has at most 2 decimals"),
        ("single", {"minimum": "0"}, "Enter a whole number from 1 to 1,000,000."),
        ("single", {"minimum": ""}, "Enter a whole number from 1 to 1,000,000."),
        ("recurring", {"every": "0", "period": "months"}, "Enter a whole number from 1 to 100."),
        ("recurring", {"every": "101", "period": "months"}, "Enter a whole number from 1 to 100."),
        ("recurring", {"every": "1", "period": "days"}, "Select a valid choice."),
        ("credit", {"amount": "0"}, "Enter a whole number from 1 to 1,000,000."),
        ("credit", {"amount": "2.5"}, "Enter a whole number from 1 to 1,000,000."),
        ("credit", {"amount": "3", "credit_type": ""}, "Choose a credit type."),
    ],
)
def test_price_refused(sales, pack, kind, wrong, words):
    with nothing_moved():
        answer = add(sales, pack, kind, **{"credit_type": str(sales.world.session.public_id), **wrong})
    assert answer.status_code == 422
    assert words in text(answer)


def test_credit_types_of_others_are_no_price(sales, pack, zen):
    other = factories.credit_type(zen, "theirs")
    with nothing_moved():
        assert add(sales, pack, "credit", credit_type=str(other.public_id)).status_code == 422


def test_one_price_for_each_tier(sales, pack):
    """The highest tier reached must be one price: the database says so, the form in words."""
    add(sales, pack, amount="100")
    add(sales, pack, amount="85", minimum="5")
    with nothing_moved():
        answer = add(sales, pack, amount="80", minimum="5")
    assert answer.status_code == 409
    assert "There is a price of this kind from 5 already." in text(answer)
    assert 'value="80"' in answer.content.decode()
    # Other ways to pay, and other products, have tiers of their own.
    assert add(sales, pack, "recurring", minimum="5", every="1", period="months").status_code == 303
    assert add(sales, pack, "recurring", minimum="5", every="2", period="months").status_code == 303
    assert add(sales, shop.product(sales.world, "Else"), minimum="5").status_code == 303
    assert len(prices(sales.world)) == 5


def test_a_price_sent_twice_is_one(sales, pack):
    form = {"key": str(uuid4())}
    add(sales, pack, **form)
    with nothing_moved():
        assert add(sales, pack, **form).status_code == 303


def test_a_price_is_changed_by_a_new_one(sales, pack):
    world = sales.world
    old = shop.price(world, pack, 10_000, minimum=2)
    shop.takes_money(world)
    sold = shop.bought(world, pack, old, 3, by=world.contact)
    page = sales.get(of_price(old, "edit"))
    assert "It was sold 1 time, so this makes a new price in its place." in text(page)
    assert 'value="100.00"' in page.content.decode()
    assert sales.post(of_price(old, "edit"), {"amount": "120", "minimum": "2"}).status_code == 303
    [new] = prices(world)
    assert (new.amount, new.minimum, new.kind) == (12_000, 2, "single")
    assert new.pk != old.pk
    before, after = prices(world, retired=True)
    assert before.retired_at is not None
    assert (before.pk, before.amount) == (old.pk, 10_000)
    assert facts(world)[-1] == ("price.added", {"product_id": pack.pk, "price_id": new.pk, "replaces_id": old.pk})
    kept = shop.fresh(world, sold)
    assert (kept.price_id, kept.each, kept.total) == (old.pk, 10_000, 30_000)
    assert after.pk == new.pk


def test_a_change_that_is_none_makes_no_price(sales, pack):
    old = shop.price(sales.world, pack, 10_000)
    with nothing_moved():
        assert sales.post(of_price(old, "edit"), {"amount": "100.00", "minimum": "1"}).status_code == 303


def test_a_change_sent_twice_is_one(sales, pack):
    old = shop.price(sales.world, pack, 10_000)
    form = {"amount": "120", "minimum": "1", "key": str(uuid4())}
    sales.post(of_price(old, "edit"), form)
    with nothing_moved():
        assert sales.post(of_price(old, "edit"), form).status_code == 303


def test_a_price_that_somebody_else_changed(sales, pack):
    old = shop.price(sales.world, pack, 10_000)
    sales.post(of_price(old, "edit"), {"amount": "120", "minimum": "1"})
    with nothing_moved():
        answer = sales.post(of_price(old, "edit"), {"amount": "130", "minimum": "1"})
    assert answer.status_code == 409
    assert "Somebody else changed or removed this price meanwhile." in text(answer)


def test_a_change_onto_another_tier_leaves_both(sales, pack):
    old = shop.price(sales.world, pack, 10_000)
    shop.price(sales.world, pack, 8_500, minimum=5)
    with nothing_moved():
        answer = sales.post(of_price(old, "edit"), {"amount": "90", "minimum": "5"})
    assert answer.status_code == 409


def test_the_kind_of_a_price_stays(sales, pack):
    """A kind in the address of the change is nothing; a switched-off price stays off."""
    old = shop.price(sales.world, pack, 10_000)
    sales.post(of_price(old, "switch"), {"on": "0"})
    sales.post(of_price(old, "edit?kind=free"), {"amount": "90", "minimum": "1", "kind": "free"})
    [new] = prices(sales.world)
    assert (new.kind, new.amount, new.enabled) == ("single", 9_000, False)


def test_switch_off_and_on(sales, pack):
    old = shop.price(sales.world, pack, 10_000)
    for on, said in (("0", "Switched off"), ("1", "Switch off")):
        sales.post(of_price(old, "switch"), {"on": on})
        assert said in text(sales.get(at(pack, "pricing")))
        assert prices(sales.world)[0].enabled == (on == "1")
        with nothing_moved():  # a second click
            sales.post(of_price(old, "switch"), {"on": on})
    assert kinds(sales.world)[-2:] == ["price.switched", "price.switched"]


def test_remove(sales, pack):
    world = sales.world
    old = shop.price(world, pack, 10_000)
    shop.takes_money(world)
    sold = shop.bought(world, pack, old, by=world.contact)
    page = text(sales.get(of_price(old, "remove")))
    assert "It was sold 1 time: what was sold, and its renewals, keep it." in page
    assert sales.post(of_price(old, "remove")).status_code == 303
    assert prices(world) == []
    assert shop.fresh(world, sold).price_id == old.pk
    with nothing_moved():  # a second click
        sales.post(of_price(old, "remove"))
        sales.post(of_price(old, "switch"), {"on": "0"})
    assert "No price yet" in text(sales.get(at(pack, "pricing")))
    # Its tier is free again.
    assert add(sales, pack, amount="100").status_code == 303


def test_prices_of_another_product_are_not_here(sales, pack, zen):
    other = shop.price(sales.world, shop.product(sales.world, "Else"), 100)
    theirs = shop.price(zen, shop.product(zen, "Abroad"), 100)
    for price in (other, theirs):
        for way in ("edit", "remove", "switch"):
            with nothing_moved():
                wrong = at(pack, f"prices/{price.public_id}/{way}")
                assert sales.post(wrong, {"amount": "1", "minimum": "1"}).status_code == 404


def test_the_database_lets_nobody_edit_a_price(sales, pack):
    made = shop.price(sales.world, pack, 10_000)
    with scope(sales.world.account), pytest.raises(Exception, match="permission denied"):
        Price.objects.filter(pk=made.pk).update(amount=1)


def test_credits_are_not_sold_for_themselves(acme):
    pack = shop.product(acme, "Pack")
    with refused(errors.PaysWithItself):
        shop.price(acme, pack, 1, "credit", credit_type=acme.session)

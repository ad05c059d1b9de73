"""Product → Settings → Product: what it says and its limits, what it issues, and where it stands."""

import pytest

from credits import services as credits
from products.models import Product
from products.queries import catalogue
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.credits.pages.conftest import assert_same_cost, counted, text

from . import shop
from .desk import HERE, at, extras, facts, hidden, kinds, products


def one(world):
    [found] = products(world)
    return found


def test_saved(sales):
    made = shop.product(sales.world, live=False)
    answer = sales.save(
        made,
        name="Coaching package",
        slug="coaching",
        summary="By the hour",
        description="First\n\nSecond",
        included="5",
        minimum="5",
        maximum="50",
        good_for="span",
        span="3",
        span_unit="months",
    )
    assert (answer.status_code, answer["Location"]) == (303, at(made, "settings"))
    kept = one(sales.world)
    assert (kept.name, kept.slug, kept.summary, kept.description) == ("Coaching package", "coaching", "By the hour", "First\n\nSecond")  # fmt: skip
    assert (kept.included, kept.minimum, kept.maximum, kept.expiry) == (5, 5, 50, "3 months")
    body = {"product_id": made.pk, "fields": ["name", "slug", "summary", "description", "included", "minimum", "maximum", "expiry"]}  # fmt: skip
    assert facts(sales.world)[-1] == ("product.changed", body)
    page = text(sales.get(at(made)))
    assert "Included 5 sessions At least 5 sessions At most 50 sessions Its credits Good for 3 months" in page
    assert "Draft By the hour" in page
    sales.save(made, good_for="never")
    assert one(sales.world).expiry == "never"
    sales.save(made, good_for="type")
    assert one(sales.world).expiry == ""


def test_saved_as_it_was_says_nothing(sales):
    made = shop.product(sales.world, minimum=2, expiry="1 years")
    with nothing_moved():
        assert sales.save(made).status_code == 303


def test_a_service_includes_no_credits(sales):
    made = shop.product(sales.world, "Massage", kind="service")
    assert "Number of credits included" not in text(sales.get(at(made, "settings")))
    sales.save(made, included="5", minimum="2")
    kept = one(sales.world)
    assert (kept.included, kept.minimum) == (None, 2)


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"name": ""}, 422, "Enter a name."),
        ({"slug": ""}, 422, "Enter an address of at most 60 characters"),
        ({"slug": "Not this"}, 409, "Use small letters, digits and single hyphens"),
        ({"slug": "a--b"}, 409, "Use small letters, digits and single hyphens"),
        ({"slug": "../x"}, 409, "Use small letters, digits and single hyphens"),
        ({"slug": "x" * 61}, 409, "at most 60 characters"),
        ({"slug": "taken"}, 409, "Another product has the address “taken” already."),
        ({"summary": "x" * 201}, 422, "The summary can be at most 200 characters long"),
        ({"description": "x" * 20_001}, 422, "The description can be at most 20,000 characters long"),
        ({"minimum": "0"}, 422, "Enter a whole number from 1 to 1,000,000, or leave it empty."),
        ({"minimum": "9", "maximum": "8"}, 409, "The maximum can't be less than the minimum."),
        ({"included": "9", "maximum": "8"}, 409, "One already is 9 credits, so nobody could buy any."),
        ({"good_for": "span", "span": ""}, 422, "Enter a whole number from 1 to 1,000."),
        ({"good_for": "span", "span": "6", "span_unit": "eons"}, 422, "Select a valid choice."),
        ({"good_for": "always"}, 422, "Select a valid choice."),
    ],
)
def test_settings_refused(sales, wrong, status, words):
    made = shop.product(sales.world)
    with scope(sales.world.account):
        Product.objects.filter(pk=shop.product(sales.world, "Taken").pk).update(slug="taken")
    with nothing_moved():
        answer = sales.save(made, **wrong)
    assert answer.status_code == status
    assert words in text(answer)


def test_another_account_may_have_the_same_address(sales, zen):
    shop.product(zen, "Coaching")
    made = shop.product(sales.world, "Else")
    assert sales.save(made, slug="coaching").status_code == 303


def test_two_people_editing_are_told_of_each_other(sales):
    made = shop.product(sales.world)
    mine = {"seen": hidden(sales.get(at(made, "settings")), "seen")}
    sales.save(made, name="Theirs", maximum="7")
    with nothing_moved():
        answer = sales.save(made, name="Mine", **mine)
    assert answer.status_code == 409
    said = text(answer)
    assert "Somebody else changed this product while you were typing: the name now is “Theirs”." in said
    assert 'value="Mine"' in answer.content.decode()
    # Saving again is a decision: what they were told of is now what they have seen.
    assert sales.save(made, name="Mine", seen=hidden(answer, "seen")).status_code == 303
    assert one(sales.world).name == "Mine"


def test_publish_archive_and_bring_back(sales):
    made = shop.product(sales.world, live=False)
    moves = [("publish", "live", "is in your shop now"), ("archive", "archived", "What was sold stays as it is."), ("bring-back", "draft", "is a draft again")]  # fmt: skip
    for move, status, words in moves:
        answer = sales.post(at(made, move))
        assert answer["Location"] == at(made)
        assert words in text(sales.get(at(made)))
        assert one(sales.world).status == status
        with nothing_moved():  # a second click
            sales.post(at(made, move))
    assert kinds(sales.world)[-3:] == ["product.published", "product.archived", "product.brought_back"]
    assert "Archive “Pack”?" in text(sales.get(at(made, "archive")))


@pytest.mark.parametrize("move", ["publish", "bring-back"])
def test_moves_that_are_none(sales, move):
    """A live product is not published, a draft is not brought back."""
    made = shop.product(sales.world, live=move == "publish")
    with nothing_moved():
        assert sales.post(at(made, move)).status_code == 303
        assert sales.get(at(made, move)).status_code == 405


def test_an_archived_product_is_not_published_by_an_old_page(sales):
    made = shop.product(sales.world, live=False)
    sales.post(at(made, "archive"))
    with nothing_moved():
        sales.post(at(made, "publish"))
    assert one(sales.world).status == "archived"


def test_extra_credits(sales):
    world = sales.world
    call = factories.credit_type(world, "call")
    made = shop.product(world, "Course", kind="other")
    form = {"amount": "2", "credit_type": str(call.public_id), "good_for": "span", "span": "1", "span_unit": "years"}
    answer = sales.post(at(made, "credits/add"), form)
    assert answer["Location"] == at(made, "settings") + "#issues"
    assert extras(world) == [("call", 2, "1 years")]
    assert facts(world)[-1] == ("product.credit_added", {"product_id": made.pk, "credit_type_id": call.pk, "amount": 2})
    page = text(sales.get(at(made, "settings")))
    assert "Each “Course” sold from now on issues 2 calls more." in page
    assert "2 calls good for 1 year" in page
    with nothing_moved():  # twice is once
        assert sales.post(at(made, "credits/add"), form).status_code == 303
    with nothing_moved():
        other = sales.post(at(made, "credits/add"), {**form, "amount": "3"})
    assert other.status_code == 409
    assert "The product includes credits of this type already." in text(other)
    sales.post(at(made, f"credits/{call.public_id}/remove"))
    assert extras(world) == []
    assert kinds(world)[-1] == "product.credit_removed"
    with nothing_moved():
        assert sales.post(at(made, f"credits/{call.public_id}/remove")).status_code == 303


@pytest.mark.parametrize("amount", ["", "0", "1000001", "x"])
def test_extra_credits_refused(sales, amount):
    made = shop.product(sales.world)
    with nothing_moved():
        form = {"amount": amount, "credit_type": str(sales.world.session.public_id), "good_for": "type"}
        assert sales.post(at(made, "credits/add"), form).status_code == 422
    assert extras(sales.world) == []


@pytest.mark.parametrize(
    ("included", "words"),
    [
        (5, "Raise its number of credits included instead."),
        (None, "as many as the customer chooses. Choose another type."),
    ],
)
def test_a_credit_product_issues_no_more_of_its_own_type(sales, included, words):
    """Its lot and theirs would be one, and an expiry of their own would be lost."""
    made = shop.product(sales.world, included=included)
    own = str(sales.world.session.public_id)
    form = {"amount": "2", "credit_type": own, "good_for": "span", "span": "1", "span_unit": "years"}
    with nothing_moved():
        answer = sales.post(at(made, "credits/add"), form)
    assert answer.status_code == 409
    assert f"The product issues credits of this type by itself{',' if included is None else '.'} {words}" in text(
        answer
    )
    assert extras(sales.world) == []


def test_changing_a_product_never_touches_what_was_sold(sales):
    world = sales.world
    made = shop.product(world, "Pack", included=5)
    free = shop.price(world, made, kind="free")
    purchase = shop.order(world, made, free, 2, by=world.contact)
    before = figures(world)
    assert before.free == 10
    [lot] = factories.lots(world)
    call = factories.credit_type(world, "call")
    sales.save(made, name="New name", included="50", good_for="span", span="1", span_unit="days")
    sales.post(at(made, "credits/add"), {"amount": "2", "credit_type": str(call.public_id), "good_for": "type"})
    sales.post(at(made, "archive"))
    assert figures(world) == before
    [still] = factories.lots(world)
    assert (still.amount, still.last_good_day) == (lot.amount, lot.last_good_day)
    kept = shop.fresh(world, purchase)
    assert (kept.product_name, kept.units, kept.state) == ("Pack", 10, "active")
    with factories.inside(world):
        credits.consume(
            account=world.account, contact=world.contact, credit_type=world.session, amount=10, key=made.public_id, actor=world.actor
        )  # fmt: skip
    assert "Sold 1 time" in text(sales.get(at(made)))


def test_the_list(sales, zen):
    shop.product(zen, "Abroad")
    world = sales.world
    pack = shop.product(world, "Pack", amount=10_000)
    shop.price(world, pack, 8_500, minimum=5)
    shop.price(world, pack, 3, "credit", credit_type=factories.credit_type(world, "call"))
    sales.post(f"{pack.public_id}/prices/{_off(sales, pack)}/switch", {"on": "0"})
    shop.product(world, "Course", kind="other", live=False)
    gone = shop.product(world, "Gone", kind="service")
    sales.post(at(gone, "archive"))
    page = text(sales.get())
    assert "Pack Credit: sessions Live €100 each · from 5 €85 · 3 calls 0" in page
    assert "Course Other Draft No price yet 0" in page
    assert "Gone Service" not in page
    assert "Abroad" not in page
    for view, there in (("live", {"Pack Credit"}), ("draft", {"Course Other"}), ("archived", {"Gone Service"})):
        page = text(sales.get(f"?show={view}"))
        assert {name for name in ("Pack Credit", "Course Other", "Gone Service") if name in page} == there
    assert text(sales.get("?show=nonsense&after=nonsense")) == text(sales.get())


def _off(sales, pack):
    """A price that is switched off is not in the list."""
    return shop.price(sales.world, pack, kind="free").public_id


def test_the_list_in_pages(sales, monkeypatch):
    monkeypatch.setattr("products.views.admin.products.ON_A_PAGE", 2)
    for name in ("One", "Two", "Three"):
        shop.product(sales.world, name, kind="other")
    first = sales.get()
    assert "Two Other" in text(first)
    assert "Three Other" not in text(first)
    second = sales.get(first.context["older"])
    assert "Three Other" in text(second)
    assert "Two Other" not in text(second)
    assert second.context["older"] == ""


def test_the_product_page_costs_the_same_with_many_prices(sales):
    made = shop.product(sales.world, amount=100)
    sales.get()  # so that the session is known
    with counted() as few:
        sales.get(at(made))
    for minimum in range(2, 15):
        shop.price(sales.world, made, 100 - minimum, minimum=minimum)
    with counted() as many:
        sales.get(at(made))
    assert_same_cost(few, many)


def test_products_of_others_are_not_found_by_services_either(sales, zen):
    theirs = shop.product(zen, "Abroad")
    with scope(sales.world.account), pytest.raises(Product.DoesNotExist):
        catalogue.get_product(sales.world.account, theirs.public_id)


def test_places_in_the_shop(sales, zen):
    for name in ("One", "Two", "Three"):
        shop.product(sales.world, name, kind="other")
    shop.product(zen, "Abroad")
    one, two, three = products(sales.world)
    sales.post(at(two, "archive"))

    def order():
        return [row["product"].name for row in sales.get().context["rows"]]

    up = {"to": "up", "seen": str(three.position)}
    assert sales.post(at(three, "move"), up)["Location"] == HERE
    assert order() == ["Three", "One"]
    assert kinds(sales.world)[-2:] == ["product.changed", "product.changed"]
    with nothing_moved():
        sales.post(at(three, "move"), up)  # a second click
        sales.post(at(three, "move"), {"to": "up", "seen": "0"})  # it is the first
        sales.post(at(one, "move"), {"to": "down", "seen": "2"})  # the last
        for wrong in (
            {},
            {"to": "up"},
            {"to": "up", "seen": "-1"},
            {"to": "left", "seen": "2"},
            {"to": "up", "seen": "9" * 99},
        ):
            assert sales.post(at(one, "move"), wrong).status_code == 303
    sales.post(at(three, "move"), {"to": "down", "seen": "0"})
    assert order() == ["One", "Three"]
    assert "Move One up" in sales.get().content.decode()

"""Add a trigger: what happened, what narrows it down; then its actions, on its own page."""

import uuid

import pytest

from automations.occasions import OCCASIONS
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved
from tests.automations.flows import flow, tag
from tests.credits.pages.conftest import text
from tests.products import shop
from triggers.models import Trigger

from .conftest import HERE, at
from .world import events

pytestmark = pytest.mark.django_db


def triggers(world):
    with scope(world.account):
        return list(Trigger.objects.select_related("flow", "product").order_by("pk"))


def test_the_empty_list_offers_the_first_step(desk):
    page = text(desk.get())
    assert "No triggers yet" in page
    assert page.count("Add a trigger") == 2
    assert "When a session was delivered, consume a credit" in page


def test_what_happened_comes_first(desk):
    page = text(desk.get("new"))
    assert "What happened?" in page
    for occasion in OCCASIONS.values():
        assert occasion.label in page
    assert desk.post("new").status_code == 404
    assert desk.post("new?when=moon.full").status_code == 404


def test_a_product_bought_then_consume_credits(desk, acme):
    pack = shop.product(acme, "Pack of 5")
    answer = desk.post("new?when=purchase.activated", {"product": str(pack.public_id), "first": "on"})
    [made] = triggers(acme)
    assert (answer.status_code, answer["Location"]) == (303, at(made))
    assert (made.occasion, made.product, made.settings) == ("purchase.activated", pack, {"first": True})
    assert made.flow.public_id == made.public_id  # so that a run leads to its trigger
    assert (made.flow.name, made.flow.enabled) == ("Pack of 5 is bought for the first time", False)
    [fact] = events(acme, "trigger.added")
    assert (fact.body["trigger_id"], fact.actor_id) == (made.pk, acme.admin.pk)
    page = text(desk.get(answer["Location"]))
    assert "Draft, off" in page
    assert "Consume credits" in page
    form = {"credit_type": str(acme.session.public_id), "amount": "2", "short": "skip"}
    assert desk.post(at(made, "actions/add?what=consume"), form).status_code == 303
    page = text(desk.get(at(made)))
    assert "Consume 2 sessions" in page
    assert "If the contact is short: skip" in page
    assert "Fired 0 times" in page


def test_at_a_price_says_its_product(desk, acme):
    pack = shop.product(acme, "Pack")
    price = shop.price(acme, pack, 8500, minimum=5)
    desk.post("new?when=purchase.at_price", {"price": str(price.public_id)})
    [made] = triggers(acme)
    assert (made.price_id, made.product_id) == (price.pk, pack.pk)
    assert made.flow.name == "Pack is bought at €85 each from 5"


@pytest.mark.parametrize(
    ("code", "sent", "words"),
    [
        ("purchase.at_price", {}, "Choose a price."),
        ("credits.low", {"n": "0"}, "Enter a whole number"),
        ("credits.expiring", {"days": "400"}, "Enter a whole number from 1 to 366."),
        ("purchase.ended", {"how": "stolen"}, "Choose how it ends."),
    ],
)
def test_what_it_needs_is_asked_for(desk, acme, code, sent, words):
    acme.session  # noqa: B018  a type to choose
    with nothing_moved():
        answer = desk.post(f"new?when={code}", sent)
    assert answer.status_code == 422
    assert words in text(answer)
    assert triggers(acme) == []


def test_what_is_another_accounts_cannot_be_chosen(desk, acme, zen):
    theirs = {
        "purchase.activated": ("product", shop.product(zen, "Theirs")),
        "tag.added": ("tag", tag(zen)),
        "credits.issued": ("credit_type", zen.session),
    }
    for code, (field, thing) in theirs.items():
        answer = desk.post(f"new?when={code}", {field: str(thing.public_id)})
        assert answer.status_code == 422, code
        assert "Theirs" not in text(answer)
    assert triggers(acme) == []


def test_sent_twice_it_is_one(desk, acme):
    key = str(uuid.uuid4())
    answers = [desk.post("new?when=contact.created", {"key": key}) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert len(triggers(acme)) == 1
    assert len(events(acme, "trigger.added")) == 1


def test_sent_twice_with_a_price_it_is_one(desk, acme):
    price = shop.price(acme, shop.product(acme, "Pack"), 8500, minimum=5)
    form = {"key": str(uuid.uuid4()), "price": str(price.public_id)}
    answers = [desk.post("new?when=purchase.at_price", form) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert len(triggers(acme)) == 1


def test_the_same_form_with_something_else_in_it_is_another(desk, acme):
    form = {"key": str(uuid.uuid4())}
    desk.post("new?when=contact.created", form)
    desk.post("new?when=tag.added", {**form, "tag": str(tag(acme).public_id)})
    desk.post("new?when=tag.added", {**form, "tag": str(tag(acme, "Other").public_id)})
    assert [one.occasion for one in triggers(acme)] == ["contact.created", "tag.added", "tag.added"]


def test_a_key_that_an_automation_has_is_not_taken(desk, acme):
    theirs = flow(acme)
    assert desk.post("new?when=contact.created", {"key": str(theirs.public_id)}).status_code == 303
    [made] = triggers(acme)
    assert made.public_id == made.flow.public_id != theirs.public_id
    copied = desk.post(at(made, "duplicate"), {"key": str(theirs.public_id)})
    assert (copied.status_code, len(triggers(acme))) == (303, 2)


def test_from_a_products_page_that_product_is_chosen(desk, acme):
    pack = shop.product(acme, "Pack")
    page = desk.get(f"new?when=purchase.activated&product={pack.public_id}")
    assert f'value="{pack.public_id}" selected' in page.content.decode()


def test_assistants_have_no_triggers(desk, acme):
    desk.client.force_login(acme.assistant)
    assert desk.get().status_code == 404
    assert "Triggers" not in text(desk.get("/a/acme/contacts/"))
    desk.client.force_login(acme.owner)
    assert f'href="{HERE}"' in desk.get("/a/acme/contacts/").content.decode()
    assert factories.contact(acme)

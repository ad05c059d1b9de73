"""Triggers are told of where the product or tag is that they listen to."""

import pytest

from contacts import services as contacts
from simplero.tenancy.scope import scope
from tests.automations.flows import tag
from tests.credits.pages.conftest import text
from tests.products import desk as sales
from tests.products import shop
from triggers.views import mentions

from .conftest import HERE, at
from .world import switch, trigger

pytestmark = pytest.mark.django_db


def test_on_the_products_page(desk, acme, zen):
    pack, other = shop.product(acme, "Pack"), shop.product(acme, "Other")
    assert "None listens to it." in text(desk.get(sales.at(pack)))
    trigger(acme, "purchase.activated", product=other.pk, name="Of the other")
    trigger(acme, "purchase.activated", name="Of any product")
    made = trigger(acme, "purchase.activated", product=pack.pk, name="Pack welcome")
    switch(acme, trigger(acme, "purchase.ended", product=pack.pk, name="Pack farewell"), False)
    trigger(zen, "purchase.activated", product=shop.product(zen, "Pack").pk, name="Theirs")
    answer = desk.get(sales.at(pack))
    page = text(answer)
    assert "Pack farewell Off Pack welcome" in page
    assert at(made) in answer.content.decode()
    assert "Of the other" not in page
    assert "Theirs" not in page
    assert f"{HERE}new?when=purchase.activated&amp;product={pack.public_id}" in answer.content.decode()
    desk.post(at(made, "delete"))
    desk.get()  # which says so
    assert "Pack welcome" not in text(desk.get(sales.at(pack)))


def test_of_many_the_rest_stand_in_the_list(desk, acme, monkeypatch):
    monkeypatch.setattr(mentions, "MOST", 2)
    pack = shop.product(acme, "Pack")
    for number in range(3):
        trigger(acme, "purchase.activated", product=pack.pk, name=f"Number {number}")
    page = text(desk.get(sales.at(pack)))
    assert "Number 2 Number 1 All triggers that listen to it" in page
    assert "Number 0" not in page


def test_beside_the_contacts_with_a_tag_for_who_may_see_triggers(desk, acme, zen):
    vip = tag(acme)
    with scope(acme.account):
        contacts.add_tag(account=acme.account, contact=acme.contact, name="VIP", actor=acme.actor)
    contacts_page = f"/a/acme/contacts/?tag={vip.public_id}"
    assert "to this tag" not in text(desk.get(contacts_page))
    for _ in range(2):
        trigger(acme, "tag.added", tag=vip.pk)
    trigger(acme, "tag.added")
    answer = desk.get(contacts_page)
    assert "2 triggers listen to this tag. See them" in text(answer)
    assert f"{HERE}?tag={vip.public_id}" in answer.content.decode()
    assert "to this tag" not in text(desk.get("/a/acme/contacts/"))
    desk.client.force_login(acme.assistant)
    assert "to this tag" not in text(desk.get(contacts_page))

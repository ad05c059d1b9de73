"""Settings → Renewals, and that a renewal which fails goes by it."""

from datetime import timedelta

import pytest
from django.test import Client

from products.services.settings import sales_settings
from tests.assertions import nothing_moved
from tests.credits.pages.conftest import text
from tests.factories import inside

from . import shop

HERE = "/a/acme/settings/renewals/"


def rule(world):
    with inside(world):
        found = sales_settings(world.account)
        return found.retry_after, found.give_up_after


def test_what_is_saved_holds_here_alone(desk, acme, zen):
    assert rule(acme) == ([1, 3, 5], 14)
    answer = desk.post(HERE, {"retry_after": "2, 4", "give_up_after": "30"})
    assert "Saved." in text(desk.get(answer["Location"]))
    assert rule(acme) == ([2, 4], 30)
    assert rule(zen) == ([1, 3, 5], 14)
    with nothing_moved():
        assert desk.post(HERE, {"retry_after": "2 4", "give_up_after": "30"}).status_code == 303
    desk.post(HERE, {"retry_after": "", "give_up_after": "1"})
    assert rule(acme) == ([], 1)


@pytest.mark.parametrize(
    "data",
    [
        {"retry_after": "3, 1"},
        {"retry_after": "1, 1"},
        {"retry_after": "0"},
        {"retry_after": "61"},
        {"retry_after": "soon"},
        {"retry_after": "1,2,3,4,5,6,7,8,9"},
        {"give_up_after": "0"},
        {"give_up_after": "91"},
        {"give_up_after": ""},
    ],
)
def test_what_is_no_rule_is_refused(desk, acme, data):
    with nothing_moved():
        assert desk.post(HERE, {"retry_after": "1", "give_up_after": "14", **data}).status_code == 422
    assert rule(acme) == ([1, 3, 5], 14)


def test_assistants_find_nothing(acme):
    client = Client()
    client.force_login(acme.assistant)
    assert client.get(HERE).status_code == 404
    assert client.post(HERE, {"retry_after": "1", "give_up_after": "1"}).status_code == 404
    assert rule(acme) == ([1, 3, 5], 14)


def test_a_renewal_that_fails_is_tried_again_by_it(desk, acme, pack, at):
    desk.post(HERE, {"retry_after": "2", "give_up_after": "30"})
    monthly = shop.product(acme, "Monthly four")
    price = shop.price(acme, monthly, 1_000, "recurring", every=1, period="months")
    purchase = shop.bought(acme, monthly, price, 4, by=acme.contact, card="0341")
    due = purchase.renews_at
    at(due + timedelta(minutes=1))
    shop.relay()
    assert shop.fresh(acme, purchase).retry_at == due + timedelta(minutes=1, days=2)  # counted from the first charge
    url = f"/a/acme/sales/purchases/{purchase.public_id}/"
    assert "It is tried again on" in text(desk.get(url))
    assert "Try the charge again" in text(desk.get(url))
    assert desk.post(f"{url}charge").status_code == 303
    shop.relay()
    now_is = shop.fresh(acme, purchase)  # a try that staff asked for takes none of the rule's away
    assert (now_is.state, now_is.failures, now_is.retry_at) == ("active", 2, due + timedelta(minutes=1, days=2))
    at(due + timedelta(days=2, minutes=2))
    shop.relay()
    assert shop.fresh(acme, purchase).state == "delinquent"
    page = text(desk.get(url))
    assert "The renewal is not paid. On" in page
    assert "The card ending in 0341 was declined." in page

"""Where a purchase can go, from everywhere to everywhere."""

import pytest

from products import purchases, states
from products.errors import WrongMove
from products.models import Purchase
from products.states import MEANING, MOVES, State
from tests.assertions import nothing_moved
from tests.factories import inside

from . import shop

OVER = {State.FAILED, State.CANCELLED, State.EXPIRED, State.REFUNDED}


def test_every_state_is_reached_and_explained():
    assert {move.to for move in MOVES} | {State.NEW} == set(State)
    assert set(MEANING) == set(State)


def test_what_is_refunded_stays_so():
    assert not [move.name for move in MOVES if State.REFUNDED in move.since]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.to)
def test_moves_are_those_of_the_table(acme, settings, state, move):
    settings.DEMO = True
    shop.takes_money(acme)
    made = shop.product(acme)
    purchase = shop.order(acme, made, shop.price(acme, made, 100), by=acme.contact)
    with inside(acme):
        Purchase.objects.filter(pk=purchase.pk).update(state=state)
        found = purchases.lock(account=acme.account, purchase_id=purchase.pk)
        if state in move.since:
            purchases.move(found, move, actor=acme.actor)
            assert shop.fresh(acme, purchase).state == move.to
            assert (found.ended_at is not None) == (move.to in OVER)
        else:
            with nothing_moved(), pytest.raises(WrongMove, match=f"so it can't be {move.name}"):
                purchases.move(found, move, actor=acme.actor)
            assert shop.fresh(acme, purchase).state == state


def test_what_is_over_renews_no_more(acme, settings):
    settings.DEMO = True
    shop.takes_money(acme)
    made = shop.product(acme)
    monthly = shop.price(acme, made, 100, "recurring", every=1, period="months")
    purchase = shop.bought(acme, made, monthly, by=acme.contact)
    assert purchase.renews_at is not None
    with inside(acme):
        found = purchases.lock(account=acme.account, purchase_id=purchase.pk)
        purchases.move(found, states.CANCEL, actor=acme.actor)
    assert shop.fresh(acme, purchase).renews_at is None

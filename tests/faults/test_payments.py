"""A provider's messages, five times each, shuffled and at once, at real web processes (F24)."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import pytest

from tests import factories
from tests.faults import report
from tests.products import shop
from tests.products.conftest import connect as connect
from tests.products.conftest import stripe as stripe
from tests.products.test_webhooks import heard, page


class Post:
    """What `Stripe.deliver` takes for a browser: posts to the server that listens there."""

    def __init__(self, port: int) -> None:
        self.port = port

    def post(self, path: str, data: str, *, content_type: str, headers: dict[str, str]) -> Any:
        line = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request("POST", path, data.encode(), {**headers, "Content-Type": content_type})
            return SimpleNamespace(status_code=line.getresponse().status)
        finally:
            line.close()


@pytest.fixture
def ours(stage, stripe, settings):  # noqa: F811
    """The web server, told where this Stripe is."""
    stage.web.stop()
    stage.web.environment["STRIPE_API"] = settings.STRIPE_API
    stage.serve()
    yield Post(stage.port)
    stage.web.stop()
    del stage.web.environment["STRIPE_API"]


def test_f24_messages_repeated_and_out_of_order(stage, acme, stripe, connect, ours, rng, number, request):  # noqa: F811
    """Each order is granted once and, where money went back, refunded once, whichever message was first."""
    hook = connect(acme)
    pack = shop.product(acme)
    price = shop.price(acme, pack, 100_00)
    orders = []
    for at in range(number(5, 2_000)):
        who = factories.contact(acme, f"Customer {at}", email=f"customer{at}@acme.example")
        order = shop.order(acme, pack, price, 5, by=who, gateway="stripe")
        session = page(acme, order)
        stripe.pay(session)
        back = bool(at % 2)
        if back:
            stripe.refund_by_hand(stripe.objects[session]["payment_intent"], 500_00)
        orders.append((order, back))
    messages = [message for message in stripe.events for _ in range(5)]
    rng.shuffle(messages)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda message: stripe.deliver(ours, hook, message).status_code, messages))
    assert set(answers) == {200}
    granted = [shop.entries(acme, order) for order, _ in orders]
    once = sum(sum(kind == "issue" for _, kind, _ in one) == 1 for one in granted)
    given_back = sum(shop.payment(acme, order).refunded == 500_00 * back for order, back in orders)
    states = {(back, shop.fresh(acme, order).state, shop.payment(acme, order).state) for order, back in orders}
    report.say(
        request.node,
        **{"orders": len(orders), "messages": len(messages), "granted_once": once, "refunded_once": given_back},
    )
    assert (once, given_back) == (len(orders), len(orders))
    assert len(states) == 2, states  # of those whose money stayed and of the others, whatever came first
    assert heard(acme) == len(stripe.events)

"""Staff in front of purchases: addresses, forms and what they say."""

import uuid

from tests.factories import inside

from . import shop


def url(world, purchase=None, rest=""):
    at = f"/a/{world.slug}/sales/purchases/"
    return f"{at}{purchase.public_id}/{rest}" if purchase else f"{at}{rest}"


def price_of(world, product):
    with inside(world):
        return product.prices.get()


def sold(world, product, quantity=1, *, to=None):
    """Ordered and paid with a test card."""
    return shop.bought(world, product, price_of(world, product), quantity, by=to or world.contact)


def workshop(world, amount=3):
    """A service for which `amount` sessions are paid."""
    made = shop.product(world, "Workshop", kind="service")
    return made, shop.price(world, made, amount, "credit", credit_type=world.session)


def refund(desk, world, purchase, **data):
    """Send the refund form as it is now, all of the money unless said otherwise."""
    seen = refund_seen(desk, world, purchase)
    sent = {"key": str(uuid.uuid4()), "seen": seen, "money": "full", "way": "gateway", "withdraw": "on", **data}
    return desk.post(url(world, purchase, "refund"), {name: value for name, value in sent.items() if value is not None})


def refund_seen(desk, world, purchase):
    """What a refund form opened now was made from."""
    return desk.get(url(world, purchase, "refund")).context["form"]["seen"].value()

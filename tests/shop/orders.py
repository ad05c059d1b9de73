"""Order forms, filled in and sent as a browser does."""

import re
from html import unescape

from products.models import Payment, Purchase
from tests.factories import inside


def words(response):
    """What a page says, without its tags."""
    text = unescape(re.sub(r"<[^>]*>", " ", response.content.decode()))
    return re.sub(r"\s+([.,])", r"\1", re.sub(r"\s+", " ", text))


def field(html, name):
    """What stands in a field of a page; of radios, in the one that is chosen."""
    for tag in re.findall(rf'<input[^>]* name="{name}"[^>]*>', html):
        if "radio" not in tag or " checked" in tag:
            value = re.search(r'value="([^"]*)"', tag)
            return unescape(value[1]) if value else ""
    return ""


def opened(browser, slug, *, at="acme", **asked):
    """What a browser would send of the order form of a product, at the price and in the quantity asked for."""
    response = browser.get(f"/s/{at}/p/{slug}/order", {"again": 1, **asked})
    assert response.status_code == 200
    html = response.content.decode()
    return {name: field(html, name) for name in ("price", "quantity", "order", "gateway")}


def send(browser, slug, data, *, at="acme"):
    return browser.post(f"/s/{at}/p/{slug}/order", data)


def purchases(world):
    with inside(world):
        return list(Purchase.objects.order_by("pk"))


def payments(world):
    with inside(world):
        return list(Payment.objects.order_by("pk"))

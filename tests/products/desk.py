"""A browser in which somebody of acme is signed in, in front of the products."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.test import Client

from products.models import Price, Product, ProductCredit
from simplero.outbox.models import Event
from simplero.tenancy.scope import scope

HERE = "/a/acme/sales/products/"


@dataclass
class Desk:
    client: Client
    world: Any

    def get(self, path: str = "", **more: Any) -> Any:
        return self.client.get(path if path.startswith("/") else HERE + path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        url = path if path.startswith("/") else HERE + path
        return self.client.post(url, {"key": str(uuid4()), **(data or {})}, **more)

    def htmx(self, path: str) -> Any:
        return self.get(path, headers={"HX-Request": "true"})

    def save(self, product: Product, **other: Any) -> Any:
        """Settings → Product as the page shows it, with `other` typed over it, saved."""
        return self.post(at(product, "settings"), {**shown(self.get(at(product, "settings"))), **other})


def at(product: Product, path: str = "") -> str:
    return f"{HERE}{product.public_id}/{path}"


def of_price(price: Price, path: str) -> str:
    return f"{at(price.product)}prices/{price.public_id}/{path}"


def shown(answer: Any) -> dict[str, Any]:
    """What a browser would send of the page's form, unchanged."""
    form = answer.context["form"]
    data = {}
    for bound in form:
        value = bound.value()
        if value is not None:
            data[bound.html_name] = str(value)
    return data


def products(world: Any) -> list[Product]:
    with scope(world.account):
        return list(Product.objects.select_related("credit_type").order_by("pk"))


def prices(world: Any, *, retired: bool = False) -> list[Price]:
    with scope(world.account):
        found = Price.objects.select_related("product", "credit_type").order_by("pk")
        return list(found if retired else found.filter(retired_at=None))


def extras(world: Any) -> list[tuple[str, int, str]]:
    with scope(world.account):
        rows = ProductCredit.objects.order_by("pk")
        return list(rows.values_list("credit_type__name", "amount", "expiry"))


def facts(world: Any) -> list[tuple[str, dict[str, Any]]]:
    """What happened to products and prices, oldest first."""
    with scope(world.account):
        found = Event.objects.filter(kind__regex=r"^(product|price)\.").order_by("pk")
        return [(event.kind, event.body) for event in found]


def kinds(world: Any) -> list[str]:
    return [kind for kind, _ in facts(world)]


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())
    assert found, name
    return found[1]

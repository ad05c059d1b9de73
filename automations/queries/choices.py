"""What one may choose from, in steps, conditions and triggers."""

import uuid
from dataclasses import dataclass

from automations.models import Endpoint, Flow, Of
from contacts.models import Tag
from credits import queries as credits
from credits.wording import capital
from products.models import Price, Product, Status
from products.queries import catalogue, offering
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


@dataclass(frozen=True, slots=True)
class Choice:
    """A row that may be chosen: the page says its public id, what is kept its own. `group` is the heading it stands under."""

    pk: int
    public_id: uuid.UUID
    label: str
    group: str = ""


def credit_types(account: Account) -> list[Choice]:
    """The types in use, by name."""
    return [Choice(one.pk, one.public_id, capital(one.name)) for one in credits.types(account)]


def tags(account: Account) -> list[Choice]:
    """Every tag, by name."""
    found = Tag.objects.filter(account_id=require(account)).order_by("name_key", "pk")
    return [Choice(one.pk, one.public_id, one.name) for one in found]


def products(account: Account) -> list[Choice]:
    """The products that are not archived, in the order of the shop."""
    found = catalogue.products(account).exclude(status=Status.ARCHIVED).order_by("position", "pk")
    return [Choice(one.pk, one.public_id, one.name) for one in found]


def prices(account: Account) -> list[Choice]:
    """The prices at which those products are to be had, under the product each."""
    of = {one.pk: one for one in catalogue.products(account).exclude(status=Status.ARCHIVED).order_by("position", "pk")}
    found = catalogue.prices_of(account, of)
    return [
        Choice(price.pk, price.public_id, _price(price, product), product.name)
        for product in of.values()
        for price in found.get(product.pk, ())
    ]


def product_of_price(account: Account) -> dict[int, int]:
    """Of each of those prices the id of its product."""
    found = Price.objects.filter(account_id=require(account), retired_at=None)
    return dict(found.values_list("pk", "product_id"))


def _price(price: Price, product: Product) -> str:
    since = f" from {price.minimum:,}" if price.minimum > 1 else ""
    return capital(f"{offering.each(price, product)}{since}")


def automations(account: Account, *, besides: int | None = None) -> list[Choice]:
    """The automations, without the one of the id `besides`, by name."""
    found = Flow.objects.filter(account_id=require(account), of=Of.AUTOMATION, deleted_at=None).exclude(pk=besides)
    return [Choice(one.pk, one.public_id, one.name) for one in found.order_by("name", "pk")]


def endpoints(account: Account) -> list[Choice]:
    """The addresses that may be called, by name."""
    found = Endpoint.objects.filter(account_id=require(account), deleted_at=None)
    return [Choice(one.pk, one.public_id, one.name) for one in found.order_by("name", "pk")]

"""What the ids in steps, conditions and reasons are called, read at once for a whole page."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from automations.models import Endpoint, Flow, Run
from contacts.queries import tag_names
from credits import queries as credits
from credits.wording import Unit
from products.models import Price, Product
from simplero.lib.keys import uuids
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

KINDS = {"credit_type": "credit_types", "tag": "tags", "flow": "flows", "automation": "flows", "endpoint": "endpoints", "product": "products", "price": "prices"}  # fmt: skip
"""Under which name an id stands in JSON, and where its name is kept here."""


class Gone:
    """A credit type that is not here."""

    name, plural = "credit", "credits"


@dataclass(slots=True)
class Names:
    """Names by id. What is not here any more is asked for with the methods below, which have words for that too."""

    credit_types: dict[int, Unit] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    flows: dict[int, Flow] = field(default_factory=dict)
    endpoints: dict[int, Endpoint] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    prices: dict[int, Price] = field(default_factory=dict)

    def unit(self, credit_type: int | None) -> Unit:
        return self.credit_types.get(credit_type or 0, Gone)

    def tag(self, tag: int | None) -> str:
        return f"“{self.tags[tag]}”" if tag in self.tags else "a tag that is gone"

    def flow(self, flow: int | None) -> str:
        return f"“{self.flows[flow].name}”" if flow in self.flows else "an automation that is gone"

    def endpoint(self, endpoint: int | None) -> str:
        return f"“{self.endpoints[endpoint].name}”" if endpoint in self.endpoints else "an address that is gone"

    def product(self, product: int | None) -> str:
        return f"“{self.products[product].name}”" if product in self.products else "a product that is gone"


def names(account: Account, *said: Any) -> Names:
    """Names for every id that stands in these pieces of JSON: one query for each kind of thing, however many there are."""
    require(account)
    ids: dict[str, set[int]] = {kind: set() for kind in KINDS.values()}
    for kind, number in _ids(said):
        ids[kind].add(number)
    found = Names(tags=tag_names(account, ids["tags"]) if ids["tags"] else {})
    if ids["credit_types"]:
        types = credits.types(account) | credits.types(account, archived=True)
        found.credit_types = {kind.pk: kind for kind in types.filter(pk__in=ids["credit_types"])}
    found.flows = Flow.objects.in_bulk(ids["flows"]) if ids["flows"] else {}
    found.endpoints = Endpoint.objects.in_bulk(ids["endpoints"]) if ids["endpoints"] else {}
    found.products = Product.objects.in_bulk(ids["products"]) if ids["products"] else {}
    found.prices = Price.objects.in_bulk(ids["prices"]) if ids["prices"] else {}
    return found


def flows_of(account: Account, ids: Collection[str]) -> dict[str, str]:
    """What the automations or triggers are called that these runs, by public id, went through. Ids that are none are left out."""
    found = Run.objects.filter(account_id=require(account), public_id__in=uuids(ids))
    return {str(public_id): name for public_id, name in found.values_list("public_id", "flow__name")}


def _ids(said: Any) -> Iterable[tuple[str, int]]:
    if isinstance(said, Mapping):
        for key, value in said.items():
            if key in KINDS and isinstance(value, int):
                yield KINDS[key], value
            else:
                yield from _ids(value)
    elif isinstance(said, list | tuple):
        for one in said:
            yield from _ids(one)

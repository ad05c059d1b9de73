"""Triggers where they are told of: on the page of a product, and beside contacts that have a tag."""

from django.urls import reverse

from products.mentions import Mention, Section
from products.models import Product
from simplero.tenancy.models import Account
from triggers import queries

MOST = 10
"""Triggers that a page names; of more, the rest stand in the list."""


def of_product(account: Account, product: Product) -> Section:
    """The triggers that listen to `product`."""
    here = reverse("triggers:triggers", args=[account.slug])
    found = list(queries.of_product(account, product).order_by("-created_at", "-pk")[: MOST + 1])
    told = [
        Mention(
            one.flow.name,
            reverse("triggers:trigger", args=[account.slug, one.public_id]),
            "" if one.flow.enabled else "Off",
        )
        for one in found[:MOST]
    ]
    if len(found) > MOST:
        told.append(Mention("All triggers that listen to it", f"{here}?product={product.public_id}"))
    add = f"{reverse('triggers:new', args=[account.slug])}?when=purchase.activated&product={product.public_id}"
    return Section("Triggers", told, "Add a trigger", add)

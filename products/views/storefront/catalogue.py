"""What the shop has: the catalogue, and a page for each product."""

from typing import Any
from urllib.parse import urlencode

from django.core.validators import slug_re
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts.views.customers import ShopRequest, customer
from products.descriptions import shown
from products.models import Kind, Price, PriceKind, Product
from products.queries import catalogue as shelves
from products.queries import offering

from . import words
from .lookup import product_or_404

PAGE = 49  # products; the first stands above the others


@require_safe
@customer()
def catalogue(request: ShopRequest) -> HttpResponse:
    account, after = request.shop.account, request.GET.get("after", "")
    if not slug_re.fullmatch(after):
        after = ""
    products, more = shelves.shelf_from(account, after, limit=PAGE)
    prices = shelves.prices_of(account, [product.pk for product in products])
    cards = [card(product, prices[product.pk]) for product in products]
    context = {
        "first": cards.pop(0) if len(cards) > 2 and not after else None,
        "cards": cards,
        "more": f"?{urlencode({'after': products[-1].slug})}" if more else "",
    }
    return TemplateResponse(request, "shop/catalogue.html", context)


def card(product: Product, prices: list[Price]) -> dict[str, Any]:
    return {"product": product, "motif": words.motif(product), "price": words.in_short(prices, product)}


@require_safe
@customer()
def product(request: ShopRequest, slug: str) -> HttpResponse:
    found = product_or_404(request, slug)
    account = request.shop.account
    prices = shelves.prices(account, found)
    context = {
        "product": found,
        "motif": words.motif(found),
        "description": shown(found.description),
        "ways": [way(tiers, found) for tiers in words.ways(prices)],
        "issues": [words.issued(issue) for issue in shelves.issues(account, found, 1)],
        "choose_how_many": found.kind == Kind.CREDIT and found.included is None,
        "limits": limits(found),
    }
    return TemplateResponse(request, "shop/product.html", context)


def way(tiers: list[Price], product: Product) -> dict[str, Any]:
    """A way to pay, as a few words and what else there is to say of it."""
    price = tiers[0]
    more = words.tiers(tiers, product)
    if price.kind == PriceKind.RECURRING:
        more.append(words.renewal(price))
    return {"words": words.first(price, product), "more": more, "kind": price.kind}


def limits(product: Product) -> str:
    """How many are bought at once, where that is not as many as one likes."""
    least, most = offering.smallest(product), offering.largest(product)
    if not product.maximum:
        return f"At least {least:,} at once." if least > 1 else ""
    if least == most:
        return f"{least:,} at once." if least > 1 else ""
    return f"{least:,} to {most:,} at once." if least > 1 else f"At most {most:,} at once."

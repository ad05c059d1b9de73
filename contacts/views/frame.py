"""What every page of a shop comes in: its colour, and the words for a page that is not there."""

from dataclasses import asdict
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from simplero.lib import colours
from simplero.tenancy.scope import scope
from simplero.tenancy.shops import account_of

from .customers import Shop, ShopRequest, nothing_here


@require_safe
def colour(request: HttpRequest, shop: str = "") -> HttpResponse:
    """A stylesheet of a few tokens. Its address names the colour (?v=), so it is kept for good."""
    chosen = account_of(request, shop).colour
    text = ""
    if colours.is_colour(chosen):
        light, dark = asdict(colours.light(chosen)), asdict(colours.dark(chosen))
        tokens = "".join(f"--shop-{name.replace('_', '-')}:light-dark({light[name]},{dark[name]});" for name in light)
        text = f":root{{{tokens}}}"
    response = HttpResponse(text, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def not_here(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """An address at which a domain of the shop's own has nothing."""
    visit = cast(ShopRequest, request).shop = Shop(request, account_of(request, ""))
    with scope(visit.account, read_only=True):
        visit.recognise()
        return nothing_here(cast(ShopRequest, request))

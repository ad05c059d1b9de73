"""What an address names, or 404: one answer for what is another account's, another product's, and what never was."""

import uuid
from typing import TYPE_CHECKING, cast

from django.http import Http404, HttpRequest
from django.urls import reverse

from credits import queries as credits
from credits.wording import capital, expiration
from products.models import Price, Product
from products.queries import catalogue
from simplero.tenancy import shops
from simplero.web.http import StaffRequest

if TYPE_CHECKING:
    from credits.models import CreditType


def product_or_404(request: HttpRequest, public_id: uuid.UUID) -> Product:
    try:
        return catalogue.get_product(cast(StaffRequest, request).account, public_id)
    except Product.DoesNotExist:
        raise Http404 from None


def price_or_404(request: HttpRequest, product: Product, public_id: uuid.UUID) -> Price:
    """A price of `product`, a retired one too."""
    try:
        found = catalogue.get_price(cast(StaffRequest, request).account, product, public_id)
    except Price.DoesNotExist:
        raise Http404 from None
    found.product = product
    return found


def product_url(request: HttpRequest, product: Product, name: str = "product", *args: object) -> str:
    """Where the staff view `name` of products stands for this product."""
    return reverse(f"products:{name}", args=[cast(StaffRequest, request).account.slug, product.public_id, *args])


def preview_url(request: HttpRequest, product: Product) -> str:
    """Its page in the shop, on the host that this page is on."""
    return reverse("shop:product", args=[cast(StaffRequest, request).account.slug, product.slug])


def order_url(request: HttpRequest, product: Product) -> str:
    """The whole address of its order form, to be copied: on the shop's own domain if it has one."""
    path = reverse("order", urlconf="simplero.storefront", args=[product.slug])
    return f"{shops.address(cast(StaffRequest, request).account)}{path.removeprefix('/')}"


def picture_url(request: HttpRequest, product: Product) -> str:
    """Where its picture is shown, "" without one."""
    slug = cast(StaffRequest, request).account.slug
    return reverse("shop:pictures", args=[slug, product.picture]) if product.picture else ""


def offered_types(request: HttpRequest, *also: "CreditType | None") -> list[tuple["CreditType", str]]:
    """The credit types one may choose, those in use and `also`, each with how long its credits are good."""
    found = list(credits.types(cast(StaffRequest, request).account))
    known = {one.pk for one in found}
    choices = [(one, f"{capital(one.name)}: {expiration(one.expires_after, one.expires_unit)}") for one in found]
    return choices + [(one, f"{capital(one.name)} (archived)") for one in also if one and one.pk not in known]

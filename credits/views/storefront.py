"""My credits, as a customer sees them in the storefront."""

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts.views.customers import ShopRequest, customer


@require_safe
@customer(signed_in=True)
def wallets(request: ShopRequest) -> HttpResponse:
    return TemplateResponse(request, "shop/credits.html")

"""Signing in to a storefront by mail."""

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from .customers import ShopRequest, customer


@require_safe
@customer()
def ask(request: ShopRequest) -> HttpResponse:
    return TemplateResponse(request, "shop/sign_in.html")

"""My account in a storefront: where to start, who I am, and the way out."""

from django.contrib import messages
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from contacts import signin
from simplero.web.http import see_other

from .customers import ShopRequest, customer, shop_url


@require_safe
@customer(signed_in=True)
def overview(request: ShopRequest) -> HttpResponse:
    return TemplateResponse(request, "shop/account.html")


@require_safe
@customer(signed_in=True)
def profile(request: ShopRequest) -> HttpResponse:
    return TemplateResponse(request, "shop/profile.html")


@require_POST
@customer()
def sign_out(request: ShopRequest) -> HttpResponse:
    """Out of this browser; somebody who is out already is not asked to sign in first."""
    if request.shop.session is not None:
        signin.end_session(account=request.shop.account, session=request.shop.session)
        messages.success(request, "You are signed out.")
    request.shop.forget()
    return see_other(request, shop_url(request, "catalogue"))

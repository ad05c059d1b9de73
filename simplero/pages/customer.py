"""My account in a storefront: where a customer begins, made of what each room knows of them."""

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts.views.customers import ShopRequest, customer
from credits.views.storefront import mine, wallets_of
from products.views.storefront.purchases import running


@require_safe
@customer(signed_in=True)
def overview(request: ShopRequest) -> HttpResponse:
    wallets = wallets_of(request.shop.account, mine(request))
    gone = [wallet for wallet in wallets if not wallet.figures.free]
    context = {
        "running": running(request),
        "wallets": wallets,
        "gone": gone,
        "has_some": len(gone) < len(wallets),
    }
    return TemplateResponse(request, "shop/account.html", context)

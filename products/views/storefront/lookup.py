"""What an address of the shop names, or 404: one answer for what is another's, another shop's, and what never was."""

import uuid

from django.http import Http404

from contacts import signin
from contacts.views.customers import ShopRequest
from products.models import Payment, Product, Purchase
from products.queries import bought, catalogue
from products.queries.bought import Buyer


def product_or_404(request: ShopRequest, slug: str) -> Product:
    """A product that is on sale."""
    try:
        return catalogue.live_product(request.shop.account, slug)
    except Product.DoesNotExist:
        raise Http404 from None


def digest(request: ShopRequest) -> str:
    """By what an order is known as this browser's. Signed in it is another, so that signing out leaves nothing of it behind."""
    shop = request.shop
    if shop.contact is None:
        return shop.visitor_digest
    return signin.digest("buyer", f"{shop.contact.public_id}:{shop.visitor}")


def buyer(request: ShopRequest) -> Buyer:
    """Whose purchases this browser may see. Looking makes nobody a visitor."""
    known = signin.is_secret(request.COOKIES.get(request.shop.cookie("visitor"), ""))
    return Buyer(request.shop.contact, digest(request) if known else "")


def purchase_or_404(request: ShopRequest, public_id: uuid.UUID) -> Purchase:
    try:
        return bought.get(request.shop.account, buyer(request), public_id)
    except Purchase.DoesNotExist:
        raise Http404 from None


def payment_or_404(request: ShopRequest, public_id: uuid.UUID) -> Payment:
    try:
        return bought.get_payment(request.shop.account, buyer(request), public_id)
    except (Payment.DoesNotExist, Purchase.DoesNotExist):
        raise Http404 from None


def own_or_404(request: ShopRequest, public_id: uuid.UUID) -> Purchase:
    """A purchase of the customer who is signed in."""
    found = purchase_or_404(request, public_id)
    if request.shop.contact is None or found.contact_id != request.shop.contact.pk:
        raise Http404
    return found

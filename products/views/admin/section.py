"""The Purchases card of the contact page, which `simplero.pages` composes."""

from typing import Any

from django.urls import reverse

from contacts.models import Contact
from products.queries import sales
from simplero.web.http import StaffRequest

from . import sold

NEWEST = 5  # purchases that the card shows


def section(request: StaffRequest, contact: Contact) -> dict[str, Any]:
    """The context of `products/_purchase_section.html`."""
    found = sales.of_contact(request.account, contact, most=NEWEST)
    slug, query = request.account.slug, f"?contact={contact.public_id}"
    return {
        "rows": [sold.row(request, one) for one in found[:NEWEST]],
        "more": len(found) > NEWEST,
        "all_url": f"{reverse('products:purchases', args=[slug])}{query}",
        "add_url": f"{reverse('products:purchase-add', args=[slug])}{query}",
    }

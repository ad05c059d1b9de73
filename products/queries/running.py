"""A customer's subscriptions that go on, or end with the period that is paid."""

from typing import Any

from contacts.models import Contact
from products.models import Purchase
from products.states import RENEWING
from simplero.tenancy.scope import require

MOST = 50
"""Subscriptions of one customer that are shown; more would be somebody's mistake."""


def of_contact(account: Any, contact: Contact) -> list[Purchase]:
    """The next to renew first."""
    found = Purchase.objects.filter(
        account_id=require(account), contact=contact, state__in=RENEWING, renews_at__isnull=False
    )
    return list(found.select_related("contact", "credit_type", "product", "price").order_by("renews_at", "pk")[:MOST])

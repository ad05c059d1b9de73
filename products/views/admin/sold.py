"""A purchase in the words and with the links of a staff page."""

import uuid
from typing import Any, cast

from django.http import Http404, HttpRequest
from django.urls import reverse

from contacts.views.lookup import contact_url
from credits.wording import quantity
from products import gateways, letters
from products.models import Purchase, State
from products.queries import sales
from products.states import MEANING
from products.wording import what
from simplero.lib.moments import day, moment
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now
from simplero.web.http import StaffRequest

TONES = {State.NEW: "warn", State.ACTIVE: "good", State.DELINQUENT: "bad", State.FAILED: "bad"}


def purchase_or_404(request: HttpRequest, public_id: uuid.UUID) -> Purchase:
    try:
        return sales.get_purchase(cast(StaffRequest, request).account, public_id)
    except Purchase.DoesNotExist:
        raise Http404 from None


def purchase_url(request: HttpRequest, purchase: Purchase, name: str = "purchase") -> str:
    """Where the staff view `name` stands for this purchase."""
    return reverse(f"products:{name}", args=[cast(StaffRequest, request).account.slug, purchase.public_id])


def row(request: HttpRequest, purchase: Purchase) -> dict[str, Any]:
    """A purchase as a list shows it."""
    account: Account = cast(StaffRequest, request).account
    made = purchase.created_at.astimezone(account.zone)
    return {
        "purchase": purchase,
        "what": what(purchase.product_name, purchase.quantity),
        "url": purchase_url(request, purchase),
        "contact_url": contact_url(request, purchase.contact),
        "on": day(made.date()),
        "when": moment(made, now=now(), zone=account.zone),
        "time": f"{made:%H:%M}",
        "iso": made.isoformat(timespec="minutes"),
        "price": letters.price_of(purchase),
        "state": state(purchase),
    }


def state(purchase: Purchase) -> dict[str, str]:
    """The words and the tone of its tag, and what it means."""
    is_now = State(purchase.state)
    return {"words": is_now.label, "tone": TONES.get(is_now, ""), "meaning": MEANING[is_now]}


def way_name(code: str) -> str:
    """What staff call a way to pay; one that exists here no longer, by its code."""
    known = gateways.GATEWAYS.get(code)
    return known.name if known else code.capitalize()


def issued_words(account: Account, purchase: Purchase) -> list[str]:
    """What each period of a purchase issues: ["5 coaching sessions"]."""
    types = {one.pk: one for one in sales.types(account, [issue["credit_type"] for issue in purchase.issues])}
    return [quantity(issue["amount"], types[issue["credit_type"]]) for issue in purchase.issues]

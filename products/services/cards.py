"""Taking the card that a customer gave for a subscription: each page of a provider where one is given counts once.

Its return address stays in the browser's history, and would put an older card back whenever it is opened.
"""

from typing import Literal

from django.db import transaction

from products.models import ProviderEvent, Purchase
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require, scope

from . import payments

GIVEN = "card.given"
"""The kind of the message that a card was given, which its owner's browser brings."""


def take(*, account: Account, purchase: Purchase, checkout_ref: str, actor: Actor) -> Literal["taken", "before", ""]:
    """Charge renewals to the card given on the page `checkout_ref`, see `payments.card_changed`: "taken" now, or "before", when
    nothing is done; "" when none was given. Called outside any scope. Raises gateways.Unreachable, gateways.Rejected.
    """
    with scope(account):
        if ProviderEvent.objects.filter(gateway=purchase.gateway, event_id=checkout_ref, kind=GIVEN).exists():
            return "before"
    if not payments.card_changed(account=account, purchase_id=purchase.pk, checkout_ref=checkout_ref, actor=actor):
        return ""
    with scope(account), transaction.atomic():
        noted = ProviderEvent(
            account_id=require(account),
            gateway=purchase.gateway,
            event_id=checkout_ref,
            kind=GIVEN,
            received_at=now(),
        )
        # Opened twice at the same moment, both have taken the same card.
        ProviderEvent.objects.bulk_create([noted], ignore_conflicts=True)
    return "taken"

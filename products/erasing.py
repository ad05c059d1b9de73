"""What purchases forget of a person: the provider's names for who paid and how, and what providers said. What was bought stays."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from products import purchases, states
from products.models import Payment, Purchase, Refund, RefundState
from products.states import RENEWING, State
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


def hinders(account: Account, contacts: Sequence[int]) -> str:
    """A purchase that would still bring or take money: it needs somebody to end it first."""
    found = _going_on(account, contacts).order_by("pk").first()
    if found is not None:
        waits = "is a subscription that renews" if found.state in RENEWING else "waits for its payment"
        return f"The purchase {found.reference} ({found.product_name}) {waits}. Cancel it first."
    refund = Refund.objects.filter(payment__purchase__contact__in=contacts, state=RefundState.PENDING).first()
    return "A refund is on its way. Wait until it is done, then erase." if refund else ""


def _going_on(account: Account, contacts: Sequence[int]) -> QuerySet[Purchase]:
    theirs = Purchase.objects.filter(account_id=require(account), contact__in=contacts)
    return theirs.filter(Q(state=State.NEW) | Q(state__in=RENEWING, renews_at__isnull=False))


def forget(*, account: Account, contacts: Sequence[int]) -> None:
    """Purchases that still go on, which only a restored backup brings here, end."""
    for purchase in _going_on(account, contacts).select_for_update(of=("self",), no_key=True).order_by("pk"):
        purchases.end(purchase, states.CANCEL, actor=SYSTEM)
    account_id = require(account)
    theirs = Purchase.objects.filter(account_id=account_id, contact__in=contacts)
    theirs.update(payer_ref="", card_ref="", card_label="")
    payments = Payment.objects.filter(account_id=account_id, purchase__in=theirs.values("pk"))
    payments.update(checkout_url="", checkout_ref="", reason="")
    Refund.objects.filter(account_id=account_id, payment__in=payments.values("pk")).update(reason="")

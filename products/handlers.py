"""What products does when a job is due."""

from simplero.outbox.handlers import addressed
from simplero.tenancy.models import Account

from . import letters
from .models import Payment, Purchase
from .services import payments, refunds, renewals

renew = renewals.renew
charge = renewals.charge
refund = refunds.send_waiting
look = payments.look_after


def receipt(*, account_id: int, subject: int, attempts: int) -> bool:
    """Write the receipt of a purchase that asked for no money: soon after it and not with it, since credits wait for the commit."""
    purchase = addressed(Purchase, subject)
    letters.receipt(account=Account.objects.get(pk=account_id), purchase=purchase)
    return True


def receipt_of_payment(*, account_id: int, subject: int, attempts: int) -> bool:
    """Write the receipt of a payment."""
    payment = addressed(Payment, subject)
    letters.receipt(account=Account.objects.get(pk=account_id), purchase=payment.purchase, number=payment.number)
    return True

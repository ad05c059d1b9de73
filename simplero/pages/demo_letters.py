"""The letters of the demo's last weeks, written on the day they tell of and marked as sent: they go to people who do not exist."""

from datetime import datetime, timedelta

from products.purchases import RECEIPT, RECEIPT_OF_PAYMENT
from simplero.mail.models import SENT, WAITING, Message
from simplero.outbox.handlers import HANDLERS
from simplero.outbox.models import Job
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

KINDS = ("credits.moved", "credits.expiring", RECEIPT, RECEIPT_OF_PAYMENT)
WEEKS = timedelta(weeks=6)
"""How far back letters are shown; what is older was told long ago."""


def write(*, account: Account, at: datetime, end: datetime) -> None:
    """Do what is due of letters at the instant `at` of a history that reaches to `end`."""
    due = Job.objects.filter(account_id=require(account), kind__in=KINDS, due__lte=at)
    if at > end - WEEKS:
        for job in due.order_by("due", "id"):
            HANDLERS[job.kind](account_id=account.pk, subject=job.subject, attempts=1)
        new = Message.objects.filter(state=WAITING, confidential=False, to__0__endswith="@example.org")
        new.update(state=SENT, sent_at=at, created_at=at)
    due.delete()

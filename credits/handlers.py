"""What credits does when a job is due."""

from contacts.models import Contact
from simplero.outbox.handlers import addressed
from simplero.tenancy.models import Account

from . import letters, services
from .models import Entry

CHUNK = 1000
"""Lots whose wallets one transaction holds locked at most."""

LETTERS = 200
"""Letters that one transaction writes at most."""


def expire(*, account_id: int, subject: int, attempts: int) -> bool:
    """Write overdue expiries of the account, a chunk of them; False while more may be left. Safe at any time, twice, by anybody."""
    return services.expire_due(account=account_id, limit=CHUNK) < CHUNK


def moved(*, account_id: int, subject: int, attempts: int) -> bool:
    """Tell the customer of the issue or use in that row. Safe twice: a letter goes once."""
    account, entry = Account.objects.get(pk=account_id), addressed(Entry, subject)
    letters.tell(account=account, entry_id=entry.pk)
    services.gather(account=account, contact=entry.wallet.contact)
    return True


def gather(*, account_id: int, subject: int, attempts: int) -> bool:
    """Hand on what has reached somebody merged since. Safe twice."""
    services.gather(account=Account.objects.get(pk=account_id), contact=addressed(Contact, subject))
    return True


def expiring(*, account_id: int, subject: int, attempts: int) -> bool:
    """Tell customers whose credits end within a week, a chunk of them; False while more may be left. Safe at any time, twice."""
    return letters.remind(account=Account.objects.get(pk=account_id), limit=LETTERS) < LETTERS

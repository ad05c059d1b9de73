"""What the ledger forgets of a person: what was written down beside its entries. Entries, lots and wallets stay; what is free is withdrawn."""

from collections.abc import Sequence

from django.db.models import Q

from credits import services
from credits.models import Entry, EntryNote, Lot, Wallet
from simplero.lib.keys import derive_key
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require


def forget(*, account: Account, contacts: Sequence[int]) -> None:
    """Notes and reasons go. Credits that nobody can use any more are withdrawn; what is overdue expires by itself.

    The wallets are held, so that what is being posted to them is either seen here or refused.
    """
    account_id = require(account)
    wallets = Wallet.objects.filter(account_id=account_id, contact__in=contacts).order_by("pk")
    list(wallets.select_for_update(of=("self",), no_key=True).values_list("pk"))
    entries = Entry.objects.filter(account_id=account_id, wallet__contact__in=contacts)
    EntryNote.objects.filter(account_id=account_id, entry__in=entries.values("pk")).delete()
    good = Q(expires_at=None) | Q(expires_at__gt=now())
    for lot in Lot.objects.filter(good, account_id=account_id, open=True, wallet__contact__in=contacts).order_by("pk"):
        services.withdraw(
            account=account,
            lot=lot.public_id,
            amount=lot.remaining,
            key=derive_key("erase", lot.public_id, lot.remaining),
            reason="",
            actor=SYSTEM,
        )

"""What still reaches the wallets of somebody who was merged into another, such as an issue that had begun before."""

from contacts import queries as contacts
from contacts.models import Contact, Merge
from credits import ledger
from credits.ledger import Origin
from credits.models import Lot
from credits.sources import MERGED
from simplero.lib.keys import derive_key
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


def gather(*, account: Account, contact: Contact) -> int:
    """Take lots that are with somebody merged to whoever stands for them; how many. They go back with the others if that is undone.

    Safe at any time and twice.
    """
    require(account)
    if contact.merged_into_id is None:
        return 0
    merge = Merge.objects.select_for_update(of=("self",)).filter(source=contact, undone_at__isnull=True).first()
    left = sorted(Lot.objects.filter(wallet__contact=contact).values_list("pk", flat=True))
    if merge is None or not left:
        return 0
    done = ledger.transfer(
        account=account,
        source_id=contact.pk,
        target_id=contacts.stands_for(account, contact).pk,
        lots=left,
        key=derive_key("gather", merge.public_id, *left),
        origin=Origin(SYSTEM, MERGED, str(merge.public_id)),
    )
    merge.moved["credits"]["lots"] += done.lots
    merge.save(update_fields=["moved"])
    return len(done.lots)

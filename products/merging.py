"""Purchases when two contacts are merged: they are the other's from then on, with their renewals."""

from contacts.joining import Joint, Moved
from contacts.models import Contact
from products.models import Purchase
from products.states import RENEWING
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


def preview(account: Account, source: Contact, target: Contact) -> list[str]:
    theirs = Purchase.objects.filter(account_id=require(account), contact=source)
    number, renew = theirs.count(), theirs.filter(state__in=RENEWING, renews_at__isnull=False).count()
    if not number:
        return []
    return [f"{number:,} {'purchase' if number == 1 else 'purchases'}{f', of which {renew:,} renew' if renew else ''}"]


def hold(account: Account, contacts: list[int]) -> None:
    theirs = Purchase.objects.filter(account_id=require(account), contact__in=contacts).order_by("pk")
    list(theirs.select_for_update(of=("self",), no_key=True).values_list("pk"))


def join(joint: Joint) -> Moved:
    theirs = Purchase.objects.filter(account_id=joint.account.pk, contact=joint.source)
    moved = sorted(theirs.values_list("pk", flat=True))
    theirs.update(contact=joint.target)
    return {"purchases": moved}


def part(joint: Joint, moved: Moved) -> None:
    mine = Purchase.objects.filter(account_id=joint.account.pk, contact=joint.target, pk__in=moved["purchases"])
    mine.update(contact=joint.source)

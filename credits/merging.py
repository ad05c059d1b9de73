"""Credits when two contacts are merged: what the one has left is the other's to use, lot by lot, with all that befell it."""

from datetime import timedelta

from contacts.joining import Joint, Moved
from contacts.models import Contact
from credits import queries, services
from credits.services import Why
from credits.sources import MERGED, PARTED
from credits.wording import quantity
from simplero.lib.keys import derive_key
from simplero.outbox import outbox
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now

GATHER, SOON = "credits.gather", timedelta(minutes=1)
"""The kind of job that fetches what has reached somebody merged, and how long after the merge: longer than any request takes."""


def preview(account: Account, source: Contact, target: Contact) -> list[str]:
    """ "8 coaching sessions: 3 + 5"."""
    free = queries.free_by_contact(account, [source.pk, target.pk])
    theirs = {unit.pk: amount for unit, amount in free.get(target.pk, ())}
    return [
        f"{quantity(amount, unit)}, which makes {amount + theirs[unit.pk]:,} with the {theirs[unit.pk]:,} already there"
        if unit.pk in theirs
        else quantity(amount, unit)
        for unit, amount in free.get(source.pk, ())
    ]


def join(joint: Joint) -> Moved:
    done = services.transfer(
        account=joint.account,
        source=joint.source,
        target=joint.target,
        key=derive_key("merge", joint.key),
        why=Why(joint.actor, MERGED, str(joint.key)),
    )
    # Postings that had begun before wait for the wallets, and then go where they meant to: what they issue is fetched.
    outbox.schedule(account=joint.account, kind=GATHER, subject=joint.source.pk, due=now() + SOON)
    return {"lots": done.lots}


def part(joint: Joint, moved: Moved) -> None:
    services.transfer(
        account=joint.account,
        source=joint.target,
        target=joint.source,
        lots=moved["lots"],
        key=derive_key("unmerge", joint.key),
        why=Why(joint.actor, PARTED, str(joint.key)),
    )

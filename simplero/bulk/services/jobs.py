"""Jobs as people see them: start one for many contacts, stop it, undo it. A worker does the work (`working`)."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import QuerySet

from contacts.directory import tag_named
from contacts.models import Contact, Tag
from simplero.bulk import events
from simplero.bulk.errors import NobodyChosen, OthersNow, Reused, StillRunning, TooMany
from simplero.bulk.models import Bulk, Kind, State
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

if TYPE_CHECKING:
    from credits.models import CreditType

MOST = 200_000
"""Contacts of one job."""

RUN = "bulk.run"
"""The kind of the outbox's job that takes a bulk job on."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with each contact. Of tags, `tag` names one; put on for the first time, it is made."""

    kind: str
    credit_type: "CreditType | None" = None
    amount: int | None = None
    expiry: str = ""  # of what is issued, as the ledger takes it
    service_date: date | None = None
    tag: str = ""
    note: str = ""
    note_for_customer: bool = False

    def seal(self, selection: str) -> str:
        """A short name for exactly this, for exactly those whom `selection` names."""
        of = self.credit_type.pk if self.credit_type else ""
        return seal(
            *map(str, (self.kind, of, self.amount, self.expiry, self.service_date, self.tag)),
            *(self.note, str(self.note_for_customer), selection),
        )


@transaction.atomic
def start(
    *,
    account: Account,
    order: Order,
    contacts: QuerySet[Contact],
    selection: str,
    expected: int,
    key: uuid.UUID,
    actor: Actor,
) -> Bulk:
    """Let a worker do `order` with `contacts`, which are written down here and now: who matches later is not among them.

    `selection` says in any words which those are and `expected` how many the person was shown; `key` is the form's: sent again, it
    is the same job. Raises NobodyChosen, TooMany, OthersNow, Reused; for tags Unacceptable and the directory's TooMany.
    """
    account_id, asked = require(account), order.seal(selection)
    found = Bulk.objects.filter(public_id=key).first()
    if found is None:
        found, new = Bulk.objects.get_or_create(  # of one form sent twice at once, the second waits here for the first
            public_id=key,
            defaults={
                "account_id": account_id,
                "kind": order.kind,
                "asked": asked,
                "credit_type": order.credit_type,
                "tag": _tag(account, order),
                "amount": order.amount,
                "expiry": order.expiry,
                "service_date": order.service_date,
                "note": order.note,
                "note_for_customer": order.note_for_customer,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "created_at": now(),
            },
        )
        if new:
            _begin(account, found, contacts, expected, actor)
    if found.asked != asked:
        raise Reused
    return found


def _tag(account: Account, order: Order) -> Tag | None:
    return tag_named(account=account, name=order.tag) if order.kind in (Kind.TAG, Kind.UNTAG) else None


def _begin(account: Account, bulk: Bulk, contacts: QuerySet[Contact], expected: int, actor: Actor) -> None:
    bulk.total = _write_rows(bulk, contacts)
    if bulk.total > MOST:
        raise TooMany(MOST)
    if not bulk.total:
        raise NobodyChosen
    if bulk.total != expected:
        raise OthersNow(bulk.total)
    bulk.save(update_fields=["total"])
    outbox.record(account=account, fact=events.BulkStarted(bulk.pk, bulk.kind, bulk.total), actor=actor)
    outbox.schedule(account=account, kind=RUN, subject=bulk.pk, due=now())


def _write_rows(bulk: Bulk, contacts: QuerySet[Contact]) -> int:
    """A row for each of `contacts`, in the order of their names; how many. One more than MOST stands for any number beyond."""
    query, arguments = contacts.order_by("name_key", "pk").values_list("pk")[: MOST + 1].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO bulk_row (account_id, bulk_id, contact_id) SELECT %s, %s, chosen.id FROM ({query}) AS chosen(id)",  # noqa: S608
            [bulk.account_id, bulk.pk, *arguments],
        )
        return cursor.rowcount


@transaction.atomic
def stop(*, account: Account, bulk: Bulk, actor: Actor) -> bool:
    """Let a running job do no more; what it has done stays. A chunk under way is finished first. False where it had ended already."""
    require(account)
    stopped = Bulk.objects.filter(pk=bulk.pk, state=State.RUNNING).update(state=State.STOPPED, finished_at=now())
    if stopped:
        outbox.record(account=account, fact=events.BulkStopped(bulk.pk), actor=actor)
    return bool(stopped)


@transaction.atomic
def undo(*, account: Account, bulk: Bulk, actor: Actor) -> None:
    """Let a worker take back exactly what the job has done, as far as that is still there to be taken back. Once: again changes nothing.

    Raises StillRunning.
    """
    require(account)
    held = Bulk.objects.select_for_update(no_key=True).get(pk=bulk.pk)
    if held.state == State.RUNNING:
        raise StillRunning
    if held.state in (State.UNDOING, State.UNDONE):
        return
    held.state, held.undone_by = State.UNDOING, actor.id
    held.save(update_fields=["state", "undone_by"])
    outbox.record(account=account, fact=events.BulkUndoStarted(bulk.pk), actor=actor)
    outbox.schedule(account=account, kind=RUN, subject=bulk.pk, due=now())

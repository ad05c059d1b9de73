"""What a worker does of a job: one chunk of its rows a call, in the caller's transaction, together with what became of each.

Killed half-way, a chunk never happened; done again, it is the same chunk: what is still waiting, by keys that follow from the job
and the contact. A chunk that keeps failing is done row by row, and a row that fails alone is refused, so that it holds up nobody.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction

from contacts import directory
from contacts.models import Contact
from credits import services as credits
from simplero.bulk import events
from simplero.bulk.models import Bulk, Kind, Outcome, Row, State, Undone
from simplero.lib.keys import derive_key
from simplero.outbox import outbox
from simplero.outbox.outbox import NOBODYS
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

logger = logging.getLogger(__name__)

CHUNK = 500
"""Contacts that one transaction is for."""

TOGETHER = 3
"""Attempts at a chunk as a whole, before its rows are taken one by one."""

SOURCE = "bulk"
"""What the ledger calls entries of a job; their source id is the job's public id."""

FAILED, GONE = "failed", "gone"
"""The reasons of a row at which the work itself broke, and of one whose contact was merged or erased before its turn."""


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a row."""

    outcome: str
    reason: str = ""
    free: int | None = None
    entry: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Went:
    """What became of a done row when its job was undone: `back` credits were taken back."""

    undone: str
    reason: str = ""
    back: int | None = None


def go_on(*, account: Account, bulk_id: int, attempts: int = 1) -> bool:
    """Do the next chunk of a job, or of its undoing; False while there is more."""
    require(account)
    bulk = (
        Bulk.objects.select_for_update(no_key=True, of=("self",)).select_related("credit_type", "tag").get(pk=bulk_id)
    )
    if bulk.state == State.RUNNING:
        return _do(account, bulk, alone=attempts > TOGETHER)
    if bulk.state == State.UNDOING:
        return _undo(account, bulk, alone=attempts > TOGETHER)
    return True


def _do(account: Account, bulk: Bulk, *, alone: bool) -> bool:
    rows = list(Row.objects.filter(bulk=bulk, outcome=Outcome.WAITING).order_by("pk")[:CHUNK])

    gone = _gone(rows)

    def work(some: Sequence[Row]) -> list[str]:
        there = [row for row in some if row.contact_id not in gone]
        done = (
            dict(zip((row.pk for row in there), _WORK[bulk.kind](account, bulk, there), strict=True)) if there else {}
        )
        became = [done.get(row.pk, Became(Outcome.REFUSED, GONE)) for row in some]
        _write(
            bulk,
            some,
            columns={"outcome": "varchar", "reason": "varchar", "free": "bigint", "entry": "uuid"},
            values=[(one.outcome, one.reason, one.free, one.entry) for one in became],
        )
        return [one.outcome for one in became]

    def refuse(row: Row) -> str:
        Row.objects.filter(pk=row.pk).update(outcome=Outcome.REFUSED, reason=FAILED)
        return Outcome.REFUSED

    counted = Counter(_one_by_one(bulk, rows, work, refuse) if alone else work(rows))
    ended = len(rows) < CHUNK
    _count(bulk, counted, **({"state": State.DONE, "finished_at": now()} if ended else {}))
    if ended:
        outbox.record(account=account, fact=events.BulkFinished(bulk.pk, bulk.done), actor=_actor(bulk))
    return ended


def _gone(rows: Sequence[Row]) -> set[int]:
    """Whom nothing more is done with: a merged contact is another's signpost, an erased one nobody."""
    found = Contact.objects.filter(pk__in=[row.contact_id for row in rows])
    return set(found.exclude(merged_into__isnull=True, erased_at__isnull=True).values_list("pk", flat=True))


def _undo(account: Account, bulk: Bulk, *, alone: bool) -> bool:
    rows = list(Row.objects.filter(bulk=bulk, outcome=Outcome.DONE, pk__gt=bulk.after).order_by("pk")[:CHUNK])

    def work(some: Sequence[Row]) -> list[str]:
        went = _UNDO[bulk.kind](account, bulk, some)
        _write(
            bulk,
            some,
            columns={"undone": "varchar", "undo_reason": "varchar", "back": "bigint"},
            values=[(one.undone, one.reason, one.back) for one in went],
        )
        return [one.undone for one in went]

    def refuse(row: Row) -> str:
        Row.objects.filter(pk=row.pk).update(undone=Undone.NOTHING, undo_reason=FAILED)
        return Undone.NOTHING

    counted = Counter(_one_by_one(bulk, rows, work, refuse) if alone else work(rows))
    ended = len(rows) < CHUNK
    after = {"after": rows[-1].pk} if rows else {}
    _count(bulk, counted, **after, **({"state": State.UNDONE, "undone_at": now()} if ended else {}))
    if ended:
        outbox.record(account=account, fact=events.BulkUndone(bulk.pk, bulk.whole), actor=_undoer(bulk))
    return ended


def _one_by_one(
    bulk: Bulk, rows: Sequence[Row], work: Callable[[Sequence[Row]], list[str]], refuse: Callable[[Row], str]
) -> list[str]:
    """What became of rows that failed as a chunk, each in a savepoint of its own.

    Raises OperationalError, such as a lost connection: that is no row's fault, and the chunk waits for another attempt.
    """
    became = []
    for row in rows:
        try:
            with transaction.atomic():
                became += work([row])
        except OperationalError:
            raise
        except Exception:
            logger.exception("row %d of bulk job %d of account %d failed alone", row.pk, bulk.pk, bulk.account_id)
            became.append(refuse(row))
    return became


def _count(bulk: Bulk, counted: Counter[str], **also: Any) -> None:
    """Keep the job's numbers; its row is locked."""
    for name, number in counted.items():
        setattr(bulk, name, getattr(bulk, name) + number)
    for name, value in also.items():
        setattr(bulk, name, value)
    if changed := [*counted, *also]:
        bulk.save(update_fields=changed)


def _write(bulk: Bulk, rows: Sequence[Row], *, columns: dict[str, str], values: Sequence[tuple[Any, ...]]) -> None:
    """What became of `rows`, in one statement: `columns` are those written, each with its type."""
    if not rows:
        return
    names = list(columns)
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE bulk_row r SET {', '.join(f'{name} = n.{name}' for name in names)}"  # noqa: S608
            f" FROM unnest(%s::bigint[], {arrays}) AS n(id, {', '.join(names)})"
            " WHERE r.account_id = %s AND r.id = n.id",
            [[row.pk for row in rows], *map(list, zip(*values, strict=True)), bulk.account_id],
        )


def _actor(bulk: Bulk) -> Actor:
    return Actor(bulk.actor_kind, bulk.actor_id)


def _undoer(bulk: Bulk) -> Actor:
    return Actor("user", bulk.undone_by)


def _why(bulk: Bulk, actor: Actor, *, noted: bool) -> credits.Why:
    """With the job's note beside each entry where it is `noted`."""
    note = (bulk.note, bulk.note_for_customer) if noted else ("", False)
    return credits.Why(actor, SOURCE, str(bulk.public_id), *note)


def _post(account: Account, bulk: Bulk, rows: Sequence[Row]) -> list[Became]:
    wanted = [
        credits.Wanted(row.contact_id, bulk.amount or 0, derive_key("bulk", bulk.public_id, row.pk)) for row in rows
    ]
    why = _why(bulk, _actor(bulk), noted=True)
    assert bulk.credit_type is not None
    if bulk.kind == Kind.ISSUE:
        answers = credits.issue_many(
            account=account, credit_type=bulk.credit_type, rows=wanted, expiry=bulk.expiry, why=why
        )
    else:
        answers = credits.consume_many(
            account=account, credit_type=bulk.credit_type, rows=wanted, service_date=bulk.service_date, why=why
        )
    return [_became(answer) for answer in answers]


def _became(answer: Any) -> Became:
    if answer.outcome in ("posted", "replayed"):
        return Became(Outcome.DONE, free=answer.free, entry=answer.row.key)
    if answer.outcome == "short":
        return Became(Outcome.SHORT, free=answer.free)
    return Became(Outcome.REFUSED, answer.reason)


def _tag(account: Account, bulk: Bulk, rows: Sequence[Row]) -> list[Became]:
    done = directory.tag_many(account=account, contacts=_all(rows), tag=bulk.tag, actor=_actor(bulk))  # type: ignore[arg-type]
    return [
        Became(Outcome.DONE)
        if row.contact_id in done.added
        else Became(Outcome.REFUSED, "full")
        if row.contact_id in done.full
        else Became(Outcome.SAME)
        for row in rows
    ]


def _untag(account: Account, bulk: Bulk, rows: Sequence[Row]) -> list[Became]:
    gone = directory.untag_many(account=account, contacts=_all(rows), tag=bulk.tag, actor=_actor(bulk))  # type: ignore[arg-type]
    return [Became(Outcome.DONE if row.contact_id in gone else Outcome.SAME) for row in rows]


def _all(rows: Sequence[Row]) -> dict[int, Any]:
    return dict.fromkeys((row.contact_id for row in rows), NOBODYS)


_WORK: dict[str, Callable[[Account, Bulk, Sequence[Row]], list[Became]]] = {
    Kind.ISSUE: _post,
    Kind.CONSUME: _post,
    Kind.TAG: _tag,
    Kind.UNTAG: _untag,
}


def _take_back(account: Account, bulk: Bulk, rows: Sequence[Row]) -> list[Went]:
    """Of each entry what is left of it: never more than it moved, and nothing of any other."""
    pairs = [(row.entry, derive_key("bulk.undo", bulk.public_id, row.pk)) for row in rows if row.entry]
    why = _why(bulk, _undoer(bulk), noted=False)
    if bulk.kind == Kind.ISSUE:
        answers = credits.withdraw_many(account=account, issues=pairs, why=why)
    else:
        answers = credits.reverse_many(account=account, uses=pairs, why=why)
    return [_went(answer, bulk.amount or 0) for answer in answers]


def _went(answer: Any, amount: int) -> Went:
    if answer.outcome not in ("posted", "replayed"):
        return Went(Undone.NOTHING, answer.reason)
    return Went(Undone.WHOLE if answer.amount == amount else Undone.PART, back=answer.amount)


def _tag_off(account: Account, bulk: Bulk, rows: Sequence[Row]) -> list[Went]:
    gone = directory.untag_many(account=account, contacts=_all(rows), tag=bulk.tag, actor=_undoer(bulk))  # type: ignore[arg-type]
    return [Went(Undone.WHOLE) if row.contact_id in gone else Went(Undone.NOTHING, "already") for row in rows]


def _tag_on(account: Account, bulk: Bulk, rows: Sequence[Row]) -> list[Went]:
    done = directory.tag_many(account=account, contacts=_all(rows), tag=bulk.tag, actor=_undoer(bulk))  # type: ignore[arg-type]
    return [
        Went(Undone.WHOLE)
        if row.contact_id in done.added
        else Went(Undone.NOTHING, "full" if row.contact_id in done.full else "already")
        for row in rows
    ]


_UNDO: dict[str, Callable[[Account, Bulk, Sequence[Row]], list[Went]]] = {
    Kind.ISSUE: _take_back,
    Kind.CONSUME: _take_back,
    Kind.TAG: _tag_off,
    Kind.UNTAG: _tag_on,
}

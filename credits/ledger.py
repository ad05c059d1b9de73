"""The only writer of wallets, lots and entries: each verb is one call of its posting function in `ledger.sql`.

Everything here runs inside the caller's scope and transaction and opens neither. Call it as the last work of the transaction:
a wallet stays locked until the commit. A single posting that is refused undoes itself and leaves the transaction usable; what
the caller wrote before it is the caller's, who puts an atomic block around the two.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from django.db import DatabaseError, IntegrityError, connection
from psycopg.pq import TransactionStatus

from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import require

from . import errors

NEVER = "never"
"""An `expiry` of credits that stay good for ever; "" is the type's default, else an ISO date or a span such as "3 months"."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Why a movement is made: who, for what (`source`, `source_id`), after which event, and what they wrote down."""

    actor: Actor
    source: str  # "staff", "purchase", "trigger", …: the ledger knows that, never why
    source_id: str = ""
    cause_id: int | None = None
    depth: int = 0
    note: str = ""
    note_for_customer: bool = False

    def row(self) -> list[Any]:
        return [
            self.actor.kind,
            self.actor.id,
            self.source,
            self.source_id,
            self.cause_id,
            self.depth,
            self.note,
            self.note_for_customer,
        ]


@dataclass(frozen=True, slots=True)
class Posting:
    """The entry that stands for a request, whether this call wrote it or an earlier one did (`replayed`)."""

    id: int
    key: uuid.UUID
    wallet_id: int
    seq: int
    kind: str
    amount: int  # with its sign
    balance_after: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a batch; with a `source_id` it is for that, after the event `cause_id`, and not for what the batch is for."""

    contact_id: int
    credit_type_id: int
    amount: int
    key: uuid.UUID
    source_id: str = ""
    cause_id: int | None = None
    depth: int = 0

    def origin(self, batch: Origin) -> tuple[str, int | None, int]:
        """For what, after which event and how deep in its chain."""
        if self.source_id:
            return self.source_id, self.cause_id, self.depth
        return batch.source_id, batch.cause_id, batch.depth


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a batch's row: `outcome` is posted, replayed, short or refused (`reason`: a key of errors.BY_REASON, or not_here).

    `free` is what the wallet holds after it, or, when short, held.
    """

    row: Row
    outcome: str
    reason: str
    entry_id: int | None
    free: int | None


@dataclass(frozen=True, slots=True)
class Redone:
    """What became of one reversal or withdrawal of many: `outcome` is posted, replayed or refused (`reason`: a key of errors.BY_REASON,
    or not_here); `amount` went back, and `free` is what the wallet holds after it."""

    outcome: str
    reason: str
    entry_id: int | None
    amount: int
    free: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """One transfer between two wallets of a type: the keys of the entry out and of the one in, for so many credits."""

    credit_type_id: int
    amount: int
    out: uuid.UUID
    into: uuid.UUID


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a transfer did; `lots` are the row ids of all that it took, also of those with nothing left."""

    pairs: list[Pair]
    lots: list[int]


def issue(
    *, account: Any, contact_id: int, credit_type_id: int, amount: int, key: uuid.UUID, expiry: str = "", origin: Origin
) -> Posting:
    """Issue `amount` credits as one new lot.

    Raises AmountOutOfRange, TypeArchived (but not where a purchase is owed them), DayInPast (a date before today), KeyReused, and
    NotHere for a contact who was merged or erased.
    """
    return _post(
        "credits_issue(%s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::uuid, %s::text, {origin})",
        [require(account), contact_id, credit_type_id, amount, key, expiry],
        origin,
    )


def consume(
    *,
    account: Any,
    contact_id: int,
    credit_type_id: int,
    amount: int,
    key: uuid.UUID,
    service_date: date | None = None,
    origin: Origin,
) -> Posting:
    """Use `amount` credits, all or none; `service_date` None is today.

    Raises InsufficientCredits (with `free` and `asked`), AmountOutOfRange, DayInFuture, DayTooFarBack, KeyReused.
    """
    return _post(
        "credits_consume(%s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::uuid, %s::date, {origin})",
        [require(account), contact_id, credit_type_id, amount, key, service_date],
        origin,
    )


def reverse(
    *, account: Any, use: uuid.UUID, amount: int, key: uuid.UUID, revive: bool = False, origin: Origin
) -> Posting:
    """Give back `amount` of the use whose key is `use` to the lots that paid; `revive` also what has been withdrawn since.

    Raises NotHere, OverReversal (with `left` and `withdrawn`), AmountOutOfRange, KeyReused.
    """
    return _post(
        "credits_reverse(%s::bigint, %s::uuid, %s::bigint, %s::uuid, %s::boolean, {origin})",
        [require(account), use, amount, key, revive],
        origin,
    )


def withdraw(*, account: Any, lot: uuid.UUID, amount: int, key: uuid.UUID, origin: Origin) -> Posting:
    """Take `amount` unused credits out of the lot of that public id.

    Raises NotHere, OverWithdrawal (with `left`), AmountOutOfRange, KeyReused.
    """
    return _post(
        "credits_withdraw(%s::bigint, %s::uuid, %s::bigint, %s::uuid, {origin})",
        [require(account), lot, amount, key],
        origin,
    )


def redate(*, account: Any, lot: uuid.UUID, last_good_day: date | None, key: uuid.UUID, origin: Origin) -> Posting:
    """Change a lot's last good day, None being never; what had expired of it is restored.

    Raises NotHere, DayInPast, SameDay, NothingLeft, KeyReused.
    """
    expiry = last_good_day.isoformat() if last_good_day else NEVER
    return _post(
        "credits_redate(%s::bigint, %s::uuid, %s::text, %s::uuid, {origin})",
        [require(account), lot, expiry, key],
        origin,
    )


def hold(*, account: Any, contact_id: int, credit_type_ids: Sequence[int]) -> None:
    """Lock this contact's wallets of these types until the transaction ends: for what posts to several, before it posts to any.

    In the order in which a batch locks its wallets too, so that neither waits for the other for ever.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT FROM credits_wallet WHERE account_id = %s AND contact_id = %s AND credit_type_id = ANY(%s)
                ORDER BY id FOR NO KEY UPDATE""",
            [require(account), contact_id, list(credit_type_ids)],
        )


def expire_due(*, account: Any, limit: int = 1000) -> int:
    """Write the expiries of up to `limit` overdue lots' wallets; how many were written. Safe at any time, by anybody, twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT credits_expire_due(%s::bigint, %s::integer)", [require(account), limit])
        return cursor.fetchone()[0] or 0


def issue_many(*, account: Any, rows: Sequence[Row], expiry: str = "", origin: Origin) -> list[Answer]:
    """One lot for each row, set-based; answers in the order of `rows`. A refused row refuses nothing else."""
    return _post_many("credits_issue_many", "text", require(account), rows, expiry, origin)


def consume_many(
    *, account: Any, rows: Sequence[Row], service_date: date | None = None, origin: Origin
) -> list[Answer]:
    """One use for each row, set-based, each all or nothing; answers in the order of `rows`.

    A day that is refused refuses each row, with its reason.
    """
    return _post_many("credits_consume_many", "date", require(account), rows, service_date, origin)


def reverse_many(*, account: Any, uses: Sequence[tuple[uuid.UUID, uuid.UUID]], origin: Origin) -> list[Redone]:
    """Give back what is left to give back of each use; pairs of its key and the reversal's. Answers in their order."""
    return _redo_many("credits_reverse_many", require(account), uses, origin)


def withdraw_many(*, account: Any, issues: Sequence[tuple[uuid.UUID, uuid.UUID]], origin: Origin) -> list[Redone]:
    """Take back what is left in the lot of each issue; pairs of its key and the withdrawal's. Answers in their order."""
    return _redo_many("credits_withdraw_many", require(account), issues, origin)


def transfer(
    *, account: Any, source_id: int, target_id: int, lots: Sequence[int] | None = None, key: uuid.UUID, origin: Origin
) -> Transfer:
    """Take lots of one contact, all or those with these row ids, to another, by linked entries out of each wallet and into the other's.

    A lot stays the lot it was: reversals, withdrawals and refunds find it where it is. Done again, it finds nothing to take.
    Raises SameContact, and KeyReused when this key has transferred other lots.
    """
    found = _call(
        "SELECT t.pairs, t.lots FROM credits_transfer(%s::bigint, %s::bigint, %s::bigint, %s::bigint[], %s::uuid, {origin}) AS t",
        [require(account), source_id, target_id, None if lots is None else list(lots), key],
        origin,
    )
    pairs = [
        Pair(pair["credit_type"], pair["amount"], uuid.UUID(pair["out"]), uuid.UUID(pair["in"]))
        for pair in json.loads(found[0])
    ]
    return Transfer(pairs, found[1])


def rezone(*, account: Any, time_zone: str) -> int:
    """Let the account go by another zone, and its lots end by it; how many end at another instant than before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT credits_rezone(%s::bigint, %s::text)", [require(account), time_zone])
        return cursor.fetchone()[0]


_ORIGIN = "ROW(%s, %s, %s, %s, %s, %s, %s, %s)::credits_origin"
_ENTRY = "(p.entry).id, (p.entry).key, (p.entry).wallet_id, (p.entry).seq, (p.entry).kind, (p.entry).amount, (p.entry).balance_after"


def _post(call: str, arguments: list[Any], origin: Origin) -> Posting:
    """Call a posting function."""
    return Posting(*_call(f"SELECT {_ENTRY}, p.replayed FROM {call} AS p", arguments, origin))  # noqa: S608


def _call(query: str, arguments: list[Any], origin: Origin) -> Sequence[Any]:
    """The one row of a query, in a savepoint of its own, all in one round trip: an atomic block around it would take three.

    Three statements in one string ask for parameters bound by the client, Django's default.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SAVEPOINT posting; {query.format(origin=_ORIGIN)}; RELEASE SAVEPOINT posting",
                [*arguments, *origin.row()],
            )
            cursor.nextset()
            return cursor.fetchone()
    except DatabaseError as error:
        _undo()
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error


def _undo() -> None:
    """Back to before the posting that failed. Nothing to do where it never began or the connection is lost."""
    if connection.connection.info.transaction_status == TransactionStatus.INERROR:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("ROLLBACK TO SAVEPOINT posting; RELEASE SAVEPOINT posting")


def _post_many(
    function: str, kind: str, account_id: int, rows: Sequence[Row], argument: Any, origin: Origin
) -> list[Answer]:
    answers: dict[int, Answer] = {}
    for round_ in _rounds(rows):
        batch = [rows[index] for index in round_]
        columns = [[getattr(row, name) for row in batch] for name in ("contact_id", "credit_type_id", "amount", "key")]
        origins = [list(column) for column in zip(*(row.origin(origin) for row in batch), strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT ordinal, outcome, reason, entry_id, free FROM {function}"  # noqa: S608
                f"(%s::bigint, %s::bigint[], %s::bigint[], %s::bigint[], %s::uuid[],"
                f" %s::text[], %s::bigint[], %s::smallint[], %s::{kind}, {_ORIGIN})",
                [account_id, *columns, *origins, argument, *origin.row()],
            )
            for ordinal, *answer in cursor.fetchall():
                index = round_[ordinal - 1]
                answers[index] = Answer(rows[index], *answer)
    return [answers[index] for index in range(len(rows))]


def _redo_many(
    function: str, account_id: int, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]], origin: Origin
) -> list[Redone]:
    subjects, keys = [subject for subject, _ in pairs], [key for _, key in pairs]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT outcome, reason, entry_id, amount, free FROM {function}(%s::bigint, %s::uuid[], %s::uuid[], {_ORIGIN}) ORDER BY ordinal",  # noqa: S608
            [account_id, subjects, keys, *origin.row()],
        )
        return [Redone(*row) for row in cursor.fetchall()]


def _rounds(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Indexes of `rows` in rounds: within one no wallet and no key comes twice, since a statement sees each wallet once."""
    waiting = list(range(len(rows)))
    while waiting:
        taken, later, wallets, keys = [], [], set(), set()
        for index in waiting:
            row = rows[index]
            wallet = (row.contact_id, row.credit_type_id)
            if wallet in wallets or row.key in keys:
                later.append(index)
            else:
                taken.append(index)
            wallets.add(wallet)
            keys.add(row.key)
        yield taken
        waiting = later


def _refusal(error: DatabaseError) -> Exception | None:
    """The business answer that the database gave, None for a real fault."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return None
    match cause.sqlstate:
        case "P0402":
            return errors.InsufficientCredits(**_detail(cause))
        case "P0404":
            return errors.NotHere(str(cause))
        case "P0409":
            return errors.KeyReused()
        case "P0422":
            detail = _detail(cause)
            return errors.BY_REASON[detail.pop("reason")](**detail)
        case _ if isinstance(error, IntegrityError) and cause.diag.constraint_name == "entry_once":
            # The same request meets its key under its wallet's lock, so a key that only the index knows is another wallet's.
            return errors.KeyReused()
    return None


def _detail(refused: psycopg.Error) -> dict[str, Any]:
    return json.loads(refused.diag.message_detail or "{}")

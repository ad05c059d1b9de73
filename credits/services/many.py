"""One thing done to the credits of many, set-based: a chunk of rows in one call, each row all or nothing.

A row that is refused refuses nothing else; the answers say what became of each. A row's key is derived from what asks for it, so
that a chunk done again answers with the first postings.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from contacts.models import Contact
from credits import ledger
from credits.ledger import Answer, Origin, Redone, Row, Transfer
from credits.models import CreditType
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row: so many credits, issued to a contact or used by them; `key` makes it once."""

    contact_id: int
    amount: int
    key: uuid.UUID


@dataclass(frozen=True, slots=True)
class Why:
    """What many rows are for: the source and its id as the activity names them, and what somebody wrote down beside each."""

    actor: Actor
    source: str
    source_id: str = ""
    note: str = ""
    note_for_customer: bool = False

    def origin(self) -> Origin:
        return Origin(self.actor, self.source, self.source_id, note=self.note, note_for_customer=self.note_for_customer)


def issue_many(
    *, account: Account, credit_type: CreditType, rows: Sequence[Wanted], expiry: str = "", why: Why
) -> list[Answer]:
    """A lot to each, good for `expiry` as in `issue`; answers in the order of `rows`.

    Refused with the reasons archived, amount, past_day, not_here (no such contact) and key_reused.
    """
    return ledger.issue_many(account=account, rows=_rows(credit_type, rows), expiry=expiry, origin=why.origin())


def consume_many(
    *, account: Account, credit_type: CreditType, rows: Sequence[Wanted], service_date: date | None = None, why: Why
) -> list[Answer]:
    """A use by each for a service on `service_date` (None: today); answers in the order of `rows`, "short" with what was `free`.

    Refused with the reasons amount, future_day, too_far_back and key_reused.
    """
    return ledger.consume_many(
        account=account, rows=_rows(credit_type, rows), service_date=service_date, origin=why.origin()
    )


def reverse_many(*, account: Account, uses: Sequence[tuple[uuid.UUID, uuid.UUID]], why: Why) -> list[Redone]:
    """Give back what of each use has not been given back yet, to the lots that paid, but not to lots withdrawn since.

    `uses` are pairs of the use's entry key and the key of its reversal. Refused with the reasons nothing_left, not_here and
    key_reused.
    """
    return ledger.reverse_many(account=account, uses=uses, origin=why.origin())


def withdraw_many(*, account: Account, issues: Sequence[tuple[uuid.UUID, uuid.UUID]], why: Why) -> list[Redone]:
    """Take back what is left in the lot of each issue, and nothing of any other lot.

    `issues` are pairs of the issue's entry key and the key of its withdrawal. Refused with the reasons nothing_left, not_here and
    key_reused.
    """
    return ledger.withdraw_many(account=account, issues=issues, origin=why.origin())


def transfer(
    *,
    account: Account,
    source: Contact,
    target: Contact,
    lots: Sequence[int] | None = None,
    key: uuid.UUID,
    why: Why,
) -> Transfer:
    """Take the lots of `source`, all or those with these row ids, to `target`, with what is left in them; see `ledger.transfer`.

    Raises SameContact and KeyReused (this key has transferred others).
    """
    return ledger.transfer(
        account=account, source_id=source.pk, target_id=target.pk, lots=lots, key=key, origin=why.origin()
    )


def rezone(*, account: Account, time_zone: str) -> int:
    """Let `account` go by another zone: every lot keeps its last good day and ends when that day does there; how many end at another
    instant than before. Postings that reckon with the zone wait until the transaction ends."""
    return ledger.rezone(account=account, time_zone=time_zone)


def _rows(credit_type: CreditType, rows: Sequence[Wanted]) -> list[Row]:
    return [Row(row.contact_id, credit_type.pk, row.amount, row.key) for row in rows]

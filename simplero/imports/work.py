"""What a worker does with an import before anything is loaded: it reads the file, and checks its rows.

Whatever a worker does with an import it does a chunk at a time, each chunk with its outcome in one transaction: killed, it goes on
behind the last chunk that was finished, and nothing is done twice. Who does a chunk holds the import's row (`lock`), so that a second
worker, or somebody who gives the import up, waits for its end.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from django.db import connection

from contacts.directory import tag_key
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import reading
from .errors import Unreadable
from .limits import CHUNK
from .models import Import, ImportPart, ImportRow, Outcome, State
from .planning import Plan, plan, reader
from .rows import Problem
from .summaries import Summary

READ, CHECK, LOAD, UNDO, FORGET = "imports.read", "imports.check", "imports.load", "imports.undo", "imports.forget"
"""Kinds of job, about an import."""

KEPT = timedelta(days=7)
"""How long rows that could not be loaded, or were never loaded, are kept."""


def lock(account: Any, batch_id: int) -> Import:
    """The import as it is now, held until the transaction ends. Raises Import.DoesNotExist."""
    require(account)
    return Import.objects.select_for_update(no_key=True).get(pk=batch_id)


def read(account: Account, batch_id: int) -> bool:
    """Read the file into rows, all of it or, where it cannot be read, none. True: it is done."""
    batch = lock(account, batch_id)
    if batch.state != State.READING:
        return True
    ImportRow.objects.filter(batch=batch).delete()
    notices: list[str] = []
    try:
        with tempfile.TemporaryFile() as file:
            for data in (
                ImportPart.objects.filter(batch=batch)
                .order_by("number")
                .values_list("data", flat=True)
                .iterator(chunk_size=1)
            ):
                file.write(data)
            file.seek(0)
            _keep(batch, reading.rows(file, format=batch.format, sheet=batch.sheet, notices=notices))
    except Unreadable as refusal:
        ImportRow.objects.filter(batch=batch).delete()
        batch.refusal, batch.state, batch.ended_at, batch.rows = refusal.wording[:500], State.REFUSED, now(), 0
        if len(batch.sheets) > 1:  # another sheet may be the right one
            batch.state, batch.ended_at = State.MATCHING, None
    else:
        batch.refusal, batch.state = "", State.MATCHING
    batch.notices = notices
    batch.save(update_fields=["refusal", "state", "ended_at", "rows", "headings", "notices"])
    if batch.state == State.REFUSED or len(batch.sheets) < 2:
        ImportPart.objects.filter(batch=batch).delete()
    return True


def _keep(batch: Import, rows: Iterable[reading.Row]) -> None:
    headings, kept, batch.rows = None, [], 0
    for row in rows:
        if headings is None:
            headings = [_heading(cell, at) for at, cell in enumerate(row.cells)]
            continue
        kept.append(ImportRow(account_id=batch.account_id, batch=batch, number=row.number, cells=row.cells))
        if len(kept) == CHUNK:
            batch.rows += len(ImportRow.objects.bulk_create(kept))
            kept = []
    batch.rows += len(ImportRow.objects.bulk_create(kept))
    if headings is None:
        raise Unreadable("Nothing stands in this file.")
    if not batch.rows:
        raise Unreadable(
            "This file has one row and nothing under it. The first row names the columns; contacts come below."
        )
    batch.headings = headings


def _heading(cell: str, at: int) -> str:
    """A heading on one line; where there is none "Column C"."""
    words = " ".join("".join(letter for letter in cell if letter.isprintable() or letter.isspace()).split())[:100]
    return words or f"Column {_letters(at)}"


def _letters(at: int) -> str:
    return (_letters(at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def check(account: Account, batch_id: int) -> bool:
    """Check the next chunk of rows and write down what is wrong with each; True once all are checked."""
    batch = lock(account, batch_id)
    if batch.state != State.CHECKING:
        return True
    rows = list(ImportRow.objects.filter(batch=batch, number__gt=batch.position).order_by("number")[:CHUNK])
    summary, read_as = Summary.kept(batch.summary), reader(account, batch)
    plans = plan(account, batch, rows, read_as, new_tags=summary.tags, hold=False)
    for one in plans:
        _count(summary, one)
    write(batch, [Written.checked(one) for one in plans])
    batch.summary = summary.stored()
    done = len(rows) < CHUNK
    batch.position = rows[-1].number if rows else batch.position
    if done:
        batch.state, batch.position = State.CHECKED, 0
    batch.save(update_fields=["summary", "position", "state"])
    return done


def _count(summary: Summary, one: Plan) -> None:
    setattr(summary, one.outcome.value, getattr(summary, one.outcome.value) + 1)
    if one.problems:
        return
    summary.namesakes += bool(one.remarks)
    summary.onto += one.onto
    known = {tag_key(name) for name in summary.tags}
    for balance in one.said.balances:
        summary.add_balance(balance.credit_type, balance.amount)
        summary.undated += balance.last_good_day is None
    summary.tags += [name for name in one.tags if tag_key(name) not in known]


@dataclass(frozen=True, slots=True)
class Written:
    """What is written into a row; its cells stay only where they are still needed."""

    row: ImportRow
    outcome: Outcome
    problems: Sequence[Problem] = ()
    email_key: str = ""
    contact_id: int | None = None
    issued: Sequence[str] = ()
    last_event: int | None = None
    keep_cells: bool = False

    @classmethod
    def checked(cls, one: Plan) -> Self:
        return cls(one.row, one.outcome, one.problems or one.remarks, email_key=one.key, keep_cells=True)


def write(batch: Import, written: Sequence[Written]) -> None:
    """Write into many rows of `batch`, in one statement."""
    if not written:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE imports_importrow r
                  SET outcome = v.outcome, problems = v.problems, email_key = v.email_key, contact_id = v.contact_id,
                      issued = v.issued, last_event = v.last_event, cells = CASE WHEN v.keep_cells THEN r.cells ELSE '[]' END
                 FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::text[], %s::bigint[], %s::jsonb[], %s::bigint[], %s::boolean[])
                      AS v(id, outcome, problems, email_key, contact_id, issued, last_event, keep_cells)
                WHERE r.account_id = %s AND r.id = v.id""",
            [
                [one.row.pk for one in written],
                [one.outcome.value for one in written],
                [json.dumps([problem.pair for problem in one.problems]) for one in written],
                [one.email_key for one in written],
                [one.contact_id for one in written],
                [json.dumps(list(one.issued)) for one in written],
                [one.last_event for one in written],
                [one.keep_cells for one in written],
                batch.account_id,
            ],
        )

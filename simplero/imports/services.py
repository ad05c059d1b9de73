"""What staff do with imports, each all or nothing. The long work is a worker's (`work`, `loading`); here it is asked for."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

from django.db import transaction
from django.db.models import Q

from contacts.models import Contact
from simplero.lib.text import one_line, unfit
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import reading
from .errors import NotNow
from .limits import PART
from .matching import Matching
from .models import GOOD, OPEN, Import, ImportPart, ImportRow, Outcome, State
from .summaries import Summary
from .work import CHECK, FORGET, KEPT, LOAD, READ, UNDO, lock

GONE_ON = "This import has gone on meanwhile. Look at where it stands now."


class Upload(Protocol):
    """A file somebody chose, as Django hands it over."""

    name: str | None
    file: BinaryIO

    @property
    def size(self) -> int | None: ...

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]: ...


@transaction.atomic
def upload(*, account: Account, file: Upload, key: uuid.UUID | None = None, actor: Actor) -> Import:
    """Keep a file for a worker to read; `key`, made when the form was rendered, makes a form sent twice one import. Raises Unreadable."""
    account_id = require(account)
    known = Import.objects.filter(public_id=key).first() if key else None
    if known is not None:
        return known
    seen = reading.look(file.file, size=file.size or 0)
    batch = Import(
        account_id=account_id,
        public_id=key or uuid.uuid4(),
        file_name=_file_name(file.name or ""),
        format=seen.format,
        sheets=seen.sheets,
        actor_id=actor.id,
        created_at=now(),
    )
    batch.save(force_insert=True)
    for number, data in enumerate(file.chunks(PART)):
        ImportPart.objects.create(account_id=account_id, batch=batch, number=number, data=data)
    outbox.schedule(account=account, kind=READ, subject=batch.pk, due=now())
    outbox.schedule(account=account, kind=FORGET, subject=batch.pk, due=now() + KEPT)
    return batch


@transaction.atomic
def choose_sheet(*, account: Account, batch: Import, sheet: int) -> None:
    """Read another sheet of the workbook. Raises NotNow."""
    held = lock(account, batch.pk)
    if held.state not in (State.MATCHING, State.CHECKED) or not 0 <= sheet < len(held.sheets) or len(held.sheets) < 2:
        raise NotNow(GONE_ON)
    held.sheet, held.state, held.position, held.matching, held.summary, held.expected = (
        sheet,
        State.READING,
        0,
        {},
        {},
        {},
    )
    held.headings, held.rows = [], 0
    held.save(update_fields=["sheet", "state", "position", "matching", "summary", "expected", "headings", "rows"])
    outbox.schedule(account=account, kind=READ, subject=held.pk, due=now())


@transaction.atomic
def match(*, account: Account, batch: Import, matching: Matching) -> None:
    """Let the rows be checked with the columns as `matching` says, anew where they have been before. Raises NotNow."""
    held = lock(account, batch.pk)
    if held.state not in (State.MATCHING, State.CHECKED) or not held.headings:
        raise NotNow(GONE_ON)
    ImportRow.objects.filter(batch=held).exclude(outcome="").update(outcome="", problems=[], email_key="")
    held.matching, held.summary, held.state, held.position = matching.stored(), Summary().stored(), State.CHECKING, 0
    held.save(update_fields=["matching", "summary", "state", "position"])
    outbox.schedule(account=account, kind=CHECK, subject=held.pk, due=now())


@transaction.atomic
def expect(*, account: Account, batch: Import, totals: Mapping[str, int]) -> None:
    """Note down what the old system says there are, by credit type's public id, to compare with. Raises NotNow."""
    held = lock(account, batch.pk)
    if held.state != State.CHECKED:
        raise NotNow(GONE_ON)
    held.expected = dict(totals)
    held.save(update_fields=["expected"])


@transaction.atomic
def load(*, account: Account, batch: Import, leave_out: bool, actor: Actor) -> None:
    """Load the rows that are good. Those that are wrong are left out only where the person says so. Raises NotNow."""
    held = lock(account, batch.pk)
    if held.state in (State.LOADING, State.LOADED):
        return  # a second click
    if held.state != State.CHECKED:
        raise NotNow(GONE_ON)
    summary = Summary.kept(held.summary)
    if not summary.good:
        raise NotNow("No row of this file can be loaded. Correct the file and upload it again.")
    if summary.bad and not leave_out:
        raise NotNow("Some rows are wrong. Correct the file and upload it again, or choose to leave those rows out.")
    held.state, held.position, held.actor_id = State.LOADING, 0, actor.id
    held.save(update_fields=["state", "position", "actor_id"])
    outbox.schedule(account=account, kind=LOAD, subject=held.pk, due=now())


@transaction.atomic
def abandon(*, account: Account, batch: Import) -> None:
    """Give an import up of which nothing was loaded, and delete what was uploaded; doing it again changes nothing. Raises NotNow."""
    held = lock(account, batch.pk)
    if held.state in (State.ABANDONED, State.REFUSED):
        return
    if held.state not in OPEN:
        raise NotNow(
            "This import is being loaded already, so it can't be given up. It can be undone once it is loaded."
        )
    _empty(held)
    held.state, held.ended_at = State.ABANDONED, now()
    held.save(update_fields=["state", "ended_at", "headings", "summary", "rows"])


@transaction.atomic
def undo(*, account: Account, batch: Import, actor: Actor) -> None:
    """Take back what was loaded, as far as nothing has happened to it since (`loading.undo`). Raises NotNow."""
    held = lock(account, batch.pk)
    if held.state in (State.UNDOING, State.UNDONE):
        return
    if held.state != State.LOADED:
        raise NotNow(GONE_ON)
    held.state, held.position, held.actor_id = State.UNDOING, 0, actor.id
    held.save(update_fields=["state", "position", "actor_id"])
    outbox.schedule(account=account, kind=UNDO, subject=held.pk, due=now())


@transaction.atomic
def clear(*, account: Account, batch_id: int) -> None:
    """Delete what was uploaded and is no longer needed: all of an import that nobody went on with, rows left out of one that is done."""
    held = lock(account, batch_id)
    if held.state in OPEN and held.created_at <= now() - KEPT:
        abandon(account=account, batch=held)
    elif held.ended_at is not None and held.ended_at <= now() - KEPT:
        ImportRow.objects.filter(batch=held).exclude(cells=[], problems=[]).update(cells=[], problems=[], email_key="")


def forget(*, account: Account, contacts: Sequence[int]) -> None:
    """Delete what uploaded rows say of these contacts, while their details are still known: see `contacts.forgetting`.

    Rows that are theirs, and rows with their address, number or name in a cell of its own, loaded or not.
    """
    require(account)
    theirs = Q(contact_id__in=list(contacts))
    for contact in Contact.objects.filter(pk__in=list(contacts)):
        for text in {contact.email, contact.email_key, contact.phone, contact.name} - {""}:
            theirs |= Q(cells__contains=[text])
        if contact.email:
            theirs |= Q(email_key=contact.email_key) | Q(cells__icontains=json.dumps(contact.email, ensure_ascii=False))
    rows = ImportRow.objects.filter(theirs)
    ids = list(rows.values_list("pk", flat=True))
    found = ImportRow.objects.filter(pk__in=ids)
    found.filter(outcome__in=["", *GOOD, Outcome.BAD]).update(outcome=Outcome.LEFT_OUT)
    found.update(cells=[], problems=[], email_key="")


def _empty(batch: Import) -> None:
    ImportRow.objects.filter(batch=batch).delete()
    ImportPart.objects.filter(batch=batch).delete()
    batch.headings, batch.summary, batch.rows = [], {}, 0


def _file_name(name: str) -> str:
    """The name of a file without its folders, fit to be shown."""
    bare = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if not unfit(letter))
    return one_line(bare)[-200:] or "File without a name"

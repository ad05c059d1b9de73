"""Loading the rows that are good, and taking back what was loaded, a chunk at a time (see `work`).

Contacts and entries have names and keys that follow from the import and the row, so that what was done is known again even where
the note of it was lost.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Max

from contacts import intake
from contacts.directory import tag_key
from credits import services as credits
from credits.errors import BY_REASON
from simplero.lib.keys import derive_key
from simplero.outbox import outbox
from simplero.outbox.models import Event
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now

from . import events
from .limits import CHUNK
from .matching import NEVER
from .models import DONE, GOOD, Import, ImportPart, ImportRow, Outcome, State
from .planning import Plan, plan, reader
from .queries import outcomes
from .rows import Balance, Problem, Reader
from .work import FORGET, KEPT, Written, lock, write

SOURCE = "import"
"""Of what an import posts, as the activity names it."""

OUTCOMES = {Outcome.CREATE: Outcome.CREATED, Outcome.UPDATE: Outcome.UPDATED, Outcome.KEEP: Outcome.UNCHANGED}


def load(account: Account, batch_id: int) -> bool:
    """Load the next chunk: contacts, tags and opening balances, and with them what became of each row; True once all are loaded.

    A row that is no longer good, because of what others have done meanwhile, is left out with its reason.
    """
    batch = lock(account, batch_id)
    if batch.state != State.LOADING:
        return True
    waiting = ImportRow.objects.filter(batch=batch, outcome__in=GOOD, number__gt=batch.position)
    rows = list(waiting.order_by("number")[:CHUNK])
    if rows:
        reading, actor = reader(account, batch), acting(batch)
        plans = plan(account, batch, rows, reading, hold=True)
        good = [one for one in plans if not one.problems]
        ids = _contacts(account, batch, good, actor)
        issued, refused = _balances(account, batch, good, ids, reading, actor)
        last = _last_events(ids.values())
        write(batch, [_written(one, ids, issued, refused, last) for one in plans])
        batch.position = rows[-1].number
        batch.save(update_fields=["position"])
    if len(rows) == CHUNK:
        return False
    ImportRow.objects.filter(batch=batch, outcome=Outcome.BAD).update(outcome=Outcome.LEFT_OUT, email_key="")
    ImportPart.objects.filter(batch=batch).delete()
    many = outcomes(batch)
    told = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.LEFT_OUT)
    fact = events.ImportLoaded(batch.pk, *(many.get(one, 0) for one in told))
    _end(account, batch, State.LOADED, fact)
    return True


def acting(batch: Import) -> Actor:
    return Actor("user", batch.actor_id)


def _contacts(account: Account, batch: Import, good: Sequence[Plan], actor: Actor) -> dict[int, int]:
    """Make and change the contacts of these rows, with their tags; the contact's id by the number of the row."""
    new = [one for one in good if one.known is None]
    newcomers = [
        intake.Newcomer(derive_key("import.contact", batch.public_id, one.row.number), one.details) for one in new
    ]
    made = intake.create_many(account=account, newcomers=newcomers, actor=actor) if new else []
    ids = {one.row.number: pk for one, pk in zip(new, made, strict=True)}
    known = {one.known: one for one in good if one.known is not None}
    intake.change_many(account=account, changes={contact: one.details for contact, one in known.items()}, actor=actor)
    ids |= {one.row.number: contact.pk for contact, one in known.items()}
    tags = intake.tags_named(account=account, names=[name for one in good for name in one.tags])
    wanted = {ids[one.row.number]: [tags[tag_key(name)] for name in one.tags] for one in good if one.tags}
    if wanted:
        intake.tag_each(account=account, tags=wanted, actor=actor)
    return ids


def _balances(
    account: Account, batch: Import, good: Sequence[Plan], ids: Mapping[int, int], reading: Reader, actor: Actor
) -> tuple[dict[int, list[str]], dict[int, list[Problem]]]:
    """Issue the opening balances: the keys of their entries, and what was refused, by the number of the row.

    One call for all that are of a type, good through the same day and without notes, or with the same.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, credits.Wanted]]] = defaultdict(list)
    for one in good:
        for place, balance in enumerate(one.said.balances):
            key = derive_key("import.balance", batch.public_id, one.row.number, place)
            wanted = credits.Wanted(ids[one.row.number], balance.amount, key)
            groups[balance.credit_type, _expiry(balance, reading), balance.note].append((one.row.number, wanted))
    issued: dict[int, list[str]] = defaultdict(list)
    refused: dict[int, list[Problem]] = defaultdict(list)
    for (credit_type, expiry, note), rows in sorted(groups.items()):
        answers = credits.issue_many(
            account=account,
            credit_type=reading.types[credit_type],
            rows=[wanted for _, wanted in rows],
            expiry=expiry,
            why=credits.Why(actor, SOURCE, str(batch.public_id), note=note),
        )
        for (number, wanted), answer in zip(rows, answers, strict=True):
            if answer.outcome in ("posted", "replayed"):
                issued[number].append(str(wanted.key))
            else:
                refused[number].append(Problem("Opening balance", _why_not(answer.reason)))
    return issued, refused


def _expiry(balance: Balance, reading: Reader) -> str:
    if balance.last_good_day:
        return balance.last_good_day.isoformat()
    return "never" if reading.matching.lasting == NEVER else ""


def _why_not(reason: str) -> str:
    refusal = BY_REASON.get(reason)
    return refusal().wording if refusal else "The credits were not issued."


def _last_events(contacts: Iterable[int]) -> dict[int, int]:
    """The newest event of each of these contacts."""
    found = Event.objects.filter(contact_id__in=list(contacts)).order_by().values_list("contact_id")
    return dict(found.annotate(Max("pk")))


def _written(
    one: Plan,
    ids: Mapping[int, int],
    issued: Mapping[int, list[str]],
    refused: Mapping[int, list[Problem]],
    last: Mapping[int, int],
) -> Written:
    number = one.row.number
    if one.problems:
        return Written(one.row, Outcome.LEFT_OUT, one.problems, keep_cells=True)
    contact = ids[number]
    return Written(
        one.row,
        OUTCOMES[one.outcome],
        refused.get(number, ()),
        contact_id=contact,
        issued=issued.get(number, ()),
        last_event=last.get(contact, 0),
    )


def touched(rows: Iterable[ImportRow]) -> set[int]:
    """The contacts of these rows to whom anything has happened since they were loaded: a use, an edit, a tag, a purchase."""
    loaded = {row.contact_id: row.last_event or 0 for row in rows if row.contact_id is not None}
    return {contact for contact, last in _last_events(loaded).items() if last > loaded[contact]}


def undo(account: Account, batch_id: int) -> bool:
    """Take back the next chunk of rows that nothing has happened to since; True once all have been looked at.

    Opening balances are withdrawn, and contacts that the import made and that have no entry in the ledger are removed. Those that
    have entries stay, with nothing left of what they got: what was posted is never deleted. Details and tags of contacts that
    were there before stay as the import made them.
    """
    batch = lock(account, batch_id)
    if batch.state != State.UNDOING:
        return True
    waiting = ImportRow.objects.filter(batch=batch, outcome__in=DONE, number__gt=batch.position)
    rows = list(waiting.order_by("number")[:CHUNK])
    if rows:
        _take_back(account, batch, rows)
        batch.position = rows[-1].number
        batch.save(update_fields=["position"])
    if len(rows) == CHUNK:
        return False
    many = outcomes(batch)
    told = (Outcome.REMOVED, Outcome.EMPTIED, Outcome.TOUCHED)
    _end(account, batch, State.UNDONE, events.ImportUndone(batch.pk, *(many.get(one, 0) for one in told)))
    return True


def _take_back(account: Account, batch: Import, rows: Sequence[ImportRow]) -> None:
    since = touched(rows)
    written = [
        Written(row, Outcome.TOUCHED, contact_id=row.contact_id, issued=row.issued)
        for row in rows
        if row.contact_id in since
    ]
    left = [row for row in rows if row.contact_id is not None and row.contact_id not in since]
    issues = [(uuid.UUID(key), derive_key("import.undo", key)) for row in left for key in row.issued]
    why = credits.Why(acting(batch), SOURCE, str(batch.public_id), note="The import was undone.")
    answers = credits.withdraw_many(account=account, issues=issues, why=why) if issues else []
    kept = {str(issue) for (issue, _), answer in zip(issues, answers, strict=True) if answer.outcome == "refused"}
    alone = [row.contact_id for row in left if row.outcome == Outcome.CREATED and not row.issued]
    removed = intake.remove_many(account=account, contacts=[pk for pk in alone if pk is not None])
    for row in left:
        if row.issued:
            outcome = Outcome.TOUCHED if kept & set(row.issued) else Outcome.EMPTIED
        elif row.outcome == Outcome.CREATED:
            outcome = Outcome.REMOVED if row.contact_id in removed else Outcome.TOUCHED
        else:
            continue  # a contact that was there before, and got no credits
        contact = None if outcome == Outcome.REMOVED else row.contact_id
        written.append(Written(row, outcome, contact_id=contact, issued=row.issued))
    write(batch, written)


def _end(account: Account, batch: Import, state: State, fact: Any) -> None:
    batch.state, batch.position, batch.ended_at = state, 0, now()
    batch.save(update_fields=["state", "position", "ended_at"])
    outbox.record(account=account, fact=fact, actor=acting(batch))
    outbox.schedule(account=account, kind=FORGET, subject=batch.pk, due=now() + KEPT)

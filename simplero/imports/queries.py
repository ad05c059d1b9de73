"""Reading imports: the list, one of them, its rows, and who listens to what it would write."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count, Q

from automations.occasions import OCCASIONS
from contacts.models import Contact
from credits import queries as credits
from simplero.lib.keys import uuids
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require
from triggers import queries as triggers

from .matching import DAY, DAY_FIRST, MONTH_FIRST, dates_of, guessed
from .models import GOOD, Import, ImportRow
from .planning import Plan, plan, reader

PAGE = 50  # imports, or rows, on a page
SHOWN = 10  # rows of a preview
SAMPLED = 200  # rows in which the order of days is looked for
EXAMPLES = 3  # cells shown beside a heading

WRITES = frozenset({"contact.created", "contact.changed", "contact.tagged", "credits.issued"})
"""Kinds of event that loading writes."""


def get_import(account: Account, public_id: uuid.UUID) -> Import:
    """Raises Import.DoesNotExist."""
    return Import.objects.get(account_id=require(account), public_id=public_id)


def imports(account: Account, *, older: uuid.UUID | None = None) -> tuple[list[Import], bool]:
    """Imports, the newest first, or those before `older`; and whether there are more."""
    found = Import.objects.filter(account_id=require(account))
    at = found.filter(public_id=older).first() if older else None
    if at is not None:
        found = found.filter(Q(created_at__lt=at.created_at) | Q(created_at=at.created_at, pk__lt=at.pk))
    page = list(found.order_by("-created_at", "-pk")[: PAGE + 1])
    return page[:PAGE], len(page) > PAGE


def outcomes(batch: Import) -> dict[str, int]:
    """How many rows have, or would have, which outcome."""
    return dict(ImportRow.objects.filter(batch=batch).order_by().values_list("outcome").annotate(Count("pk")))


def rows(
    batch: Import, only: Iterable[str], *, after: int = 0, remarks: bool = False, size: int = PAGE
) -> tuple[list[ImportRow], bool]:
    """Rows with these outcomes behind the row number `after`, those with remarks alone if asked for; and whether there are more."""
    found = ImportRow.objects.filter(batch=batch, outcome__in=list(only), number__gt=after)
    if remarks:
        found = found.exclude(problems=[])
    page = list(found.order_by("number")[: size + 1])
    return page[:size], len(page) > size


def people(rows: Sequence[ImportRow]) -> dict[int, Contact]:
    """The contacts of these rows by id; those who are gone are left out."""
    ids = [row.contact_id for row in rows if row.contact_id is not None]
    return {contact.pk: contact for contact in Contact.objects.filter(pk__in=ids)}


def first_rows(batch: Import, *, size: int) -> list[ImportRow]:
    return list(ImportRow.objects.filter(batch=batch).order_by("number")[:size])


def preview(account: Account, batch: Import) -> list[Plan]:
    """The first rows that are good, as they would be loaded."""
    found = list(ImportRow.objects.filter(batch=batch, outcome__in=GOOD).order_by("number")[:SHOWN])
    return plan(account, batch, found, reader(account, batch), hold=False)


def suggested(account: Account, batch: Import) -> tuple[dict[int, str], str]:
    """What the headings suggest for the columns, and the cells for the order of days."""
    columns = guessed(batch.headings, list(credits.types(account)))
    otherwise = MONTH_FIRST if account.time_zone.startswith("America/") else DAY_FIRST
    column = next((at for at, code in columns.items() if code == DAY), None)
    if column is None:
        return columns, otherwise
    samples = [row.cells[column] for row in first_rows(batch, size=SAMPLED) if column < len(row.cells)]
    return columns, dates_of(samples, otherwise=otherwise)


def reacting(account: Account) -> int:
    """How many triggers that are switched on listen to what loading would write."""
    codes = [one.code for one in OCCASIONS.values() if WRITES & set(one.kinds)]
    return triggers.triggers(account).filter(flow__enabled=True, occasion__in=codes).count()


def names(account: Account, ids: Collection[str]) -> Mapping[str, str]:
    """What these imports, by public id, are called in the activity."""
    require(account)
    found: Any = Import.objects.filter(public_id__in=uuids(ids)).values_list("public_id", "file_name")
    return {str(public_id): f"Import of {name}" for public_id, name in found}

"""Files to take away: contacts, rows that could not be loaded, what came of an import, and an empty file to fill in."""

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from contacts import queries as contacts
from contacts.models import Contact
from credits import queries as credits
from simplero.finding.filters import Filter
from simplero.finding.queries import matching
from simplero.imports import queries
from simplero.imports.models import Import, ImportRow, Outcome
from simplero.lib.spreadsheet import BOM, CSV_TYPE, XLSX_TYPE, lines, write_workbook
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope, today
from simplero.web.access import staff, staff_stream
from simplero.web.http import StaffRequest

AT_A_TIME = 500  # rows of a download that are read in one transaction
PIECE = 64 * 1024  # bytes of a workbook sent at once

Cells = Sequence[str | int]

CONTACT_HEADINGS = ("Name", "Email", "Phone", "Company", "Tags", "Added")


@staff_stream(can="contacts.export")
@require_safe
def export(request: StaffRequest, format: str) -> HttpResponseBase:
    """The contacts that the address asks for, as the list does, each with what is free by type."""
    asked = Filter.of(request.GET)
    if asked.spoiled:
        raise Http404  # a file of everybody is not what was asked for
    with scope(request.account, read_only=True):
        name = f"contacts-{request.account.slug}-{today(request.account).isoformat()}"
        types = list(credits.types(request.account)) + list(credits.types(request.account, archived=True))
    return download(_contacts(request.account, asked, types), format=format, name=name, title="Contacts")


def download(rows: Iterator[Cells], *, format: str, name: str, title: str) -> HttpResponseBase:
    """`rows` as a file that is written while it is sent (CSV), or before it is sent, on disk (XLSX)."""
    written = _csv(rows) if format == "csv" else _xlsx(rows, title)
    response = StreamingHttpResponse(written, content_type=CSV_TYPE if format == "csv" else XLSX_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}.{format}"'
    return response


def _csv(rows: Iterator[Cells]) -> Iterator[str]:
    yield BOM
    yield from lines(rows)


def _xlsx(rows: Iterator[Cells], title: str) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        write_workbook(file, rows, title=title)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _contacts(account: Account, asked: Filter, types: Sequence[Any]) -> Iterator[Cells]:
    """Headings, and a row for each contact, the first added first; each page read in a scope of its own."""
    yield (*CONTACT_HEADINGS, *(f"Free {one.plural}" for one in types))
    after = 0
    while True:
        with scope(account, read_only=True):
            page = list(matching(account, asked).filter(pk__gt=after).order_by("pk")[:AT_A_TIME])
            read = list(_cells(account, page, types))
        yield from read
        if len(page) < AT_A_TIME:
            return
        after = page[-1].pk


def _cells(account: Account, page: Sequence[Contact], types: Sequence[Any]) -> Iterator[Cells]:
    ids = [contact.pk for contact in page]
    tags = contacts.tags_by_contact(account, ids)
    free = credits.free_by_contact(account, ids)
    for contact in page:
        has = {of.pk: amount for of, amount in free.get(contact.pk, ())}
        yield (
            contact.name,
            contact.email,
            contact.phone,
            contact.company,
            ", ".join(tag.name for tag in tags.get(contact.pk, ())),
            contact.created_at.astimezone(account.zone).date().isoformat(),
            *(has.get(one.pk, 0) for one in types),
        )


@staff(can="imports")
@require_safe
def template(request: StaffRequest, format: str) -> HttpResponse:
    """A file with the headings that are understood, and one example."""
    types = list(credits.types(request.account)[:1])
    last_day = today(request.account).replace(month=12, day=31)
    rows: list[Cells] = [
        ("Name", "Email", "Phone", "Company", "Tags", "Credit type", "Number of credits", "Last good day", "Note"),
        ("Ann Example", "ann@example.com", "+1 555 0100", "Example Ltd", "VIP, Newsletter", types[0].name if types else "", 5 if types else "", last_day.isoformat() if types else "", "From the old system" if types else ""),
    ]  # fmt: skip
    response = HttpResponse(content_type=CSV_TYPE if format == "csv" else XLSX_TYPE)
    if format == "csv":
        response.write(BOM + "".join(lines(rows)))
    else:
        write_workbook(response, rows, title="Contacts")  # type: ignore[arg-type]
    response["Content-Disposition"] = f'attachment; filename="contacts-to-import.{format}"'
    return response


@staff_stream(can="imports")
@require_safe
def errors_csv(request: StaffRequest, batch: uuid.UUID) -> HttpResponseBase:
    """The rows that are wrong as they were uploaded, each with its number and the reason: to be corrected and uploaded again."""
    found = _import(request, batch)

    def cells(row: ImportRow, _: Any) -> Cells:
        padded = [*row.cells, *[""] * (len(found.headings) - len(row.cells))]
        return (*padded, row.number, " ".join(f"{heading}: {says}" for heading, says in row.problems))

    headings = (*found.headings, "Row in the file", "What is wrong")
    rows = _rows(request.account, found, (Outcome.BAD, Outcome.LEFT_OUT), headings, cells)
    return download(rows, format="csv", name="rows-to-correct", title="Rows")


@staff_stream(can="imports")
@require_safe
def result_csv(request: StaffRequest, batch: uuid.UUID) -> HttpResponseBase:
    """What became of each row."""
    found = _import(request, batch)

    def cells(row: ImportRow, person: Contact | None) -> Cells:
        reason = " ".join(f"{heading}: {says}" for heading, says in row.problems)
        who = (person.name, person.email) if person else ("", "")
        return (row.number, Outcome(row.outcome).label if row.outcome else "", *who, reason)

    headings = ("Row in the file", "What became of it", "Name", "Email", "Reason")
    rows = _rows(request.account, found, Outcome.values, headings, cells)
    return download(rows, format="csv", name="import-result", title="Rows")


def _import(request: StaffRequest, batch: uuid.UUID) -> Import:
    with scope(request.account, read_only=True):
        try:
            return queries.get_import(request.account, batch)
        except Import.DoesNotExist:
            raise Http404 from None


def _rows(
    account: Account,
    batch: Import,
    only: Iterable[str],
    headings: Cells,
    cells: Callable[[ImportRow, Contact | None], Cells],
) -> Iterator[Cells]:
    yield headings
    after, more = 0, True
    while more:
        with scope(account, read_only=True):
            page, more = queries.rows(batch, only, after=after, size=AT_A_TIME)
            people = queries.people(page)
            read = [cells(row, people.get(row.contact_id or 0)) for row in page]
        yield from read
        after = page[-1].number if page else 0

"""A contact's statement: as a page, to print, as PDF and as a table; and what they had on any past day."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from contacts.models import Contact
from contacts.views.lookup import contact_or_404, contact_url
from credits import queries, wording
from credits.forms import BalanceOnForm, StatementForm
from credits.queries import statements
from credits.queries.statements import Section, Statement
from credits.statements import Document
from simplero.lib.moments import day
from simplero.lib.spreadsheet import BOM
from simplero.lib.spreadsheet import lines as csv_lines
from simplero.tenancy.scope import scope, today
from simplero.web.access import staff, staff_stream
from simplero.web.http import BAD_INPUT, StaffRequest

from . import statement_words as words
from .lookup import address

PAGE = 100  # rows
AT_A_TIME = 500  # rows of a download that are read in one transaction

HEADINGS = ("Type", "Date", "What happened", "Amount", "Left after", "Note")


@require_safe
@staff(can="credits.read")
def statement(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    form = _form(request, found)
    on = BalanceOnForm(request.GET if "on" in request.GET else None, today=today(request.account))
    told = _statement(request, found, form)
    number, last = _number(request), max(-(-told.rows // PAGE), 1)
    if number > last:
        raise Http404
    extracts = statements.page(request.account, told, number=number, size=PAGE)
    here = address(request, found, "statement")
    asked = _asked(form)
    context = {
        "contact": found,
        "form": form,
        "on": on,
        "balances": _balances(request, found, on),
        "here": here,
        "back": contact_url(request, found),
        "activity": address(request, found, "activity"),
        "presets": [
            (label, f"{here}?{_query(period=name, type=form.data.get('type', ''))}", name == form.period)
            for name, label in StatementForm.PERIODS.items()
        ],
        "statement": told,
        "as_of": words.as_of(request.account, told),
        "period": words.period(told),
        "parts": [(one, words.part(request.account, told, one, words.telling_staff)) for one in extracts],
        "number": number,
        "last": last,
        "newer": f"{here}?{_query(**asked, page=number - 1)}" if number > 1 else "",
        "older": f"{here}?{_query(**asked, page=number + 1)}" if number < last else "",
        "print_url": f"{address(request, found, 'statement-print')}?{_query(**asked)}",
        "pdf_url": f"{address(request, found, 'statement-pdf')}?{_query(**asked)}",
        "csv_url": f"{address(request, found, 'statement-csv')}?{_query(**asked)}",
    }
    well = form.is_valid() and (not on.is_bound or on.is_valid())
    return TemplateResponse(request, "credits/statement.html", context, status=200 if well else BAD_INPUT)


@require_safe
@staff(can="credits.read")
def statement_print(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    """The same on a sheet of its own, without the menu."""
    found = contact_or_404(request, contact)
    form = _form(request, found)
    if not form.is_valid():
        return _to_page(request, found)
    asked = _query(**_asked(form))
    logo = request.account.logo
    context = {
        "document": _document(request, found, form),
        "logo_url": reverse("shop:pictures", args=[request.account.slug, logo]) if logo else "",
        "back": f"{address(request, found, 'statement')}?{asked}",
        "pdf_url": f"{address(request, found, 'statement-pdf')}?{asked}",
    }
    return TemplateResponse(request, "credits/statement_print.html", context)


@require_safe
@staff(can="credits.read")
def statement_pdf(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    form = _form(request, found)
    if not form.is_valid():
        return _to_page(request, found)
    return words.pdf_answer(_document(request, found, form))


@require_safe
@staff_stream(can="credits.read")
def statement_csv(request: StaffRequest, contact: uuid.UUID) -> HttpResponseBase:
    with scope(request.account, read_only=True):
        found = contact_or_404(request, contact)
        form = _form(request, found)
        if not form.is_valid():
            return _to_page(request, found)
        told = _statement(request, found, form)
    response = StreamingHttpResponse(_download(request, told), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{words.file_name(told.contact.name)}.csv"'
    return response


def _download(request: StaffRequest, told: Statement) -> Iterator[str]:
    """All movements, the oldest first, read in scopes of their own: a slow reader holds no transaction open."""
    yield BOM + next(csv_lines([HEADINGS]))
    closing = words.closing_words(told)
    for section in told.sections:
        name = words.title(section)
        since = told.since.isoformat() if told.since else ""
        yield from csv_lines([(name, since, "At the start", "", section.opening, "")])
        for first in range(0, section.count, AT_A_TIME):
            with scope(request.account, read_only=True):
                read = list(csv_lines(_cells(request, name, section, first)))
            yield from read
        yield from csv_lines([(name, told.until.isoformat(), closing, "", section.closing, "")])


def _cells(request: StaffRequest, name: str, section: Section, first: int) -> Iterator[tuple[str | int, ...]]:
    for line in statements.lines(request.account, section, first=first, limit=AT_A_TIME):
        on = line.happened_at.astimezone(request.account.zone).date().isoformat()
        note = line.note if line.note_for_customer else ""
        yield name, on, words.telling_staff(line), line.amount, line.balance_after, note


def _form(request: StaffRequest, contact: Contact) -> StatementForm:
    types = list(queries.types_held(request.account, contact))
    return StatementForm(request.GET, types=types, today=today(request.account))


def _statement(request: StaffRequest, contact: Contact, form: StatementForm) -> Statement:
    return statements.statement(request.account, contact, **form.chosen())


def _document(request: StaffRequest, contact: Contact, form: StatementForm) -> Document:
    told = _statement(request, contact, form)
    listed = statements.newest(request.account, told, most=words.MOST_LISTED)
    return words.document(request.account, told, listed, words.telling_staff)


@dataclass(frozen=True, slots=True)
class Balances:
    on: str
    rows: list[tuple[str, str]]


def _balances(request: StaffRequest, contact: Contact, form: BalanceOnForm) -> Balances | None:
    if not form.is_bound or not form.is_valid():
        return None
    on = form.cleaned_data["on"]
    found = statements.balances_on(request.account, contact, on)
    return Balances(
        on=day(on), rows=[(wording.capital(of.plural), wording.quantity(amount, of)) for of, amount in found]
    )


def _number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,5}", text) else 1


def _asked(form: StatementForm) -> dict[str, Any]:
    """What the form asks for, as an address says it: the days themselves, so that it means the same tomorrow."""
    kind = form.data.get("type", "")
    if form.period == "everything":
        return {"period": form.period, "type": kind}
    return {"since": form.data.get("since", ""), "until": form.data.get("until", ""), "type": kind}


def _query(**values: Any) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def _to_page(request: StaffRequest, contact: Contact) -> HttpResponse:
    """A sheet of paper cannot say what is wrong with the days; the page can."""
    return redirect(f"{address(request, contact, 'statement')}?{request.GET.urlencode()}")

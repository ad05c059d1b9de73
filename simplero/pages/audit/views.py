"""Settings → Audit log: the page and its download."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from simplero.lib.moments import moment
from simplero.lib.spreadsheet import BOM, lines
from simplero.tenancy.scope import now, scope
from simplero.web.access import staff, staff_stream
from simplero.web.http import BAD_INPUT, StaffRequest

from . import log, values, words
from .forms import WHICH, LogFilterForm

MOST_ROWS = 40  # before and after, of one line of the page
AT_A_TIME = 500  # lines of a download that are read in one transaction

HEADINGS = (
    "Date",
    "Time",
    "Time zone",
    "Who",
    "From where",
    "What happened",
    "About",
    "Before and after",
    "Kind",
    "Request",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the page with what it unfolds."""

    line: words.Line
    when: str
    at: object
    rows: list[values.Row]
    more: int  # rows that only the download has


@staff(can="audit")
@require_safe
def audit(request: StaffRequest) -> HttpResponse:
    form = LogFilterForm(request.GET, account=request.account)
    page = log.page(request.account, form.wanted, cursor=request.GET.get("older", ""))
    known = words.Known(request.account, page.entries)
    here = reverse("audit:log", args=[request.account.slug])
    query = _query(request)
    context = {
        "form": form,
        "shown": [_shown(request, entry, known) for entry in page.entries],
        "here": here,
        "chosen": form.one,
        "without_contact": f"{here}{_query(request, 'contact', 'whom')}",
        "which": [
            (one, f"{here}{_query(request, 'contact', 'whom', contact=one.public_id)}") for one in form.which[:WHICH]
        ],
        "more": len(form.which) > WHICH,
        "filtered": form.narrowed,
        "newest": f"{here}{query}" if request.GET.get("older") else "",
        "older": f"{here}{_query(request, older=page.older)}" if page.older else "",
        "csv_url": f"{reverse('audit:csv', args=[request.account.slug])}{query}",
    }
    return TemplateResponse(request, "pages/audit.html", context, status=200 if form.is_valid() else BAD_INPUT)


def _shown(request: StaffRequest, entry: log.Entry, known: words.Known) -> Shown:
    rows = values.rows(entry, known)
    return Shown(
        line=words.line(entry, known),
        when=moment(entry.source.at, now=now(), zone=request.account.zone),
        at=entry.source.at,
        rows=rows[:MOST_ROWS],
        more=max(0, len(rows) - MOST_ROWS),
    )


def _query(request: StaffRequest, *without: str, **more: object) -> str:
    """What the address asks for as it is now, on the first page unless `more` says otherwise."""
    kept = {name: value for name, value in request.GET.items() if value and name not in ("older", *without)}
    asked = urlencode({**kept, **more})
    return f"?{asked}" if asked else ""


@staff_stream(can="audit")
@require_safe
def audit_csv(request: StaffRequest) -> HttpResponseBase:
    with scope(request.account, read_only=True):
        form = LogFilterForm(request.GET, account=request.account)
    if not form.is_valid():  # a download cannot say what is wrong with its filter; the page can
        return redirect(f"{reverse('audit:log', args=[request.account.slug])}{_query(request)}")
    response = StreamingHttpResponse(_download(request, form.wanted), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-log-{request.account.slug}.csv"'
    return response


def _download(request: StaffRequest, wanted: log.Filter) -> Iterator[str]:
    """All lines, newest first, each page read in a scope of its own: a slow reader holds no transaction open."""
    yield BOM + next(lines([HEADINGS]))
    cursor = ""
    while True:
        with scope(request.account, read_only=True):
            page = log.page(request.account, wanted, cursor=cursor, limit=AT_A_TIME)
            known = words.Known(request.account, page.entries)
            read = list(lines(_cells(request, entry, known) for entry in page.entries))
        yield from read
        cursor = page.older
        if not cursor:
            return


def _cells(request: StaffRequest, entry: log.Entry, known: words.Known) -> list[str | int]:
    source, said = entry.source, words.line(entry, known)
    here = source.at.astimezone(request.account.zone)
    changes = [
        f"{f'{row.thing}, ' if row.thing else ''}{row.label}: {row.before} → {row.after}"
        for row in values.rows(entry, known, longest=30_000)
    ]
    return [
        here.date().isoformat(),
        f"{here:%H:%M:%S}",
        request.account.time_zone,
        said.who,
        said.where,
        said.sentence,
        said.about,
        "\n".join(changes)[:32_000],  # a cell of a spreadsheet holds no more
        entry.event.kind if entry.event else f"{entry.changes[0].change.thing}.{entry.changes[0].change.op}",
        str(source.deed or ""),
    ]

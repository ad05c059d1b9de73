"""The credit activity of a contact: every movement in a sentence, to read, to filter and to download."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from contacts.models import Contact
from contacts.views.lookup import contact_or_404, contact_url
from credits import queries, wording
from credits.forms import ActivityFilterForm
from simplero.lib.spreadsheet import BOM, lines
from simplero.tenancy.scope import scope, today
from simplero.web.access import staff, staff_stream
from simplero.web.http import StaffRequest

from .lines import line_sentence, row, source_words, who_words
from .lookup import address, line_or_none, may

AT_A_TIME = 500  # rows of a download that are read in one transaction

HEADINGS = ("Date", "Time", "What happened", "Amount", "Unit", "Left after", "Source", "Who", "Note", "Customer may read the note")  # fmt: skip


@staff(can="credits.read")
@require_safe
def activity(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    form = _filter(request, found)
    one = line_or_none(request, found, request.GET["entry"]) if "entry" in request.GET else None
    if one:
        page = queries.Activity([one], "")
    else:
        page = queries.activity(request.account, found, **form.chosen(), cursor=request.GET.get("older", ""))
    shown = {line.key for line in page.lines if line.key}
    here = address(request, found, "activity")
    chosen = request.GET.copy()
    for name in ("older", "entry"):
        chosen.pop(name, None)
    filtered = any(chosen.values())
    query = f"?{chosen.urlencode()}" if filtered else ""
    chosen["older"] = page.older
    context = {
        "contact": found,
        "rows": [row(request, found, line, shown=shown, may_correct=may(request)["correct"]) for line in page.lines],
        "form": form,
        "filtered": filtered,
        "one": one is not None,
        "here": here,
        "back": contact_url(request, found),
        "older": f"{here}?{chosen.urlencode()}" if page.older else "",
        "newest": f"{here}{query}" if request.GET.get("older") else "",
        "csv_url": f"{address(request, found, 'activity-csv')}{query}",
        "today": today(request.account),
    }
    return TemplateResponse(request, "credits/activity.html", context, status=200 if form.is_valid() else 422)


def _filter(request: StaffRequest, contact: Contact) -> ActivityFilterForm:
    return ActivityFilterForm(request.GET, types=list(queries.types_held(request.account, contact)))


@staff_stream(can="credits.read")
@require_safe
def activity_csv(request: StaffRequest, contact: uuid.UUID) -> HttpResponseBase:
    with scope(request.account, read_only=True):
        found = contact_or_404(request, contact)
        form = _filter(request, found)
        chosen = form.chosen()
    if not form.is_valid():  # a download cannot say what is wrong with its filter; the page can
        return redirect(f"{address(request, found, 'activity')}?{request.GET.urlencode()}")
    response = StreamingHttpResponse(_download(request, found, chosen), content_type="text/csv; charset=utf-8")
    name = slugify(found.name) or "contact"
    response["Content-Disposition"] = f'attachment; filename="credit-activity-{name}.csv"'
    return response


def _download(request: StaffRequest, contact: Contact, chosen: dict[str, Any]) -> Iterator[str]:
    """All lines, newest first, each page read in a scope of its own: a slow reader holds no transaction open."""
    yield BOM + next(lines([HEADINGS]))
    cursor = ""
    while True:
        with scope(request.account, read_only=True):
            page = queries.activity(request.account, contact, **chosen, cursor=cursor, limit=AT_A_TIME)
            read = list(lines(_cells(request, line) for line in page.lines))
        yield from read
        cursor = page.older
        if not cursor:
            return


def _cells(request: StaffRequest, line: queries.Line) -> list[str | int]:
    happened = line.happened_at.astimezone(request.account.zone)
    return [
        happened.date().isoformat(),
        f"{happened:%H:%M}",
        line_sentence(line, today=today(request.account), by=False),
        line.amount,
        wording.unit(line.amount, line.credit_type),
        line.balance_after,
        source_words(line),
        who_words(line),
        line.note,
        "yes" if line.note_for_customer else "",
    ]

"""Contacts → Import: upload, match columns, look at what was found, load, and what came of it."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.views.lookup import as_uuid
from credits import queries as credits
from simplero.imports import queries, reading, services
from simplero.imports.errors import Unreadable
from simplero.imports.forms import ExpectForm, MatchForm, SheetForm, UploadForm
from simplero.imports.limits import LARGEST
from simplero.imports.matching import Matching
from simplero.imports.models import Import, State
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now
from simplero.web.access import staff
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import shown

SPARE = 64 * 1024  # bytes of a request beside the file


def import_or_404(request: StaffRequest, batch: uuid.UUID) -> Import:
    try:
        return queries.get_import(request.account, batch)
    except Import.DoesNotExist:
        raise Http404 from None


def url(request: StaffRequest, batch: Import, name: str = "import") -> str:
    return reverse(f"imports:{name}", args=[request.account.slug, batch.public_id])


def _before_it_is_read(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Say in the form that a file is too large, before anything of it is read: Django's own answer to that is no sentence.

    The token that proves where a form comes from stands in the request, so it is looked at after the length.
    """
    guarded = csrf_protect(view)

    @wraps(view)
    def sized(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if request.method == "POST" and length > LARGEST + SPARE:
            request.too_large = length  # type: ignore[attr-defined]
            request.method = "GET"  # nothing is done but a page shown
        return guarded(request, *args, **kwargs)

    return csrf_exempt(sized)


@_before_it_is_read
@staff(can="imports")
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: StaffRequest) -> HttpResponse:
    """The list, with the form to upload a file above it."""
    form, status = UploadForm(), 200
    if length := getattr(request, "too_large", 0):
        form, status = UploadForm({}), BAD_INPUT
        form.errors.clear()
        form.add_error("file", reading.too_large(length))
    elif request.method == "POST":
        form, status = UploadForm(request.POST, request.FILES), BAD_INPUT
        if form.is_valid():
            data = form.cleaned_data
            try:
                batch = services.upload(
                    account=request.account, file=data["file"], key=data["key"], actor=request.actor
                )
            except Unreadable as refusal:
                form.add_error("file", refusal.wording)
            else:
                return see_other(request, url(request, batch))
    found, more = queries.imports(request.account, older=as_uuid(request.GET.get("older", "")))
    here = reverse("imports:imports", args=[request.account.slug])
    names = actor_names(Actor("user", one.actor_id) for one in found)
    context = {
        "form": form,
        "rows": [
            {
                "batch": one,
                "url": url(request, one),
                "tone": shown.TONES[one.state],
                "when": moment(one.created_at, now=now(), zone=request.account.zone),
                "who": names[Actor("user", one.actor_id)],
            }
            for one in found
        ],
        "here": here,
        "newest": here if request.GET.get("older") else "",
        "older": f"{here}?older={found[-1].public_id}" if more else "",
        "templates": [
            (label, reverse(f"imports:template-{ending}", args=[request.account.slug]))
            for label, ending in (("CSV", "csv"), ("Excel", "xlsx"))
        ],
    }
    return TemplateResponse(request, "imports/import_list.html", context, status=status)


@staff(can="imports")
@require_safe
def show(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    return page(request, import_or_404(request, batch))


def page(
    request: StaffRequest,
    batch: Import,
    *,
    match: MatchForm | None = None,
    expect: ExpectForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page of an import as it stands, with what a form of it was refused for."""
    matching = batch.state == State.MATCHING or match is not None
    context: dict[str, object] = {
        "batch": batch,
        "here": url(request, batch),
        "list_url": reverse("imports:imports", args=[request.account.slug]),
        "tone": shown.TONES[batch.state],
        "lede": shown.lede(request, batch),
        "refusal": refusal,
        "urls": {
            name.replace("-", "_"): url(request, batch, name)
            for name in ("match", "sheet", "expect", "load", "abandon", "undo", "rows", "errors-csv", "result-csv")
        },
        "state": "matching" if matching else batch.state,
        "sheet_form": SheetForm(batch=batch) if len(batch.sheets) > 1 else None,
    }
    if matching:
        context |= _matching(request, batch, match)
    elif batch.state == State.CHECKED:
        context |= shown.checked(request, batch, expect)
    elif batch.state in shown.WORKING:
        context |= shown.progress(batch)
    elif batch.state in (State.LOADED, State.UNDONE):
        context |= shown.result(request, batch)
    return page_or_fragment(
        request, page="imports/import.html", fragment="imports/_import.html", context=context, status=status
    )


def _matching(request: StaffRequest, batch: Import, form: MatchForm | None) -> dict[str, object]:
    types = list(credits.types(request.account))
    if form is None:
        columns, dates = queries.suggested(request.account, batch)
        before = Matching.kept(batch.matching) if batch.matching else Matching(columns=columns, dates=dates)
        form = MatchForm.of(before, batch=batch, types=types)
    examples = queries.first_rows(batch, size=queries.EXAMPLES)
    return {
        "form": form,
        "columns": [
            (field, [shown.short(row.cells[at]) for row in examples if at < len(row.cells) and row.cells[at]])
            for at, field in enumerate(form.columns)
        ],
        "types": types,
        "checked": batch.state == State.CHECKED,
    }


@staff(can="imports")
@require_http_methods(["GET", "HEAD", "POST"])
def match(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    """Say, or say anew, what stands in which column; the rows are checked then."""
    found = import_or_404(request, batch)
    if found.state not in (State.MATCHING, State.CHECKED) or not found.headings:
        return _gone_on(request, found) if request.method == "POST" else see_other(request, url(request, found))
    types = list(credits.types(request.account))
    if request.method != "POST":
        return page(request, found, match=MatchForm.of(Matching.kept(found.matching), batch=found, types=types))
    form = MatchForm(request.POST, batch=found, types=types)
    if not form.is_valid():
        return page(request, found, match=form, status=BAD_INPUT)
    try:
        services.match(account=request.account, batch=found, matching=form.matching())
    except Refusal:
        return _gone_on(request, found)
    return see_other(request, url(request, found))


@staff(can="imports")
@require_POST
def sheet(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    """Read another sheet of the workbook."""
    found = import_or_404(request, batch)
    form = SheetForm(request.POST, batch=found)
    if not form.is_valid():
        return page(request, found, refusal="Choose one of the sheets.", status=BAD_INPUT)
    try:
        services.choose_sheet(account=request.account, batch=found, sheet=form.cleaned_data["sheet"])
    except Refusal:
        return _gone_on(request, found)
    return see_other(request, url(request, found))


@staff(can="imports")
@require_POST
def expect(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    """Compare with what the old system says."""
    found = import_or_404(request, batch)
    if found.state != State.CHECKED:
        return _gone_on(request, found)
    form = ExpectForm(request.POST, types=shown.types_of(request, found))
    if not form.is_valid():
        return page(request, found, expect=form, status=BAD_INPUT)
    try:
        services.expect(account=request.account, batch=found, totals=form.totals())
    except Refusal:
        return _gone_on(request, found)
    return see_other(request, f"{url(request, found)}#totals")


@staff(can="imports")
@require_POST
def load(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    found = import_or_404(request, batch)
    try:
        services.load(
            account=request.account, batch=found, leave_out=bool(request.POST.get("leave_out")), actor=request.actor
        )
    except Refusal as refusal:
        found.refresh_from_db()
        return page(request, found, refusal=refusal.wording, status=AGAINST_A_RULE)
    return see_other(request, url(request, found))


@staff(can="imports")
@require_http_methods(["GET", "HEAD", "POST"])
def abandon(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    found = import_or_404(request, batch)
    refusal = ""
    if request.method == "POST":
        try:
            services.abandon(account=request.account, batch=found)
        except Refusal as no:
            refusal = no.wording
        else:
            messages.success(request, f"“{found.file_name}” was given up. What was uploaded is deleted.")
            return see_other(request, "imports:imports", request.account.slug)
    return _dialog(request, found, "_import_abandon.html", refusal, {})


@staff(can="imports")
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    found = import_or_404(request, batch)
    refusal = ""
    if request.method == "POST":
        try:
            services.undo(account=request.account, batch=found, actor=request.actor)
        except Refusal as no:
            refusal = no.wording
        else:
            return see_other(request, url(request, found))
    return _dialog(request, found, "_import_undo.html", refusal, shown.undoing(request, found))


def _dialog(request: StaffRequest, batch: Import, fragment: str, refusal: str, more: dict[str, object]) -> HttpResponse:
    return page_or_fragment(
        request,
        page="imports/import_dialog.html",
        fragment=f"imports/{fragment}",
        context={
            "batch": batch,
            "fragment": f"imports/{fragment}",
            "back": url(request, batch),
            "action": request.path,
            "refusal": refusal,
            **more,
        },
        status=AGAINST_A_RULE if refusal else 200,
    )


@staff(can="imports")
@require_safe
def rows(request: StaffRequest, batch: uuid.UUID) -> HttpResponse:
    """The rows of an import with one outcome, page by page: what is wrong with those that are, what became of those loaded."""
    found = import_or_404(request, batch)
    number = request.GET.get("after", "")
    after = int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else 0
    context = shown.rows(request, found, only=request.GET.get("show", ""), after=after)
    context |= {
        "batch": found,
        "back": url(request, found),
        "list_url": reverse("imports:imports", args=[request.account.slug]),
    }
    return TemplateResponse(request, "imports/row_list.html", context)


def _gone_on(request: StaffRequest, batch: Import) -> HttpResponse:
    batch.refresh_from_db()
    return page(request, batch, refusal=services.GONE_ON, status=AGAINST_A_RULE)

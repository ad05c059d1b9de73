"""A job while it runs and when it is done: its progress, what became of each contact, and its undoing."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.views.lookup import as_uuid, contact_url
from credits.queries import preview as foresight
from credits.wording import quantity
from simplero.bulk import wording
from simplero.bulk.models import CREDITS, Bulk, Kind, Row, State
from simplero.bulk.queries import jobs as queries
from simplero.bulk.services import jobs
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal
from simplero.lib.spreadsheet import BOM, lines
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now, scope, today
from simplero.web.access import staff, staff_stream
from simplero.web.http import AGAINST_A_RULE, StaffRequest, page_or_fragment, see_other

from .lookup import bulk_or_404, bulk_url, url

AT_A_TIME = 1000  # rows of a download that are read in one transaction

HEADINGS = ("Name", "Email", "What became of it", "About it", "Undone")


@staff(can="bulk")
@require_safe
def listed(request: StaffRequest) -> HttpResponse:
    """All jobs, the newest first."""
    page = queries.jobs(request.account, older=as_uuid(request.GET.get("older", "")))
    actors = [Actor(one.actor_kind, one.actor_id) for one in page.jobs]
    names = actor_names(actors)
    here = url(request, "jobs")
    context = {
        "rows": [
            {
                "title": wording.title(one),
                "url": bulk_url(request, one),
                "words": wording.STATES[State(one.state)][0],
                "tone": wording.STATES[State(one.state)][1],
                "summary": wording.summary(one),
                "whom": wording.contacts(one.total),
                "who": names[actor],
                "at": moment(one.created_at, now=now(), zone=request.account.zone),
            }
            for one, actor in zip(page.jobs, actors, strict=True)
        ],
        "older": f"{here}?older={page.older}" if page.older else "",
        "newest": here if request.GET.get("older") else "",
    }
    return TemplateResponse(request, "bulk/job_list.html", context)


@staff(can="bulk")
@require_safe
def job(request: StaffRequest, bulk: uuid.UUID) -> HttpResponse:
    found = bulk_or_404(request, bulk)
    only = queries.shown(request.GET.get("only", ""))
    page = queries.rows(request.account, found, only=only, after=as_uuid(request.GET.get("after", "")))
    here = bulk_url(request, found)
    names = actor_names({Actor(found.actor_kind, found.actor_id), Actor("user", found.undone_by)})
    narrowed = f"only={only}" if only else ""
    ended = found.undone_at or found.finished_at
    context = {
        "bulk": found,
        "here": here,
        "title": wording.title(found),
        "particulars": wording.particulars(found, today=today(request.account)),
        "words": wording.STATES[State(found.state)][0],
        "tone": wording.STATES[State(found.state)][1],
        "summary": wording.summary(found),
        "moved": wording.moved(found),
        "whom": wording.contacts(found.total),
        "who": names[Actor(found.actor_kind, found.actor_id)],
        "undoer": names[Actor("user", found.undone_by)] if found.undone_by else "",
        "at": _small(moment(found.created_at, now=now(), zone=request.account.zone)),
        "ended": moment(ended, now=now(), zone=request.account.zone) if ended else "",
        "looked_at": found.taken_back if found.state == State.UNDOING else found.looked_at,
        "out_of": found.done if found.state == State.UNDOING else found.total,
        "tabs": _tabs(found, here, only),
        "rows": [_row(request, found, row) for row in page.rows],
        "first": f"{here}?{narrowed}" if request.GET.get("after") else "",
        "next": f"{here}?{narrowed}{'&' if narrowed else ''}after={page.after}" if page.after else "",
        "csv_url": bulk_url(request, found, "job-csv") + (f"?{narrowed}" if narrowed else ""),
        "stop_url": bulk_url(request, found, "job-stop") if found.state == State.RUNNING else "",
        "undo_url": bulk_url(request, found, "job-undo") if _may_be_undone(found) else "",
    }
    response = page_or_fragment(request, page="bulk/job.html", fragment="bulk/_job.html", context=context)
    if request.htmx and not found.under_way:  # the page that waited for its end: the menu counts jobs under way too
        response["HX-Refresh"] = "true"
    return response


def _small(moment: str) -> str:
    """An instant inside a sentence: "today, 10:42"."""
    return moment[:1].lower() + moment[1:]


def _may_be_undone(bulk: Bulk) -> bool:
    return bulk.state in (State.DONE, State.STOPPED) and bool(bulk.done)


def _tabs(bulk: Bulk, here: str, only: str) -> list[dict[str, Any]]:
    parts = queries.parts(bulk)
    if len(parts) < 2 and not only:
        return []
    return [
        {"words": wording.PARTS[name], "number": number, "url": f"{here}?only={name}" if name else here, "current": name == only}
        for name, number in [("", bulk.total), *parts]
    ]  # fmt: skip


def _row(request: StaffRequest, bulk: Bulk, row: Row) -> dict[str, Any]:
    words, about = wording.outcome(bulk, row)
    return {
        "name": row.contact.name,
        "email": row.contact.email,
        "url": contact_url(request, row.contact),
        "words": words,
        "tone": wording.TONES[row.outcome],  # type: ignore[index]
        "about": about,
        "undone": wording.undone(bulk, row),
    }


@staff_stream(can="bulk")
@require_safe
def job_csv(request: StaffRequest, bulk: uuid.UUID) -> HttpResponseBase:
    with scope(request.account, read_only=True):
        found = bulk_or_404(request, bulk)
    only = queries.shown(request.GET.get("only", ""))
    response = StreamingHttpResponse(_download(request, found, only), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="job-{found.created_at:%Y-%m-%d}-{found.kind}.csv"'
    return response


def _download(request: StaffRequest, bulk: Bulk, only: str) -> Iterator[str]:
    """All rows by name, each page read in a scope of its own: a slow reader holds no transaction open."""
    yield BOM + next(lines([HEADINGS]))
    after = None
    while True:
        with scope(request.account, read_only=True):
            page = queries.rows(request.account, bulk, only=only, after=after, size=AT_A_TIME)
            read = list(lines(_cells(bulk, row) for row in page.rows))
        yield from read
        after = page.after
        if after is None:
            return


def _cells(bulk: Bulk, row: Row) -> list[str | int]:
    return [row.contact.name, row.contact.email, *wording.outcome(bulk, row), wording.undone(bulk, row)]


@staff(can="bulk")
@require_POST
def job_stop(request: StaffRequest, bulk: uuid.UUID) -> HttpResponse:
    found = bulk_or_404(request, bulk)
    if jobs.stop(account=request.account, bulk=found, actor=request.actor):
        messages.success(request, "The job is stopped. What it has done stays until you undo it.")
    else:
        messages.info(request, "The job had ended already.")
    return see_other(request, bulk_url(request, found))


@staff(can="bulk")
@require_http_methods(["GET", "HEAD", "POST"])
def job_undo(request: StaffRequest, bulk: uuid.UUID) -> HttpResponse:
    """Says what the undoing would do; sent, it begins. A job is undone once."""
    found = bulk_or_404(request, bulk)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            jobs.undo(account=request.account, bulk=found, actor=request.actor)
        except Refusal as said:
            refusal, status = said.wording, AGAINST_A_RULE
        else:
            return see_other(request, bulk_url(request, found))
    context = {
        "bulk": found,
        "title": wording.title(found),
        "back": bulk_url(request, found),
        "action": bulk_url(request, found, "job-undo"),
        "lines": _undoing(request, found),
        "refusal": refusal,
        "possible": _may_be_undone(found),
        "fragment": "bulk/_job_undo.html",
    }
    return page_or_fragment(
        request, page="bulk/dialog.html", fragment="bulk/_job_undo.html", context=context, status=status
    )


def _undoing(request: StaffRequest, bulk: Bulk) -> list[str]:
    """What the undoing would do, in sentences."""
    whom = wording.contacts(bulk.done)
    if bulk.kind not in CREDITS or bulk.credit_type is None:
        verb = "taken off" if bulk.kind == Kind.TAG else "put back on"
        return [f"The tag will be {verb} {whom}, exactly those whose tags this job changed."]
    total = quantity(bulk.done * (bulk.amount or 0), bulk.credit_type)
    if bulk.kind == Kind.CONSUME:
        return [
            f"Up to {total} of {whom} will be given back, to the lots that paid.",
            "What was given back by hand since is not given back again. Uses that this job did not make stay as they are.",
        ]
    left = foresight.left_of(request.account, queries.entries(bulk))
    return [
        f"Of {total} issued to {whom}, {left.left:,} {'is' if left.left == 1 else 'are'} still unused and will be withdrawn.",
        "What has been used of them stays used. Other lots are not touched.",
    ]

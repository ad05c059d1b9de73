"""Letting contacts enter an automation: one, chosen by search or on their page, or many at once."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automations import conditions
from automations.forms.conditions import ConditionForms
from automations.models import Flow, Start
from automations.queries import inside
from automations.queries.naming import names
from automations.services import starts
from contacts import queries as contacts
from contacts.views.lookup import as_uuid, contact_or_404, contact_url
from credits.forms import OnceForm
from simplero.lib.refusals import Refusal
from simplero.web.access import staff
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import lines, said
from .lookup import flow_or_404, flow_url

FOUND = 8  # contacts shown of a search
AT_A_TIME = 5000  # contacts of whom one query asks whether conditions hold


class StartForm(OnceForm):
    """Counts once."""


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """One step after the other, each with an address: whom (?contact=…), then whether that is meant."""
    found = flow_or_404(request, flow)
    public_id = as_uuid(request.GET.get("contact", ""))
    if request.method == "POST" and public_id is None:
        raise Http404
    if public_id is None:
        return _whom(request, found)
    contact = contact_or_404(request, public_id)
    form, status = StartForm(request.POST or None), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                run = starts.begin(
                    account=request.account,
                    flow=found,
                    contact=contact,
                    key=form.cleaned_data["key"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                form.add_error(None, refusal.wording)
                status = AGAINST_A_RULE
            else:
                messages.success(request, f"{contact.name} has entered “{found.name}”.")
                return see_other(request, lines.run_url(request, run))
    return _dialog(
        request,
        "one",
        found,
        status,
        form=form,
        contact=contact,
        action=f"{flow_url(request, found, 'start')}?contact={contact.public_id}",
        back=contact_url(request, contact)
        if request.GET.get("from") == "contact"
        else flow_url(request, found, "flow"),
    )


def _whom(request: StaffRequest, flow: Flow) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    found = list(contacts.search(request.account, text=text).order_by("name_key", "pk")[: FOUND + 1]) if text else []
    here = flow_url(request, flow, "start")
    return _dialog(
        request,
        "whom",
        flow,
        q=text,
        found=[{"contact": one, "url": f"{here}?contact={one.public_id}"} for one in found[:FOUND]],
        more=len(found) > FOUND,
        here=here,
    )


@staff(can="automations")
@require_safe
def which(request: StaffRequest) -> HttpResponse:
    """From the contact page: the automations that the contact may enter."""
    public_id = as_uuid(request.GET.get("contact", ""))
    if public_id is None:
        return see_other(request, reverse("contacts:list", args=[request.account.slug]))
    contact = contact_or_404(request, public_id)
    query = urlencode({"contact": contact.public_id, "from": "contact"})
    context = {
        "contact": contact,
        "found": [
            {"flow": one, "url": f"{flow_url(request, one, 'start')}?{query}"}
            for one in inside.startable(request.account)
        ],
        "back": contact_url(request, contact),
        "fragment": "automations/_start_which.html",
        "title": "Start an automation",
    }
    return page_or_fragment(
        request, page="automations/start_dialog.html", fragment="automations/_start_which.html", context=context
    )


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def start_many(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """All contacts, or those of whom conditions hold; how many that is now is shown before it counts."""
    found = flow_or_404(request, flow)
    form, status = StartForm(request.POST or None), 200
    rows = ConditionForms(request.POST or None, account=request.account)
    count = None
    if request.method == "POST":
        valid = [rows.is_valid(), form.is_valid()]
        if not all(valid):
            status = BAD_INPUT
        elif "preview" in request.POST:
            count = _count(request, rows)
        else:
            try:
                starts.begin_many(
                    account=request.account,
                    flow=found,
                    selection=rows.said(),
                    key=form.cleaned_data["key"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                form.add_error(None, refusal.wording)
                status = AGAINST_A_RULE
            else:
                messages.success(request, "The start is under way. Contacts enter one batch after the other.")
                return see_other(request, flow_url(request, found, "flow"))
    return _dialog(
        request,
        "many",
        found,
        status,
        form=form,
        conditions=rows,
        count=count,
        action=flow_url(request, found, "start-many"),
        count_url=flow_url(request, found, "start-count"),
        everybody=contacts.contacts(request.account).count(),
    )


@staff(can="automations")
@require_safe
def start_count(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """How many the form would start as it stands now; alone, since only the form asks for it."""
    found = flow_or_404(request, flow)
    rows = ConditionForms(request.GET or None, account=request.account)
    count = _count(request, rows) if not request.GET or rows.is_valid() else None
    context = {"flow": found, "count": count, "everybody": contacts.contacts(request.account).count()}
    return TemplateResponse(request, "automations/_start_count.html", context)


def _count(request: StaffRequest, rows: ConditionForms) -> dict[str, Any]:
    """Of how many contacts the conditions hold now."""
    selection = rows.said() if rows.bound else []
    everybody = contacts.contacts(request.account)
    whom = said.whom(selection, names(request.account, selection))
    if not selection:
        return {"number": everybody.count(), "whom": whom}
    number, after = 0, 0
    while ids := list(everybody.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:AT_A_TIME]):
        number += len(conditions.met(request.account, selection, ids))
        after = ids[-1]
    return {"number": number, "whom": whom}


@staff(can="automations")
@require_POST
def start_stop(request: StaffRequest, flow: uuid.UUID, start: uuid.UUID) -> HttpResponse:
    """Let nobody more enter by this start."""
    found = flow_or_404(request, flow)
    try:
        one = inside.get_start(request.account, found, start)
    except Start.DoesNotExist:
        raise Http404 from None
    starts.stop(account=request.account, start=one, actor=request.actor)
    messages.success(request, "The start is stopped: nobody more enters by it. Who has entered stays.")
    return see_other(request, flow_url(request, found, "flow"))


def _dialog(request: StaffRequest, name: str, flow: Flow, status: int = 200, **context: Any) -> HttpResponse:
    return page_or_fragment(
        request,
        page="automations/start_dialog.html",
        fragment=f"automations/_start_{name}.html",
        context={
            "flow": flow,
            "back": flow_url(request, flow, "flow"),
            "fragment": f"automations/_start_{name}.html",
            "title": "Start",
            **context,
        },
        status=status,
    )

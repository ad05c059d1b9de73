"""Marketing → Automations: the list, and what is done with a whole automation."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automations.forms.flows import FlowAddForm, FlowEditForm
from automations.models import Flow
from automations.queries import flows as shelf
from automations.services import examples
from automations.services import flows as services
from automations.services.flows import Terms
from contacts.views.lookup import as_uuid
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal, Stale
from simplero.tenancy.scope import now
from simplero.web.access import staff
from simplero.web.forms import refused, renew
from simplero.web.http import BAD_INPUT, StaffRequest, page_or_fragment, see_other

from .lookup import flow_or_404, flow_url, list_url

ON_A_PAGE = 50


@staff(can="automations")
@require_safe
def automations(request: StaffRequest) -> HttpResponse:
    after = _cursor(request)
    found = shelf.shelf(request.account, after=after, limit=ON_A_PAGE)
    more, found = len(found) > ON_A_PAGE, found[:ON_A_PAGE]
    counts, published = shelf.counts(request.account, found), shelf.published(request.account, found)
    here, new = list_url(request), reverse("automations:new", args=[request.account.slug])
    context = {
        "rows": [
            {
                "flow": one,
                "key": str(one.public_id),
                "copy_key": uuid.uuid4(),
                "status": status(one, published=one.pk in published),
                "counts": counts[one.pk],
                "last": moment(one.last_started_at, now=now(), zone=request.account.zone)
                if one.last_started_at
                else "",
                "url": flow_url(request, one),
                "switchable": one.pk in published,
                "urls": {name: flow_url(request, one, name) for name in ("settings", "duplicate", "delete", "switch")},
            }
            for one in found
        ],
        "first": after is None,
        "newer": here if after else "",
        "older": f"{here}?after={found[-1].public_id}" if more else "",
        "new_url": new,
        "examples": [{"example": one, "url": f"{new}?begin={one.code}"} for one in examples.offered(request.account)],
    }
    return TemplateResponse(request, "automations/flow_list.html", context)


def _cursor(request: StaffRequest) -> Flow | None:
    """The automation behind which the page begins."""
    asked = as_uuid(request.GET.get("after", ""))
    try:
        return shelf.get_flow(request.account, asked) if asked else None
    except Flow.DoesNotExist:
        return None


def status(flow: Flow, *, published: bool) -> dict[str, str]:
    """The words and the tone of its tag."""
    if not published:
        return {"words": "Not published yet", "tone": "warn"}
    return {"words": "On", "tone": "good"} if flow.enabled else {"words": "Off", "tone": ""}


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """Its name, and what it begins with."""
    offered = examples.offered(request.account)
    chosen = next((one for one in offered if one.code == request.GET.get("begin")), None)
    form, status_ = FlowAddForm(request.POST or None, initial={"name": chosen.name if chosen else ""}), 200
    form.begin_with(offered, chosen)
    if request.method == "POST":
        status_ = BAD_INPUT
        if form.is_valid():
            begun = next((one for one in offered if one.code == form.cleaned_data.get("begin")), None)
            try:
                made = services.add(
                    account=request.account,
                    terms=form.terms(),
                    steps=begun.steps() if begun else [],
                    key=form.cleaned_data["key"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                status_ = refused(form, refusal)
            else:
                return see_other(request, flow_url(request, made))
    action = reverse("automations:new", args=[request.account.slug])
    return dialog(request, "new", None, {"form": form, "action": action, "back": list_url(request)}, status_)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    found = flow_or_404(request, flow)
    form, status_ = FlowEditForm(request.POST) if request.method == "POST" else FlowEditForm.of(found), 200
    if request.method == "POST":
        status_ = BAD_INPUT
        if form.is_valid():
            try:
                services.edit(
                    account=request.account,
                    flow=found,
                    terms=form.terms(),
                    seen=form.cleaned_data["seen"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                status_ = refused(form, refusal)
                if isinstance(refusal, Stale):  # what they were told of is now what they have seen
                    renew(form, "seen", Terms.of(flow_or_404(request, flow)).seal)
            else:
                messages.success(request, "Saved.")
                return see_other(request, flow_url(request, found))
    action, back = flow_url(request, found, "settings"), flow_url(request, found)
    return dialog(request, "settings", found, {"form": form, "action": action, "back": back}, status_)


@staff(can="automations")
@require_POST
def switch(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """On or off: `on` says which, so that a second click changes nothing. `from` is where one goes back to."""
    found = flow_or_404(request, flow)
    enabled = request.POST.get("on") == "1"
    try:
        services.switch(account=request.account, flow=found, enabled=enabled, actor=request.actor)
    except Refusal as refusal:
        messages.error(request, refusal.wording)
    else:
        on, off = "on: contacts can enter.", "off: nobody new enters, and who is inside goes on."
        messages.success(request, f"“{found.name}” is {on if enabled else off}")
    return see_other(request, list_url(request) if request.POST.get("from") == "list" else flow_url(request, found))


@staff(can="automations")
@require_POST
def duplicate(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """`key`, made when the button was drawn, makes a button pressed twice one copy."""
    found = flow_or_404(request, flow)
    key = as_uuid(request.POST.get("key", ""))
    try:
        made = services.duplicate(account=request.account, flow=found, key=key, actor=request.actor)
    except Refusal as refusal:
        messages.error(request, refusal.wording)
        return see_other(request, list_url(request))
    messages.success(request, f"This is “{made.name}”. It is switched off until you have published it.")
    return see_other(request, flow_url(request, made))


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    found = flow_or_404(request, flow)
    if request.method == "POST":
        services.delete(account=request.account, flow=found, actor=request.actor)
        messages.success(request, f"“{found.name}” is deleted. What it did stays in the histories of contacts.")
        return see_other(request, list_url(request))
    context = {
        "action": flow_url(request, found, "delete"),
        "back": flow_url(request, found),
        "inside": shelf.counts(request.account, [found])[found.pk].inside,
        "used_by": shelf.used_by(request.account, found),
    }
    return dialog(request, "delete", found, context)


def dialog(
    request: StaffRequest, name: str, flow: Flow | None, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """One task: in the dialog where htmx asks for it, else on a page of its own."""
    fragment = f"automations/_flow_{name}.html"
    head = {"flow": flow, "list_url": list_url(request), "flow_url": flow_url(request, flow) if flow else ""}
    return page_or_fragment(
        request,
        page="automations/flow_dialog.html",
        fragment=fragment,
        context={**head, **context, "fragment": fragment},
        status=status,
    )

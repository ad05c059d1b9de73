"""One trigger: when it fires, only if, and what it does; switch, duplicate and delete."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automations.actions import ACTIONS
from automations.forms.conditions import ConditionForms
from automations.forms.occasions import OccasionForm
from automations.occasions import OCCASIONS
from automations.queries.naming import names
from contacts.views.lookup import contact_url
from credits.wording import capital
from simplero.lib.refusals import Refusal, Stale
from simplero.web.access import staff
from simplero.web.forms import refused, renew
from simplero.web.http import BAD_INPUT, StaffRequest, see_other
from triggers import queries
from triggers.forms import KeyForm, NameForm, OnceForm, SeenForm
from triggers.models import Trigger
from triggers.services import hooks
from triggers.services import triggers as services
from triggers.services.triggers import seal_of

from .frame import dialog, head, list_url, status, trigger_or_404, trigger_url, when


@staff(can="automations")
@require_safe
def trigger_(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    nodes = queries.steps(request.account, [found.flow_id]).get(found.flow_id, [])
    known = names(request.account, found.asked, found.conditions, nodes)
    [row] = queries.rows(request.account, [found])
    actions = trigger_url(request, found, "action-add")
    context = {
        **head(request, found),
        "row": row,
        "when": capital(row.when),
        "changeable": bool(OCCASIONS[found.occasion].fields),
        "expiring": found.occasion == "credits.expiring",
        "steps": [
            {
                "key": node["key"],
                "words": words,
                "more": _more(node, known),
                "icon": ACTIONS[node["kind"]].icon,
                "change_url": f"{trigger_url(request, found, 'action-change')}?step={node['key']}",
                "remove_url": f"{trigger_url(request, found, 'action-remove')}?step={node['key']}",
            }
            for node, words in zip(nodes, row.does, strict=True)
        ],
        "order_seal": seal_of([node["key"] for node in nodes]),
        "add_url": actions,
        "kinds": [
            {"label": one.label, "icon": one.icon, "url": f"{actions}?what={one.code}", "code": one.code}
            for one in ACTIONS.values()
        ],
        "last": when(request, found.flow.last_started_at) if found.flow.last_started_at else "",
        "since": when(request, found.on_since) if found.on_since and found.flow.enabled else "",
        "attention_url": f"{trigger_url(request, found, 'log')}?show=attention",
        "hook": _hook(request, found) if found.occasion == hooks.OCCASION else None,
        "key_form": KeyForm(),
    }
    return TemplateResponse(request, "triggers/trigger.html", context)


def _more(node: dict[str, Any], known: Any) -> str:
    """What is to be known of an action beside its words."""
    if node["kind"] != "consume":
        return ""
    return "If the contact is short: skip" if node["settings"]["short"] == "skip" else "If the contact is short: stop and ask for attention"  # fmt: skip


def _hook(request: StaffRequest, trigger: Trigger) -> dict[str, Any]:
    """Its address and what came in there."""
    token = hooks.address_of(request.account, trigger)
    return {
        "url": f"{settings.SITE_URL}{reverse('hook_in', args=[token])}" if token else "",
        "new_url": trigger_url(request, trigger, "address-new"),
        "calls": [
            {
                "at": when(request, call.at),
                "contact": call.contact,
                "url": contact_url(request, call.contact) if call.contact else "",
                "outcome": hooks.OUTCOMES[call.outcome],
                "taken": call.outcome == hooks.TAKEN,
                "call_id": "" if call.call_id.startswith("ours-") else call.call_id,
            }
            for call in queries.last_calls(request.account, trigger)
        ],
    }


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def change_when(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    occasion = OCCASIONS[found.occasion]
    data = request.POST if request.method == "POST" else None
    form = OccasionForm(data, account=request.account, occasion=occasion, settings=found.asked)
    seen, code = SeenForm(data, initial={"seen": seal_of(found.asked)}), 200
    if data is not None:
        code = BAD_INPUT
        if form.is_valid() and seen.is_valid():
            try:
                services.change_when(
                    account=request.account,
                    trigger=found,
                    settings=form.settings(),
                    seen=seen.cleaned_data["seen"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                code = refused(form, refusal)
                if isinstance(refusal, Stale):
                    renew(seen, "seen", seal_of(trigger_or_404(request, trigger).asked))
            else:
                messages.success(request, "Saved. It holds for what happens from now on.")
                return see_other(request, trigger_url(request, found))
    context = {"form": form, "seen": seen, "occasion": occasion}
    return dialog(request, "trigger_when", context, trigger=found, status=code)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def change_only_if(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    data = request.POST if request.method == "POST" else None
    conditions = ConditionForms(data, account=request.account, said=found.conditions)
    form = OnceForm(data, initial={"once": found.flow.once, "seen": _seal(found)})
    code = 200
    if data is not None:
        code = BAD_INPUT
        if conditions.is_valid() and form.is_valid():
            try:
                services.change_only_if(
                    account=request.account,
                    trigger=found,
                    conditions=conditions.said(),
                    once=form.cleaned_data["once"],
                    seen=form.cleaned_data["seen"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                code = refused(form, refusal)
                if isinstance(refusal, Stale):
                    renew(form, "seen", _seal(trigger_or_404(request, trigger)))
            else:
                messages.success(request, "Saved. It holds for what happens from now on.")
                return see_other(request, trigger_url(request, found))
    return dialog(request, "trigger_only_if", {"form": form, "conditions": conditions}, trigger=found, status=code)


def _seal(trigger: Trigger) -> str:
    return seal_of(trigger.conditions, trigger.flow.once)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    data = request.POST if request.method == "POST" else None
    form = NameForm(data, initial={"name": found.flow.name, "seen": seal_of(found.flow.name)})
    code = 200
    if data is not None:
        code = BAD_INPUT
        if form.is_valid():
            try:
                services.rename(account=request.account, trigger=found, **form.cleaned_data, actor=request.actor)
            except Refusal as refusal:
                code = refused(form, refusal)
                if isinstance(refusal, Stale):
                    renew(form, "seen", seal_of(trigger_or_404(request, trigger).flow.name))
            else:
                return see_other(request, trigger_url(request, found))
    return dialog(request, "trigger_name", {"form": form}, trigger=found, status=code)


@staff(can="automations")
@require_POST
def switch(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    """On or off, as the button said that was pressed."""
    found, on = trigger_or_404(request, trigger), request.POST.get("on") == "1"
    try:
        services.switch(account=request.account, trigger=found, on=on, actor=request.actor)
    except Refusal as refusal:
        messages.warning(request, refusal.wording)
        return see_other(request, trigger_url(request, found))
    if on:
        messages.success(request, f"“{found.flow.name}” is on: what happens from now on sets it off.")
    else:
        messages.success(request, f"“{found.flow.name}” is off. What has begun goes on.")
    to = list_url(request) if request.POST.get("back") == "list" else trigger_url(request, found)
    return see_other(request, to)


@staff(can="automations")
@require_POST
def duplicate(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found, form = trigger_or_404(request, trigger), KeyForm(request.POST)
    key = form.cleaned_data["key"] if form.is_valid() else None
    made = services.duplicate(account=request.account, trigger=found, key=key or uuid.uuid4(), actor=request.actor)
    messages.success(request, f"This is a copy of “{found.flow.name}”, switched off.")
    return see_other(request, trigger_url(request, made))


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    if request.method == "POST":
        services.delete(account=request.account, trigger=found, actor=request.actor)
        messages.success(request, f"“{found.flow.name}” is deleted. Its log stays readable.")
        return see_other(request, list_url(request))
    _, waiting = queries.attention(request.account, [found.flow_id]).get(found.flow_id, (0, 0))
    return dialog(request, "trigger_delete", {"waiting": waiting, "state": status(found)}, trigger=found)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def address_new(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    if found.occasion != hooks.OCCASION or found.flow.deleted_at:
        return see_other(request, trigger_url(request, found))
    if request.method == "POST":
        had = hooks.address_of(request.account, found)
        hooks.new_address(account=request.account, trigger=found, actor=request.actor)
        messages.success(
            request,
            "This is its new address. The one before reaches nobody any more." if had else "This is its address.",
        )
        return see_other(request, trigger_url(request, found) + "#address")
    had = hooks.address_of(request.account, found)
    return dialog(request, "trigger_address", {"had": bool(had)}, trigger=found)

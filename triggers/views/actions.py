"""What a trigger does: add an action, change it, put them in order, remove one."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from automations.actions import ACTIONS
from automations.actions.action import Action
from automations.forms.actions import FORMS
from automations.models import Of
from automations.queries.naming import names
from simplero.lib.refusals import Refusal, Stale
from simplero.web.access import staff
from simplero.web.forms import refused, renew
from simplero.web.http import BAD_INPUT, StaffRequest, see_other
from triggers import queries
from triggers.forms import KeyForm, SeenForm
from triggers.models import Trigger
from triggers.services import actions as services
from triggers.services.triggers import seal_of

from .frame import dialog, trigger_or_404, trigger_url

ABOUT = {
    "consume": "Use credits of the contact, as if it had been done by hand.",
    "issue": "Give the contact credits.",
    "tag": "Put a tag on the contact.",
    "untag": "Take a tag off the contact.",
    "start": "Let the contact enter an automation.",
    "stop_automation": "Take the contact out of an automation.",
    "email": "Write to the contact, in your words.",
    "webhook": "Tell another system.",
    "notify": "Write to your team.",
}
"""What each action is, in half a sentence."""


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    """First which action, then its settings."""
    found = trigger_or_404(request, trigger)
    here, kind = trigger_url(request, found, "action-add"), request.GET.get("what", "")
    if kind not in ACTIONS:
        kinds = [
            {
                "code": one.code,
                "label": one.label,
                "icon": one.icon,
                "about": ABOUT[one.code],
                "url": f"{here}?what={one.code}",
            }  # fmt: skip
            for one in ACTIONS.values()
        ]
        return dialog(request, "action_which", {"kinds": kinds}, trigger=found)
    data = request.POST if request.method == "POST" else None
    form, key, code = FORMS[kind](data, account=request.account, of=Of.TRIGGER), KeyForm(data), 200
    if data is not None:
        code = BAD_INPUT
        if form.is_valid() and key.is_valid():
            try:
                services.add(
                    account=request.account,
                    trigger=found,
                    kind=kind,
                    settings=form.settings(),
                    key=key.cleaned_data["key"] or uuid.uuid4(),
                    actor=request.actor,
                )
            except Refusal as refusal:
                code = refused(form, refusal)
            else:
                return see_other(request, trigger_url(request, found) + "#then")
    context = {
        "form": form,
        "hidden": key,
        "kind": ACTIONS[kind],
        "about": ABOUT[kind],
        "action": f"{here}?what={kind}",
        "which_url": here,
        "save": "Add",
    }
    return dialog(request, "action", context, trigger=found, status=code)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    node = _node(request, found)
    if node is None:
        return see_other(request, trigger_url(request, found))
    kind: Action = ACTIONS[node["kind"]]
    data = request.POST if request.method == "POST" else None
    form = FORMS[kind.code](data, account=request.account, settings=node["settings"], of=Of.TRIGGER)
    seen, code = SeenForm(data, initial={"seen": seal_of(node["settings"])}), 200
    if data is not None:
        code = BAD_INPUT
        if form.is_valid() and seen.is_valid():
            try:
                services.change(
                    account=request.account,
                    trigger=found,
                    step=node["key"],
                    settings=form.settings(),
                    seen=seen.cleaned_data["seen"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                code = refused(form, refusal)
                if isinstance(refusal, Stale):
                    renew(seen, "seen", seal_of((_node(request, found) or node)["settings"]))
            else:
                messages.success(request, "Saved. Firings under way end as they began.")
                return see_other(request, trigger_url(request, found) + "#then")
    context = {
        "form": form,
        "hidden": seen,
        "kind": kind,
        "about": ABOUT[kind.code],
        "action": f"{trigger_url(request, found, 'action-change')}?step={node['key']}",
        "save": "Save",
    }
    return dialog(request, "action", context, trigger=found, status=code)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    node = _node(request, found)
    back = trigger_url(request, found)
    if node is None:
        return see_other(request, back)
    if request.method == "POST":
        try:
            services.remove(account=request.account, trigger=found, step=node["key"], actor=request.actor)
        except Refusal as refusal:
            messages.warning(request, refusal.wording)
        return see_other(request, f"{back}#then")
    [words] = queries.does([node], names(request.account, node))
    action = f"{trigger_url(request, found, 'action-remove')}?step={node['key']}"
    return dialog(request, "action_remove", {"words": words, "action": action}, trigger=found)


@staff(can="automations")
@require_POST
def move(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    """Up or down by one place, or, dragged, all into the order that is said. What no page sent moves nothing."""
    found, said = trigger_or_404(request, trigger), request.POST
    common: dict[str, Any] = {"account": request.account, "trigger": found, "actor": request.actor}
    step, _, to = said.get("move", "").partition(":")
    try:
        if said.get("order"):
            order = said["order"].split(" ")[: services.MOST + 1]
            services.arrange(order=order, seen=said.get("seen", ""), **common)
        elif to in ("up", "down"):
            services.move(step=step, up=to == "up", seen=said.get("seen", ""), **common)
    except Refusal as refusal:
        messages.warning(request, refusal.wording)
    return see_other(request, trigger_url(request, found) + "#then")


def _node(request: StaffRequest, trigger: Trigger) -> dict[str, Any] | None:
    """The action that the address names, as it is now."""
    steps = queries.steps(request.account, [trigger.flow_id]).get(trigger.flow_id, [])
    return next((node for node in steps if node["key"] == request.GET.get("step", "")), None)

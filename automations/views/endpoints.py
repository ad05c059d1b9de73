"""Settings → Webhooks: the systems that steps call, their secrets, and what was said to them."""

import json
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automations import calls
from automations.forms.endpoints import EndpointAddForm, EndpointEditForm, EndpointForm, RenewForm, SendForm
from automations.models import Call, CallState, Endpoint, Of
from automations.queries import endpoints as queries
from automations.services import calls as calling
from automations.services import endpoints as services
from simplero.lib.calling import Address, Failed, Forbidden
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal, Stale
from simplero.tenancy.scope import now, scope
from simplero.web.access import staff, staff_outside
from simplero.web.forms import renew
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

PATIENCE = 2.0  # seconds in which a name server says where a new address leads

TONES = {CallState.WAITING: "warn", CallState.DONE: "good", CallState.FAILED: "bad"}


@staff(can="automations")
@require_safe
def webhooks(request: StaffRequest) -> HttpResponse:
    found = list(queries.endpoints(request.account))
    ids = [endpoint.pk for endpoint in found]
    figures, last = queries.figures(request.account, *ids), queries.last_done(request.account, *ids)
    rows = [
        {
            "endpoint": endpoint,
            "url": _url(request, "webhook", endpoint),
            "figures": figures.get(endpoint.pk, queries.Figures()),
            "last": _moment(request, last.get(endpoint.pk)),
            "status": _status(endpoint, called=endpoint.pk in last),
        }
        for endpoint in found
    ]
    context = {"rows": rows, "add_url": _url(request, "webhook-add")}
    return TemplateResponse(request, "automations/webhook_list.html", context)


@staff_outside(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_add(request: StaffRequest) -> HttpResponse:
    form = EndpointAddForm(request.POST or None)

    def add(name: str, address: Address) -> Endpoint:
        key = form.cleaned_data["key"]
        return services.add(account=request.account, name=name, address=address, key=key, actor=request.actor)

    return _form(request, form, add, "Add a webhook", back=_url(request, "webhooks"))


@staff_outside(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_edit(request: StaffRequest, endpoint: uuid.UUID) -> HttpResponse:
    with scope(request.account, read_only=True):
        found = _endpoint_or_404(request, endpoint)

    initial = {"name": found.name, "address": found.url, "seen": services.seal_of(found)}
    form = EndpointEditForm(request.POST or None, initial=initial)

    def change(name: str, address: Address) -> Endpoint:
        seen, actor = form.cleaned_data["seen"], request.actor
        return services.change(
            account=request.account, endpoint=found, name=name, address=address, seen=seen, actor=actor
        )

    return _form(request, form, change, "Edit webhook", back=_url(request, "webhook", found))


def _form(
    request: StaffRequest, form: EndpointForm, save: Callable[[str, Address], Endpoint], title: str, *, back: str
) -> HttpResponse:
    """The dialog of a new or a changed webhook. Where its address leads is asked before anything is kept, outside any scope."""
    status = 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            address = calling.caller().read(form.cleaned_data["address"])
            if words := _leads_nowhere(address):
                form.add_error("address", words)
            else:
                try:
                    with scope(request.account):
                        kept = save(form.cleaned_data["name"], address)
                except Endpoint.DoesNotExist:
                    raise Http404 from None
                except Refusal as refusal:
                    form.add_error(refusal.field, refusal.wording)
                    status = AGAINST_A_RULE
                    if isinstance(refusal, Stale):  # what they were told of is now what they have seen
                        renew(form, "seen", str(form["seen"].initial))
                else:
                    messages.success(request, "Saved.")
                    return see_other(request, _url(request, "webhook", kept))
    context: dict[str, object] = {"form": form, "title": title, "back": back, "action": request.path}
    return page_or_fragment(
        request,
        page="automations/webhook_dialog.html",
        fragment="automations/_webhook_form.html",
        context=context | {"fragment": "automations/_webhook_form.html"},
        status=status,
    )


def _leads_nowhere(address: Address) -> str:
    """What speaks against an address now; "" too when no name server could say: it is looked up again at every call."""
    try:
        calling.caller().find(address, patience=PATIENCE)
    except Forbidden as refusal:
        return refusal.wording
    except Failed as failure:
        return "" if failure.passing else f"{failure.wording} Check the spelling."
    return ""


@staff(can="automations")
@require_safe
def webhook(request: StaffRequest, endpoint: uuid.UUID) -> HttpResponse:
    found = _endpoint_or_404(request, endpoint)
    page = queries.calls(request.account, found, after=_cursor(request.GET.get("after")))
    last = queries.last_done(request.account, found.pk)
    here = _url(request, "webhook", found)
    context = {
        "endpoint": found,
        "status": _status(found, called=bool(last)),
        "last": _moment(request, last.get(found.pk)),
        "figures": queries.figures(request.account, found.pk).get(found.pk, queries.Figures()),
        "rests": found.failures and found.rests_until and found.rests_until > now(),
        "overlap": _moment(request, found.former_until) if found.former_until and found.former_until > now() else "",
        "calls": [_call(request, found, call) for call in page.calls],
        "newer": here if "after" in request.GET else "",
        "older": f"{here}?after={page.older}" if page.older else "",
        "test": SendForm(),
        "example": json.dumps(_EXAMPLE, indent=2),
        "urls": {
            name: _url(request, f"webhook-{name}", found) for name in ("edit", "secret", "renew", "test", "delete")
        },
        "list_url": _url(request, "webhooks"),
    }
    return TemplateResponse(request, "automations/webhook.html", context)


_EXAMPLE = {
    "type": calls.TYPES[Of.AUTOMATION],
    "timestamp": "2026-05-03T09:30:00+00:00",
    "data": {
        "contact": {"id": "0b9cde52-8c1f-4b7e-9f60-2f1f0f7f7a11", "name": "Ann Lee", "email": "ann@example.com"},
        "automation": {"id": "51fe0c1e-6a0d-4c55-8f5e-7d1b3c9a2e44", "name": "Welcome"},
        "event": {"type": "credits.consumed", "at": "2026-05-03T09:29:58+00:00", "amount": -1, "balance": 4},
    },
}


def _call(request: StaffRequest, endpoint: Endpoint, call: Call) -> dict[str, Any]:
    waits = call.state == CallState.WAITING and call.attempts
    return {
        "call": call,
        "tone": TONES[CallState(call.state)],
        "at": _moment(request, call.created_at),
        "what": call.run.flow.name if call.run else "Test call",
        "whose": call.contact.name if call.contact else "",
        "next": _moment(request, call.due) if waits else "",
        "again_url": ""
        if call.state == CallState.WAITING and not call.attempts
        else _url(request, "webhook-call-again", endpoint, call.public_id),
    }


@staff(can="automations")
@require_safe
def webhook_secret(request: StaffRequest, endpoint: uuid.UUID) -> HttpResponse:
    found = _endpoint_or_404(request, endpoint)
    try:
        secret, refusal = services.secret_of(request.account, found), ""
    except Refusal as error:
        secret, refusal = "", error.wording
    return _dialog(request, found, "secret", secret=secret, refusal=refusal)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_renew(request: StaffRequest, endpoint: uuid.UUID) -> HttpResponse:
    found = _endpoint_or_404(request, endpoint)
    form = RenewForm(request.POST or None, initial={"seen": services.seal_of_secret(found)})
    if request.method == "POST":
        seen = form.cleaned_data["seen"] if form.is_valid() else ""
        try:
            services.renew_secret(account=request.account, endpoint=found, seen=seen, actor=request.actor)
        except Endpoint.DoesNotExist:
            raise Http404 from None
        except Stale as refusal:
            messages.info(request, refusal.wording)
        else:
            messages.success(request, "There is a new secret. For 24 hours calls are signed with both.")
        return see_other(request, _url(request, "webhook", found))
    return _dialog(request, found, "renew", form=form)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_delete(request: StaffRequest, endpoint: uuid.UUID) -> HttpResponse:
    found = _endpoint_or_404(request, endpoint)
    if request.method == "POST":
        services.delete(account=request.account, endpoint=found, actor=request.actor)
        messages.success(request, f"“{found.name}” is deleted and is not called any more.")
        return see_other(request, _url(request, "webhooks"))
    waiting = queries.figures(request.account, found.pk).get(found.pk, queries.Figures()).waiting
    return _dialog(request, found, "delete", waiting=waiting)


@staff(can="automations")
@require_POST
def webhook_test(request: StaffRequest, endpoint: uuid.UUID) -> HttpResponse:
    found = _endpoint_or_404(request, endpoint)
    form = SendForm(request.POST)
    key = form.cleaned_data["key"] if form.is_valid() else None
    try:
        services.test(account=request.account, endpoint=found, key=key or uuid.uuid4(), actor=request.actor)
    except Endpoint.DoesNotExist:
        raise Http404 from None
    messages.success(request, "A test call is on its way. Look again in a few seconds.")
    return see_other(request, _url(request, "webhook", found))


@staff(can="automations")
@require_POST
def webhook_call_again(request: StaffRequest, endpoint: uuid.UUID, call: uuid.UUID) -> HttpResponse:
    found = _endpoint_or_404(request, endpoint)
    try:
        wanted = queries.get_call(request.account, found, call)
        calling.send_again(account=request.account, call=wanted, actor=request.actor)
    except Call.DoesNotExist:
        raise Http404 from None
    except Refusal as refusal:
        messages.error(request, refusal.wording)
    else:
        messages.success(request, "The call is on its way again. Look again in a few seconds.")
    return see_other(request, _url(request, "webhook", found))


def _dialog(request: StaffRequest, endpoint: Endpoint, what: str, **more: object) -> HttpResponse:
    fragment = f"automations/_webhook_{what}.html"
    context = {
        "endpoint": endpoint,
        "title": endpoint.name,
        "back": _url(request, "webhook", endpoint),
        "action": request.path,
        "renew_url": _url(request, "webhook-renew", endpoint),
        "fragment": fragment,
        **more,
    }
    return page_or_fragment(request, page="automations/webhook_dialog.html", fragment=fragment, context=context)


def _status(endpoint: Endpoint, *, called: bool) -> dict[str, str]:
    if endpoint.failures:
        return {"tone": "bad", "words": "Does not get through"}
    return {"tone": "good", "words": "Works"} if called else {"tone": "", "words": "Not called yet"}


def _endpoint_or_404(request: StaffRequest, public_id: uuid.UUID) -> Endpoint:
    try:
        return queries.get_endpoint(request.account, public_id)
    except Endpoint.DoesNotExist:
        raise Http404 from None


def _cursor(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def _moment(request: StaffRequest, at: Any) -> str:
    return moment(at, now=now(), zone=ZoneInfo(request.account.time_zone)) if at else ""


def _url(request: StaffRequest, name: str, endpoint: Endpoint | None = None, *args: object) -> str:
    of = [endpoint.public_id] if endpoint else []
    return reverse(f"automations:{name}", args=[request.account.slug, *of, *args])

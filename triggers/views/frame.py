"""What the pages of one trigger share."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse

from automations.occasions import OCCASIONS
from simplero.lib.moments import moment
from simplero.tenancy.scope import now
from simplero.web.http import StaffRequest, page_or_fragment
from triggers import queries
from triggers.models import Trigger

TABS = (("trigger", "Trigger"), ("test", "Test it"), ("log", "Log"))


def trigger_or_404(request: StaffRequest, public_id: uuid.UUID) -> Trigger:
    """A trigger of the request's account, a deleted one too. Raises Http404."""
    try:
        return queries.get_trigger(request.account, public_id)
    except Trigger.DoesNotExist:
        raise Http404 from None


def list_url(request: StaffRequest) -> str:
    return reverse("triggers:triggers", args=[request.account.slug])


def trigger_url(request: StaffRequest, trigger: Trigger, name: str = "trigger") -> str:
    """Where the view `name` of triggers stands for this one."""
    return reverse(f"triggers:{name}", args=[request.account.slug, trigger.public_id])


def status(trigger: Trigger) -> dict[str, str]:
    """The words and the tone of its tag."""
    if trigger.flow.deleted_at:
        return {"words": "Deleted", "tone": ""}
    if trigger.flow.enabled:
        return {"words": "On", "tone": "good"}
    return {"words": "Off" if trigger.on_since else "Draft, off", "tone": "" if trigger.on_since else "warn"}


def head(request: StaffRequest, trigger: Trigger, tab: str = "trigger") -> dict[str, Any]:
    """What every page of one trigger has above its content."""
    return {
        "trigger": trigger,
        "status": status(trigger),
        "deleted": trigger.flow.deleted_at is not None,
        "icon": OCCASIONS[trigger.occasion].icon,
        "url": trigger_url(request, trigger),
        "list_url": list_url(request),
        "tab": tab,
        "tabs": [
            {"label": label, "url": trigger_url(request, trigger, name), "current": name == tab} for name, label in TABS
        ],
    }


def when(request: StaffRequest, at: Any) -> str:
    """An instant as the page says it."""
    return moment(at, now=now(), zone=request.account.zone)


def dialog(
    request: StaffRequest, name: str, context: dict[str, Any], *, trigger: Trigger | None = None, status: int = 200
) -> HttpResponse:
    """A dialog about a trigger, or about the list."""
    fragment = f"triggers/_{name}.html"
    about = head(request, trigger) if trigger else {"list_url": list_url(request)}
    back = trigger_url(request, trigger) if trigger else list_url(request)
    return page_or_fragment(
        request,
        page="triggers/dialog.html",
        fragment=fragment,
        context={**about, "back": back, **context, "fragment": fragment},
        status=status,
    )

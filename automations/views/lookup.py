"""What an address names, or 404: one answer for what is another account's and what never was."""

import uuid
from typing import cast

from django.http import Http404, HttpRequest
from django.urls import reverse

from automations.models import Flow, Of
from automations.queries import flows
from simplero.web.http import StaffRequest


def flow_or_404(request: HttpRequest, public_id: uuid.UUID) -> Flow:
    """An automation that is not deleted."""
    try:
        return flows.get_flow(cast(StaffRequest, request).account, public_id)
    except Flow.DoesNotExist:
        raise Http404 from None


def flow_url(request: HttpRequest, flow: Flow, name: str = "builder") -> str:
    """Where the view `name` of automations stands for this one."""
    return reverse(f"automations:{name}", args=[cast(StaffRequest, request).account.slug, flow.public_id])


def home_url(request: HttpRequest, flow: Flow) -> str:
    """Where one sees what a flow did: the page of the automation, or of the trigger, which has the public id of its flow; "" of an
    automation that is deleted."""
    if flow.of == Of.TRIGGER:
        return reverse("triggers:trigger", args=[cast(StaffRequest, request).account.slug, flow.public_id])
    return "" if flow.deleted_at else flow_url(request, flow, "flow")


def list_url(request: HttpRequest) -> str:
    return reverse("automations:automations", args=[cast(StaffRequest, request).account.slug])

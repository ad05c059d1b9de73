"""What an address names, or 404: one answer for what is another account's and what never was."""

import uuid

from django.http import Http404
from django.urls import reverse

from simplero.bulk.models import Bulk, Kind
from simplero.bulk.queries import jobs
from simplero.tenancy import roles
from simplero.web.http import StaffRequest

NEEDS = {Kind.ISSUE: "credits.issue", Kind.CONSUME: "credits.consume", Kind.TAG: "contacts", Kind.UNTAG: "contacts"}
"""What a member must be allowed for one contact, to do it with many."""


def bulk_or_404(request: StaffRequest, public_id: uuid.UUID) -> Bulk:
    try:
        return jobs.get_bulk(request.account, public_id)
    except Bulk.DoesNotExist:
        raise Http404 from None


def kind_or_404(request: StaffRequest, text: str) -> Kind:
    """A kind of job that this member may start."""
    if text not in Kind.values or not roles.allows(request.membership.role, NEEDS[Kind(text)]):
        raise Http404
    return Kind(text)


def bulk_url(request: StaffRequest, bulk: Bulk, name: str = "job") -> str:
    return reverse(f"bulk:{name}", args=[request.account.slug, bulk.public_id])


def url(request: StaffRequest, name: str) -> str:
    return reverse(f"bulk:{name}", args=[request.account.slug])

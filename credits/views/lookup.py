"""What an address names, or 404: one answer for what is another account's, another contact's, and what never was."""

import uuid
from typing import cast

from django.http import Http404, HttpRequest
from django.urls import reverse

from contacts.models import Contact
from credits import queries
from credits.models import CreditType, Entry, Lot
from simplero.tenancy import roles
from simplero.web.http import StaffRequest


def type_or_404(request: HttpRequest, public_id: uuid.UUID) -> CreditType:
    try:
        return queries.get_type(cast(StaffRequest, request).account, public_id)
    except CreditType.DoesNotExist:
        raise Http404 from None


def lot_or_404(request: HttpRequest, contact: Contact, public_id: uuid.UUID) -> tuple[CreditType, queries.LotView]:
    try:
        return queries.get_lot(cast(StaffRequest, request).account, contact, public_id)
    except Lot.DoesNotExist:
        raise Http404 from None


def use_or_404(request: HttpRequest, contact: Contact, key: uuid.UUID) -> queries.Reversible:
    try:
        found = queries.reversible(cast(StaffRequest, request).account, contact, key)
    except Entry.DoesNotExist:
        raise Http404 from None
    if found.line.kind != "consume":
        raise Http404
    return found


def line_or_none(request: HttpRequest, contact: Contact, key: str) -> queries.Line | None:
    """The entry that `key`, from an address, names; None for anything else."""
    try:
        return queries.line(cast(StaffRequest, request).account, contact, uuid.UUID(key))
    except (ValueError, Entry.DoesNotExist):
        return None


def asked_type(request: HttpRequest, name: str) -> CreditType | None:
    """The type that the field `name` names, None when it is empty or no name at all. Raises Http404 for one that is not here."""
    values = request.POST if request.method == "POST" else request.GET
    try:
        public_id = uuid.UUID(values.get(name, ""))
    except ValueError:
        return None
    return type_or_404(request, public_id)


def may(request: HttpRequest) -> dict[str, bool]:
    """What this member's role allows, by the last word of the permission: read, consume, undo, issue, correct, types."""
    role = cast(StaffRequest, request).membership.role
    return {
        code.removeprefix("credits."): roles.allows(role, code)
        for code in roles.PERMISSIONS
        if code.startswith("credits.")
    }


def address(request: HttpRequest, contact: Contact, name: str, *args: object) -> str:
    """Where the view `name` of credits stands for this contact."""
    return reverse(f"credits:{name}", args=[cast(StaffRequest, request).account.slug, contact.public_id, *args])

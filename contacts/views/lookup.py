"""What an address names, or 404: one answer for what is another account's, another contact's, and what never was."""

import uuid
from typing import cast

from django.http import Http404, HttpRequest
from django.urls import reverse

from contacts import directory, queries
from contacts.models import Contact, ContactNote
from simplero.web.access import SAFE
from simplero.web.http import StaffRequest


def contact_or_404(request: HttpRequest, contact: uuid.UUID) -> Contact:
    """The contact of the request's account with this public id. Raises Http404, and Merged, which leads to whom they were merged into.

    Somebody erased can be looked at, and nothing else: raises Erased where something is to be done.
    """
    account = cast(StaffRequest, request).account
    try:
        found = queries.any_contact(account, contact)
    except Contact.DoesNotExist:
        raise Http404 from None
    if found.merged_into_id is not None or request.method not in SAFE:
        directory.check_there(account=account, contact=found)
    return found


def note_or_404(request: HttpRequest, contact: Contact, note: uuid.UUID) -> ContactNote:
    """A note about `contact`. Raises Http404."""
    try:
        return queries.get_note(cast(StaffRequest, request).account, contact, note)
    except ContactNote.DoesNotExist:
        raise Http404 from None


def contact_url(request: HttpRequest, contact: Contact) -> str:
    return reverse("contacts:contact", args=[cast(StaffRequest, request).account.slug, contact.public_id])


def as_uuid(text: str) -> uuid.UUID | None:
    """A cursor from an address; a spoiled one is as good as none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None

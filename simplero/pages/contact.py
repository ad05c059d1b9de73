"""The contact page, *Contact info*: details, tags, notes and mails from `contacts`, the Credits section from `credits`, the newest
purchases from `products`, what they are inside from `automations`, and the timeline."""

import uuid

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from automations.views.section import section as automations
from contacts.models import Contact
from contacts.views.admin import notes_context, tags_context
from contacts.views.letters import letters_context
from contacts.views.lookup import contact_or_404
from contacts.views.merging import merges_context
from credits import queries as credits
from credits.views.section import section
from products.views.admin.section import section as purchases
from simplero.lib.moments import day
from simplero.tenancy import roles
from simplero.web.access import staff
from simplero.web.http import StaffRequest, page_or_fragment

from . import timeline


@staff(can="contacts")
@require_safe
def contact(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    if found.erased_at is not None:
        return erased(request, found)
    context: dict[str, object] = {
        **tags_context(request, found),
        **notes_context(request, found),
        **letters_context(request, found),
        "since": day(found.created_at.astimezone(request.account.zone).date()),
        "timeline": timeline.read(account=request.account, contact=found, purchases=_sells(request)),
        "purchases": purchases(request, found) if _sells(request) else None,
        "automations": automations(request, found) if roles.allows(request.membership.role, "automations") else None,
        "section": section(request, found),
        **merges_context(request, found),
    }
    return TemplateResponse(request, "pages/contact.html", context)


def erased(request: StaffRequest, contact: Contact) -> TemplateResponse:
    """What is left of somebody erased: numbers."""
    assert contact.erased_at is not None  # noqa: S101
    context = {
        "contact": contact,
        "on": day(contact.erased_at.astimezone(request.account.zone).date()),
        "types": credits.section(request.account, contact),
    }
    return TemplateResponse(request, "pages/contact_erased.html", context)


@staff(can="contacts")
@require_safe
def contact_timeline(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    """The timeline alone, or older parts of it: for htmx the lines that follow, without it a page of them."""
    found = contact_or_404(request, contact)
    context = {
        "contact": found,
        "timeline": timeline.read(
            account=request.account,
            contact=found,
            older=request.GET.get("older", ""),
            purchases=_sells(request),
        ),
    }
    return page_or_fragment(
        request, page="pages/contact_timeline.html", fragment="pages/_timeline.html", context=context
    )


def _sells(request: StaffRequest) -> bool:
    """Whether this member may see purchases."""
    return roles.allows(request.membership.role, "purchases")

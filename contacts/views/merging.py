"""Merging two contacts: who the other one is, what of either is kept and what moves, and undoing it within a day."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts import queries, services
from contacts.errors import Gone
from contacts.forms import MergeForm
from contacts.models import Contact, Merge
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal
from simplero.tenancy import roles
from simplero.tenancy.scope import now
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

from .lookup import as_uuid, contact_or_404, contact_url

FOUND = 8  # contacts that a search offers


@staff(can="contacts.merge")
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    """The contact of the address stays; ?other=… is the one that goes into it."""
    stays = contact_or_404(request, contact)
    if stays.erased_at is not None:
        raise Http404
    goes = _other(request)
    return _whom(request, stays) if goes is None else _details(request, stays, goes)


def _other(request: StaffRequest) -> Contact | None:
    asked = as_uuid(request.GET.get("other", ""))
    if asked is None:
        if request.method == "POST":
            raise Http404
        return None
    try:
        return queries.any_contact(request.account, asked)
    except Contact.DoesNotExist:
        raise Http404 from None


def _whom(request: StaffRequest, stays: Contact) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    here = _here(request, stays)
    found = queries.search(request.account, text=text).exclude(pk=stays.pk).order_by("name_key", "pk")
    rows = list(found[: FOUND + 1]) if text else []
    context = {
        "contact": stays,
        "q": text,
        "found": [{"contact": one, "url": _here(request, stays, one)} for one in rows[:FOUND]],
        "more": len(rows) > FOUND,
        "here": here,
        "back": contact_url(request, stays),
        "fragment": "contacts/_merge_whom.html",
    }
    return _dialog(request, context)


def _details(request: StaffRequest, stays: Contact, goes: Contact) -> HttpResponse:
    done = Merge.objects.filter(public_id=as_uuid(request.POST.get("key", ""))).first()
    if done is not None and (done.source_id, done.target_id) == (goes.pk, stays.pk):
        return see_other(request, contact_url(request, stays))  # a second click: what was asked for is done
    form, status = MergeForm(stays=stays, goes=goes), 200
    if request.method == "POST":
        form, status = MergeForm(request.POST, stays=stays, goes=goes), BAD_INPUT
        if form.is_valid():
            try:
                services.merge(
                    account=request.account,
                    source=goes,
                    target=stays,
                    details=form.details(),
                    key=form.cleaned_data["key"] or uuid.uuid4(),
                    actor=request.actor,
                )
            except Gone as gone:
                if gone.public_id == stays.public_id:
                    raise
                status = refused(form, gone)
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, f"{goes.name} was merged into this contact. You can undo this for a day.")
                return see_other(request, contact_url(request, stays))
    context = {
        "contact": stays,
        "goes": goes,
        "form": form,
        "moves": services.preview(request.account, goes, stays),
        "action": _here(request, stays, goes),
        "swap": _here(request, goes, stays),
        "another": _here(request, stays),
        "back": contact_url(request, stays),
        "fragment": "contacts/_merge.html",
    }
    return _dialog(request, context, status=status)


@staff(can="contacts.merge")
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: StaffRequest, contact: uuid.UUID, merge: uuid.UUID) -> HttpResponse:
    stays = contact_or_404(request, contact)
    row = Merge.objects.select_related("source", "target").filter(public_id=merge, target=stays).first()
    if row is None:
        raise Http404
    why_not, status = "" if row.undone_at else services.why_not_undone(request.account, row), 200
    if request.method == "POST":
        if not why_not:
            services.undo_merge(account=request.account, merge=row, actor=request.actor)
            messages.success(request, f"The merge is undone: {row.source.name} is a contact of its own again.")
            return see_other(request, contact_url(request, stays))
        status = AGAINST_A_RULE
    context = {
        "contact": stays,
        "goes": row.source,
        "merge": row,
        "why_not": why_not,
        "back": contact_url(request, stays),
        "fragment": "contacts/_merge_undo.html",
    }
    return _dialog(request, context, status=status)


def merges_context(request: StaffRequest, contact: Contact) -> dict[str, Any]:
    """What the contact page says of merges that can still be undone: `merges`."""
    may = roles.allows(request.membership.role, "contacts.merge")
    slug, zone = request.account.slug, request.account.zone
    return {
        "may_merge": may,
        "merges": [
            {
                "name": one.source.name,
                "when": moment(one.at, now=now(), zone=zone),
                "undo_url": reverse("contacts:merge-undo", args=[slug, contact.public_id, one.public_id])
                if may
                else "",
            }
            for one in queries.merges_to_undo(request.account, contact, since=now() - services.WITHIN)
        ],
    }


def _here(request: StaffRequest, stays: Contact, goes: Contact | None = None) -> str:
    here = reverse("contacts:merge", args=[request.account.slug, stays.public_id])
    return f"{here}?{urlencode({'other': goes.public_id})}" if goes else here


def _dialog(request: StaffRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return page_or_fragment(
        request, page="contacts/merge.html", fragment=context["fragment"], context=context, status=status
    )

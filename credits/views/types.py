"""Content → Credits: the types of credit, and who holds them."""

import uuid
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from contacts import queries as contacts
from contacts.models import Contact
from contacts.views.lookup import contact_url
from credits import queries, services, wording
from credits.errors import NAME, TypeNameTaken
from credits.forms import TypeEditForm, TypeForm
from credits.models import CreditType
from credits.wording import capital, expiration
from simplero.lib.plurals import plural as plural_of
from simplero.lib.refusals import Refusal, Stale
from simplero.lib.text import one_line
from simplero.web.access import staff
from simplero.web.forms import renew
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

from .lookup import may, type_or_404

HOLDERS = 50  # on a page


def type_url(request: StaffRequest, credit_type: CreditType, name: str = "type") -> str:
    return reverse(f"credits:{name}", args=[request.account.slug, credit_type.public_id])


@staff(can="credits.read")
@require_safe
def types(request: StaffRequest) -> HttpResponse:
    archived = request.GET.get("show") == "archived"
    found = queries.types_with_figures(request.account, archived=archived)
    context = {
        "rows": [
            {
                "type": one,
                "url": type_url(request, one),
                "figures": figures,
                "expiration": capital(expiration(one.expires_after, one.expires_unit)),
                "unit": wording.unit(figures.free, one),
            }
            for one, figures in found
        ],
        "archived": archived,
        # Only then do the other four not add up without it.
        "any_withdrawn": any(figures.withdrawn for _, figures in found),
        "may": may(request),
    }
    return TemplateResponse(request, "credits/type_list.html", context)


@staff(can="credits.types")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    form, status = TypeForm(request.POST or None), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                made = services.add_type(account=request.account, **form.cleaned_data, actor=request.actor)
            except TypeNameTaken as refusal:
                twin = _twin(request, form.cleaned_data)
                if twin:  # sent twice: what was asked for is there
                    return see_other(request, type_url(request, twin))
                form.add_error(refusal.field, refusal.wording)
                status = AGAINST_A_RULE
            else:
                messages.success(request, f"“{made.name}” can be issued now.")
                return see_other(request, type_url(request, made))
    back = reverse("credits:types", args=[request.account.slug])
    return _form(request, form, status, title="Add a new type of credit", action="Create credit", back=back)


def _twin(request: StaffRequest, wanted: dict[str, Any]) -> CreditType | None:
    """The type that is just what the form asks for, if there is one."""
    alike = queries.types(request.account).filter(name=wanted["name"]).first()
    return alike if alike and _is(alike, wanted) else None


def _is(credit_type: CreditType, wanted: dict[str, Any]) -> bool:
    return all(getattr(credit_type, field) == value for field, value in wanted.items())


@staff(can="credits.types")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: StaffRequest, credit_type: uuid.UUID) -> HttpResponse:
    found = type_or_404(request, credit_type)
    form, status = TypeEditForm(request.POST or None, initial=_initial(found)), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                services.edit_type(account=request.account, credit_type=found, **form.cleaned_data, actor=request.actor)
            except Refusal as refusal:
                form.add_error(refusal.field, refusal.wording)
                status = AGAINST_A_RULE
                if isinstance(refusal, Stale):  # what they were told of is now what they have seen
                    found = type_or_404(request, credit_type)
                    renew(form, "seen", services.type_seal(found))
            else:
                messages.success(request, "Saved.")
                return see_other(request, type_url(request, found))
    return _form(request, form, status, title=f"Edit {found.name}", action="Save", back=type_url(request, found), editing=found)  # fmt: skip


def _initial(credit_type: CreditType) -> dict[str, Any]:
    written = {field: getattr(credit_type, field) for field in services.WRITTEN}
    return {**written, "expires_unit": credit_type.expires_unit or "months", "seen": services.type_seal(credit_type)}


def _form(request: StaffRequest, form: Form, status: int, **context: object) -> HttpResponse:
    context = {"form": form, "plural_url": reverse("credits:plural", args=[request.account.slug]), **context}
    return page_or_fragment(
        request, page="credits/type_form.html", fragment="credits/_type_form.html", context=context, status=status
    )


@staff(can="credits.types")
@require_safe
def plural(request: StaffRequest) -> HttpResponse:
    """The field for the plural, with a suggestion unless somebody has written one."""
    typed, suggested = request.GET.get("plural", ""), request.GET.get("suggested", "")
    suggestion = plural_of(one_line(request.GET.get("name", "")))[:NAME]
    value = suggestion if typed in ("", suggested) else typed
    form = TypeForm(initial={"plural": value})
    return TemplateResponse(request, "credits/_plural.html", {"form": form, "suggested": suggestion})


@staff(can="credits.types")
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: StaffRequest, credit_type: uuid.UUID) -> HttpResponse:
    found = type_or_404(request, credit_type)
    if request.method == "POST":
        services.archive_type(account=request.account, credit_type=found, actor=request.actor)
        messages.success(request, f"“{found.name}” is archived. What was issued can still be used.")
        return see_other(request, type_url(request, found))
    return _confirm(request, "archive", found)


@staff(can="credits.types")
@require_http_methods(["GET", "HEAD", "POST"])
def bring_back(request: StaffRequest, credit_type: uuid.UUID) -> HttpResponse:
    found = type_or_404(request, credit_type)
    if request.method == "POST":
        services.bring_back_type(account=request.account, credit_type=found, actor=request.actor)
        messages.success(request, f"“{found.name}” can be issued again.")
        return see_other(request, type_url(request, found))
    return _confirm(request, "bring_back", found)


def _confirm(request: StaffRequest, name: str, credit_type: CreditType) -> HttpResponse:
    free = queries.type_figures(request.account, credit_type).free
    context = {
        "type": credit_type,
        "back": type_url(request, credit_type),
        "free": f"{wording.quantity(free, credit_type)} {'is' if free == 1 else 'are'}" if free else "",
        "fragment": f"credits/_type_{name}.html",
    }
    return page_or_fragment(
        request, page="credits/type_confirm.html", fragment=f"credits/_type_{name}.html", context=context
    )


@staff(can="credits.read")
@require_safe
def type_(request: StaffRequest, credit_type: uuid.UUID) -> HttpResponse:
    found = type_or_404(request, credit_type)
    figures = queries.type_figures(request.account, found)
    # A cursor is a contact, not a number, so that it says nothing of how many there are.
    after, behind = None, request.GET.get("after", "")
    try:
        last = contacts.get_contact(request.account, uuid.UUID(behind)) if behind else None
    except (ValueError, Contact.DoesNotExist):
        last = None
    if last:
        after = (last.name_key, last.pk)
    rows = queries.holders(request.account, found, after=after, limit=HOLDERS)
    more, rows = len(rows) > HOLDERS, rows[:HOLDERS]
    context = {
        "type": found,
        "figures": figures,
        "unit": wording.unit(figures.free, found),
        "expiration": capital(expiration(found.expires_after, found.expires_unit)),
        "holders": [
            {
                "contact": contact,
                "figures": part,
                "unit": wording.unit(part.free, found),
                "url": contact_url(request, contact),
            }
            for contact, part in rows
        ],
        "first": after is None,
        "older": f"{type_url(request, found)}?after={rows[-1][0].public_id}#holders" if more else "",
        "newer": f"{type_url(request, found)}#holders" if after else "",
        "may": may(request),
        "back": reverse("credits:types", args=[request.account.slug]),
    }
    return TemplateResponse(request, "credits/type.html", context)

"""Erasing a contact: what goes and what stays, said before it is done."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts import queries, services
from contacts.errors import Erased, NotErased
from contacts.forms import EraseForm
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import BAD_INPUT, StaffRequest, page_or_fragment, see_other

from .lookup import contact_or_404, contact_url


@staff(can="contacts.merge")
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    try:
        found = contact_or_404(request, contact)
    except Erased:  # a second click: what was asked for is done
        return see_other(request, reverse("contacts:list", args=[request.account.slug]))
    form, status = EraseForm(contact=found), 200
    if request.method == "POST":
        form, status = EraseForm(request.POST, contact=found), BAD_INPUT
        if form.is_valid():
            try:
                services.erase(account=request.account, contact=found, actor=request.actor)
            except NotErased as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, "The contact was erased. The numbers stay.")
                return see_other(request, reverse("contacts:list", args=[request.account.slug]))
    context = {
        "form": form,
        "contact": found,
        "others": queries.merged_names(request.account, found).values(),
        "hindrances": services.hindrances(request.account, found),
        "back": contact_url(request, found),
    }
    return page_or_fragment(
        request, page="contacts/erase.html", fragment="contacts/_erase.html", context=context, status=status
    )

"""The command box, and saved filters: dialogs over the list of contacts."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from credits.wording import capital
from simplero.lib.refusals import Refusal
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import command, queries, services
from .filters import Filter
from .forms import NameForm
from .models import SavedFilter


@staff(can="contacts")
@require_safe
def command_box(request: StaffRequest) -> HttpResponse:
    """What one may jump to: the options of the command box, or without a script a page of its own."""
    typed = Filter.of(request.GET).text
    groups = command.look(request.account, request.membership.role, typed)
    context: dict[str, object] = {
        "typed": typed,
        "groups": groups,
        "number": sum(len(group.places) for group in groups),
    }
    return page_or_fragment(
        request, page="finding/command.html", fragment="finding/_command_options.html", context=context
    )


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def saved_add(request: StaffRequest) -> HttpResponse:
    """The address carries the filter that is to be saved."""
    asked = Filter.of(request.GET)
    form, status = NameForm(request.POST or None), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            name = form.cleaned_data["name"]
            try:
                saved = services.save_filter(account=request.account, name=name, asked=asked, actor=request.actor)
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, f"Saved as “{saved.name}”.")
                return see_other(request, _list(request, asked))
    context: dict[str, object] = {
        "form": form,
        "title": "Save this filter",
        "action": f"{reverse('finding:saved-add', args=[request.account.slug])}?{asked.query()}",
        "words": capital(queries.sentence(request.account, asked)),
        "back": _list(request, asked),
        "button": "Save",
    }
    return _dialog(request, context, status)


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def saved_rename(request: StaffRequest, saved: uuid.UUID) -> HttpResponse:
    found = _saved_or_404(request, saved)
    form, status = NameForm(request.POST or None, initial={"name": found.name}), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            name = form.cleaned_data["name"]
            try:
                services.rename_filter(account=request.account, saved=found, name=name, actor=request.actor)
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, f"The filter is called “{name}” now.")
                return see_other(request, _list(request, Filter.read(found.query)))
    asked = Filter.read(found.query)
    context: dict[str, object] = {
        "form": form,
        "title": f"Rename “{found.name}”",
        "action": reverse("finding:saved-rename", args=[request.account.slug, found.public_id]),
        "words": capital(queries.sentence(request.account, asked)),
        "back": _list(request, asked),
        "button": "Save",
    }
    return _dialog(request, context, status)


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def saved_delete(request: StaffRequest, saved: uuid.UUID) -> HttpResponse:
    found = _saved_or_404(request, saved)
    asked = Filter.read(found.query)
    if request.method == "POST":
        services.delete_filter(account=request.account, saved=found, actor=request.actor)
        messages.success(request, f"“{found.name}” is deleted. The contacts are as they were.")
        return see_other(request, _list(request, asked))
    context: dict[str, object] = {
        "title": f"Delete “{found.name}”?",
        "action": reverse("finding:saved-delete", args=[request.account.slug, found.public_id]),
        "words": "Nobody of the account will see this filter any more. The contacts it shows stay as they are.",
        "back": _list(request, asked),
        "button": "Delete",
        "danger": True,
    }
    return _dialog(request, context, 200)


def _saved_or_404(request: StaffRequest, public_id: uuid.UUID) -> SavedFilter:
    try:
        return SavedFilter.objects.get(public_id=public_id)
    except SavedFilter.DoesNotExist:
        raise Http404 from None


def _list(request: StaffRequest, asked: Filter) -> str:
    query = asked.query()
    return reverse("contacts:list", args=[request.account.slug]) + (f"?{query}" if query else "")


def _dialog(request: StaffRequest, context: dict[str, object], status: int) -> HttpResponse:
    return page_or_fragment(
        request, page="finding/saved.html", fragment="finding/_saved.html", context=context, status=status
    )

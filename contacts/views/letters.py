"""Letters for staff: what each kind says and whether it is sent (Settings → Mails), and those that went to one contact."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts import letters, queries, services
from contacts.forms import LetterForm
from contacts.letters import Words
from contacts.models import Contact, Letter
from contacts.queries import LetterView
from contacts.wording import KINDS, Kind
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal
from simplero.tenancy.scope import now
from simplero.web.access import staff
from simplero.web.http import StaffRequest, page_or_fragment, see_other

from .admin import refused
from .lookup import as_uuid, contact_or_404, contact_url

NEWEST = 10  # on the contact page
PAGE = 50


@staff(can="settings")
@require_safe
def kinds(request: StaffRequest) -> HttpResponse:
    return TemplateResponse(request, "contacts/letter_kinds.html", {"kinds": letters.words(request.account)})


@staff(can="settings")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: StaffRequest, kind: str) -> HttpResponse:
    """What one kind of letter says, beside what a customer would read; `preview` in the form shows that and keeps nothing."""
    one = KINDS[kind]
    spoken = letters.words_of(request.account, one)
    form, status = LetterForm.of(spoken), 200
    if request.method == "POST":
        form, status = LetterForm(request.POST, kind=one), 422
        if "preview" in request.POST:
            status = 200
        elif form.is_valid():
            try:
                services.reword_letter(
                    account=request.account,
                    kind=one,
                    subject=form.cleaned_data["subject"],
                    text=form.cleaned_data["text"],
                    seen=form.cleaned_data["seen"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                renewed = LetterForm.of(letters.words_of(request.account, one)).initial["seen"]
                status = refused(request, form, refusal, seen=str(renewed))
            else:
                messages.success(request, f"{one.name} mails say what you wrote from now on.")
                return see_other(request, kinds_url(request))
    typed = Words(one, form.typed("subject"), form.typed("text"), own=spoken.own, enabled=spoken.enabled)
    context = {
        "words": spoken,
        "form": form,
        "samples": [(f"{{{name}}}", sample) for name, sample in letters.sample_values(one, request.account).items()],
        "shown": letters.preview(typed, request.account),
        "previewed": "preview" in request.POST,
        "here": letter_url("edit", request, one),
        "back": kinds_url(request),
    }
    if request.htmx and "preview" in request.POST:
        return TemplateResponse(request, "contacts/_letter_preview.html", context)
    return TemplateResponse(request, "contacts/letter_edit.html", context, status=status)


@staff(can="settings")
@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: StaffRequest, kind: str) -> HttpResponse:
    """Back to our words, once that is confirmed: the account's own are gone then."""
    one = KINDS[kind]
    if request.method == "POST":
        services.restore_letter(account=request.account, kind=one, actor=request.actor)
        messages.success(request, f"{one.name} mails say what we wrote again.")
        return see_other(request, kinds_url(request))
    return page_or_fragment(
        request,
        page="contacts/letter_restore.html",
        fragment="contacts/_letter_restore.html",
        context={"kind": one, "back": letter_url("edit", request, one)},
    )


@staff(can="settings")
@require_POST
def switch(request: StaffRequest, kind: str) -> HttpResponse:
    """Send this kind of letter (`enabled` in the form) or none of it."""
    one = KINDS[kind]
    enabled = bool(request.POST.get("enabled"))
    try:
        services.switch_letter(account=request.account, kind=one, enabled=enabled, actor=request.actor)
    except Refusal as refusal:
        messages.error(request, refusal.wording)
    else:
        messages.success(request, f"{one.name} mails are {'sent' if enabled else 'not sent'} from now on.")
    return see_other(request, kinds_url(request))


@staff(can="contacts")
@require_safe
def of_contact(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    """All letters to one contact, the newest first."""
    found = contact_or_404(request, contact)
    rows = queries.letters(request.account, contact=found, before=as_uuid(request.GET.get("before", "")), most=PAGE + 1)
    context = {
        "contact": found,
        "letters": shown(request, rows[:PAGE]),
        "older": rows[PAGE - 1].public_id if len(rows) > PAGE else None,
        "back": contact_url(request, found),
    }
    return TemplateResponse(request, "contacts/letter_list.html", context)


@staff(can="contacts")
@require_safe
def letter(request: StaffRequest, contact: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """One letter as it was sent. One that lets somebody in, and one that has no mail, are not there to read."""
    found = contact_or_404(request, contact)
    try:
        view = queries.letter(request.account, found, letter)
    except Letter.DoesNotExist:
        raise Http404 from None
    if view.message is None:
        raise Http404
    [one] = shown(request, [view])
    context = {"contact": found, "letter": one, "mail": view.message, "back": contact_url(request, found)}
    return TemplateResponse(request, "contacts/letter_show.html", context)


def letters_context(request: StaffRequest, contact: Contact) -> dict[str, object]:
    """What `contacts/_letters.html` shows: the newest letters to `contact`."""
    return {"letters": shown(request, queries.letters(request.account, contact=contact, most=NEWEST))}


def shown(request: StaffRequest, rows: list[LetterView]) -> list[dict[str, object]]:
    """Letters as pages list them; `url` is empty where staff may not read the message."""
    zone = request.account.zone
    return [
        {
            "view": row,
            "when": moment(row.at, now=now(), zone=zone),
            "url": reverse("contacts:letter", args=[request.account.slug, row.contact.public_id, row.public_id])
            if row.message
            else "",
        }
        for row in rows
    ]


def kinds_url(request: StaffRequest) -> str:
    return reverse("letters:kinds", args=[request.account.slug])


def letter_url(name: str, request: StaffRequest, kind: Kind) -> str:
    return reverse(f"letters:{name}", kwargs={"slug": request.account.slug, "kind": kind.code})

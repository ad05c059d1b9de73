"""Staff pages that change contacts. The list and the contact page show other rooms' things too, so they stand in `simplero.pages`."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from contacts import queries, services
from contacts.errors import EmailTaken
from contacts.forms import ContactAddForm, ContactEditForm, NoteAddForm, NoteEditForm, TagForm
from contacts.models import Contact, ContactNote, Tag
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal, Stale, Unacceptable
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import now
from simplero.web.access import staff
from simplero.web.forms import renew
from simplero.web.http import StaffRequest, page_or_fragment, see_other

from .lookup import as_uuid, contact_or_404, contact_url, note_or_404

CHANGED = "contact-changed"  # tells the page that its timeline has grown


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    status = 200
    form = ContactAddForm(request.POST or None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                contact = services.add_contact(
                    account=request.account, details=form.details(), actor=request.actor, key=form.cleaned_data["key"]
                )
            except Refusal as refusal:
                status = refused(request, form, refusal)
            else:
                messages.success(request, f"{contact.name} was added.")
                return see_other(request, contact_url(request, contact))
    context: dict[str, object] = {"form": form, "back": reverse("contacts:list", args=[request.account.slug])}
    return page_or_fragment(
        request, page="contacts/contact_add.html", fragment="contacts/_contact_add.html", context=context, status=status
    )


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    form, status = ContactEditForm.of(found), 200
    if request.method == "POST":
        form, status = ContactEditForm(request.POST), 422
        if form.is_valid():
            try:
                services.edit_contact(
                    account=request.account,
                    contact=found,
                    details=form.details(),
                    seen=form.cleaned_data["seen"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                # What they were told of is now what they have seen: saving again is a decision.
                renewed = ContactEditForm.of(contact_or_404(request, contact)).initial["seen"]
                status = refused(request, form, refusal, seen=str(renewed))
            else:
                return see_other(request, contact_url(request, found))
    return page_or_fragment(
        request,
        page="contacts/contact_edit.html",
        fragment="contacts/_contact_edit.html",
        context={"form": form, "contact": found, "back": contact_url(request, found)},
        status=status,
    )


@staff(can="contacts")
@require_POST
def tag_add(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    form, status = TagForm(request.POST), 422
    if form.is_valid():
        try:
            services.add_tag(account=request.account, contact=found, name=form.cleaned_data["tag"], actor=request.actor)
        except Refusal as refusal:
            status = refused(request, form, refusal)
        else:
            return tags_changed(request, found, focus="field")
    return tags(request, found, form=form, focus="field", status=status)


@staff(can="contacts")
@require_POST
def tag_remove(request: StaffRequest, contact: uuid.UUID, tag: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    try:
        removed = queries.get_tag(request.account, tag)
    except Tag.DoesNotExist:
        raise Http404 from None
    services.remove_tag(account=request.account, contact=found, tag=removed, actor=request.actor)
    return tags_changed(request, found, focus="tags")


def tags_changed(request: StaffRequest, contact: Contact, *, focus: str) -> HttpResponse:
    if not request.htmx:
        return see_other(request, contact_url(request, contact) + "#info")
    return trigger_client_event(tags(request, contact, form=TagForm(), focus=focus), CHANGED)


def tags(request: StaffRequest, contact: Contact, *, form: TagForm, focus: str, status: int = 200) -> TemplateResponse:
    """The tags with their forms. What had the focus is replaced: for htmx it goes to the "field" or to the "tags" as a whole."""
    if focus == "field":
        form.fields["tag"].widget.attrs["autofocus"] = True
    context = {
        **tags_context(request, contact),
        "tag_form": form,
        "focus": focus,
        "back": contact_url(request, contact),
    }
    return page_or_fragment(
        request, page="contacts/tag_add.html", fragment="contacts/_tags.html", context=context, status=status
    )


def tags_context(request: StaffRequest, contact: Contact) -> dict[str, object]:
    """What `contacts/_tags.html` shows."""
    return {
        "contact": contact,
        "tags": queries.tags(request.account, contact),
        "known_tags": queries.tags_in_use(request.account),
        "tag_form": TagForm(),
    }


@staff(can="contacts")
@require_safe
def notes(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    """Older notes: for htmx the next few, to stand under those shown; without it a page of them."""
    found = contact_or_404(request, contact)
    return page_or_fragment(
        request,
        page="contacts/note_list.html",
        fragment="contacts/_note_items.html",
        context={
            **notes_context(request, found, before=request.GET.get("before", "")),
            "back": contact_url(request, found),
        },
    )


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def note_add(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    form, status = NoteAddForm(), 200
    if request.method == "POST":
        form, status = NoteAddForm(request.POST), 422
        if form.is_valid():
            try:
                services.add_note(
                    account=request.account,
                    contact=found,
                    text=form.cleaned_data["text"],
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                )
            except Refusal as refusal:
                status = refused(request, form, refusal)
            else:
                return see_other(request, contact_url(request, found))
    return page_or_fragment(
        request,
        page="contacts/note_add.html",
        fragment="contacts/_note_add.html",
        context={"form": form, "contact": found, "back": contact_url(request, found)},
        status=status,
    )


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def note_edit(request: StaffRequest, contact: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    its = note_or_404(request, found, note)
    form, status = NoteEditForm.of(its), 200
    if request.method == "POST":
        form, status = NoteEditForm(request.POST), 422
        if form.is_valid():
            try:
                services.edit_note(
                    account=request.account,
                    note=its,
                    text=form.cleaned_data["text"],
                    seen=form.cleaned_data["seen"],
                    actor=request.actor,
                )
            except ContactNote.DoesNotExist:
                raise Http404 from None
            except Refusal as refusal:
                renewed = NoteEditForm.of(note_or_404(request, found, note)).initial["seen"]
                status = refused(request, form, refusal, seen=str(renewed))
            else:
                return see_other(request, contact_url(request, found))
    return page_or_fragment(
        request,
        page="contacts/note_edit.html",
        fragment="contacts/_note_edit.html",
        context={"form": form, "contact": found, "note": its, "back": contact_url(request, found)},
        status=status,
    )


@staff(can="contacts")
@require_http_methods(["GET", "HEAD", "POST"])
def note_delete(request: StaffRequest, contact: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    try:
        its = note_or_404(request, found, note)
    except Http404:
        if request.method == "POST" and queries.note_was_deleted(request.account, found, note):
            return see_other(request, contact_url(request, found))  # a second click: what was asked for is done
        raise
    if request.method == "POST":
        services.delete_note(account=request.account, note=its, actor=request.actor)
        return see_other(request, contact_url(request, found))
    return page_or_fragment(
        request,
        page="contacts/note_delete.html",
        fragment="contacts/_note_delete.html",
        context={"contact": found, "note": its, "back": contact_url(request, found)},
    )


def notes_context(request: StaffRequest, contact: Contact, *, before: str = "") -> dict[str, object]:
    """What `contacts/_note_items.html` shows: the newest notes, or those older than the one whose public id is `before`."""
    shown, more = queries.notes(request.account, contact, before=as_uuid(before))
    return {
        "contact": contact,
        "notes": listed(request, shown),
        "older_notes": shown[-1].public_id if more else None,
    }


@dataclass(frozen=True, slots=True)
class ListedNote:
    """A note as the page shows it."""

    public_id: uuid.UUID
    text: str
    who: str
    when: str
    edited: bool


def listed(request: StaffRequest, notes: list[ContactNote]) -> list[ListedNote]:
    names = actor_names(Actor("user", note.author_id) for note in notes)
    zone = request.account.zone
    return [
        ListedNote(
            public_id=note.public_id,
            text=note.text,
            who=names[Actor("user", note.author_id)],
            when=moment(note.created_at, now=now(), zone=zone),
            edited=note.edited_at is not None,
        )
        for note in notes
    ]


def refused(request: StaffRequest, form: Form, refusal: Refusal, *, seen: str = "") -> int:
    """Put a refusal on the form, which keeps what was typed, and say the status to answer with.

    After Stale the form carries `seen`, the seal of what is stored now.
    """
    wording: str = refusal.wording
    if isinstance(refusal, EmailTaken):
        url = reverse("contacts:contact", args=[request.account.slug, refusal.public_id])
        wording = format_html('{} <a class="link" href="{}">Open that contact</a>', wording, url)
    form.add_error(refusal.field if refusal.field in form.fields else None, wording)
    if isinstance(refusal, Stale):
        renew(form, "seen", seen)
    return 422 if isinstance(refusal, Unacceptable) else 409

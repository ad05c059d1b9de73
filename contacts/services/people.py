"""What staff do with contacts, their tags and notes."""

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import Truncator

from contacts import directory, events
from contacts.directory import Details
from contacts.errors import EmailTaken
from contacts.models import Contact, ContactNote, Tag
from simplero.lib.refusals import Stale
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import now, require


@transaction.atomic
def add_contact(*, account: Any, details: Details, actor: Actor, key: uuid.UUID | None = None) -> Contact:
    """A new contact; `key`, made when the form was rendered, makes a form sent twice one contact.

    The same key with other details (a page gone back to) is another contact. Raises Unacceptable and EmailTaken.
    """
    require(account)
    known = Contact.objects.filter(public_id=key).first() if key else None
    if known is None:
        try:
            with transaction.atomic():
                return directory.create(account=account, details=details, actor=actor, public_id=key)
        except (IntegrityError, EmailTaken):  # perhaps the same form at the same moment, and the other one was first
            known = Contact.objects.filter(public_id=key).first()
            if known is None:
                raise
    if Details.of(known) == details.cleaned():
        return known
    return directory.create(account=account, details=details, actor=actor)


@transaction.atomic
def edit_contact(*, account: Any, contact: Contact, details: Details, seen: str, actor: Actor) -> Contact:
    """Write `details` over those of `contact`; `seen` is the seal of the details the person started from.

    Raises Stale when they are no longer those, Unacceptable and EmailTaken.
    """
    contact = directory.lock(account=account, contact=contact)
    current = Details.of(contact)
    if seen != current.seal and details.cleaned() != current:
        raise Stale(
            "Somebody else changed this contact while you were typing: it now says "
            f"{_said(current)}. What you typed is still here; save again to keep it instead."
        )
    directory.change(account=account, contact=contact, details=details, actor=actor)
    return contact


@transaction.atomic
def add_tag(*, account: Any, contact: Contact, name: str, actor: Actor) -> Tag:
    """Put a tag on a contact, made on its first use; "VIP" and "vip" are one. Raises Unacceptable and TooMany."""
    contact = directory.lock(account=account, contact=contact)
    return directory.tag(account=account, contact=contact, name=name, actor=actor)


@transaction.atomic
def remove_tag(*, account: Any, contact: Contact, tag: Tag, actor: Actor) -> None:
    """Take a tag off a contact; one that is not on it is no error."""
    contact = directory.lock(account=account, contact=contact)
    directory.untag(account=account, contact=contact, tag=tag, actor=actor)


@transaction.atomic
def add_note(*, account: Any, contact: Contact, text: str, actor: Actor, key: uuid.UUID | None = None) -> ContactNote:
    """Write a note about a contact; `key`, made when the form was rendered, makes a form sent twice one note. Raises Unacceptable."""
    account_id = require(account)
    kept = directory.cleaned("note", text)
    contact = directory.lock(
        account=account, contact=contact
    )  # so that the second of two equal forms finds the first's note
    known = ContactNote.objects.filter(public_id=key).first() if key else None
    if known is not None and known.contact_id == contact.pk and known.text == kept:
        return known
    note = ContactNote(account_id=account_id, contact=contact, text=kept, author_id=_author(actor), created_at=now())
    if key is not None and known is None:
        note.public_id = key
    note.save()
    outbox.record(account=account, fact=events.NoteAdded(contact.pk, note.pk), actor=actor)
    return note


@transaction.atomic
def edit_note(*, account: Any, note: ContactNote, text: str, seen: str, actor: Actor) -> ContactNote:
    """Write `text` over a note; `seen` is the seal of the text the person started from. Raises Stale and Unacceptable."""
    require(account)
    kept = directory.cleaned("note", text)
    note = ContactNote.objects.select_for_update().get(pk=note.pk)
    if kept == note.text:
        return note
    if seen != seal(note.text):
        raise Stale(
            f"Somebody else changed this note while you were typing. It now says: “{Truncator(note.text).chars(300)}” "
            "What you typed is still here; save again to keep it instead."
        )
    note.text, note.edited_at = kept, now()
    note.save(update_fields=["text", "edited_at"])
    outbox.record(account=account, fact=events.NoteEdited(note.contact_id, note.pk), actor=actor)
    return note


@transaction.atomic
def delete_note(*, account: Any, note: ContactNote, actor: Actor) -> None:
    """Erase a note for good; a note that is gone already is no error."""
    require(account)
    gone, _ = ContactNote.objects.filter(pk=note.pk).delete()
    if gone:
        outbox.record(
            account=account, fact=events.NoteDeleted(note.contact_id, note.pk, str(note.public_id)), actor=actor
        )


def _said(details: Details) -> str:
    parts = [details.name, details.email or "no email", details.phone or "no phone", details.company or "no company"]
    return ", ".join(f"“{part}”" if not part.startswith("no ") else part for part in parts)


def _author(actor: Actor) -> int | None:
    return actor.id if actor.kind == "user" else None

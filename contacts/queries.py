"""Reading contacts. Every function runs in the account's open scope and sees that account only."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from simplero.lib.folding import words
from simplero.mail.models import FAILED, LATE, SENT, Message
from simplero.outbox.models import Event
from simplero.tenancy.scope import require

from .events import NoteDeleted
from .models import NO_ADDRESS, OFF, Contact, ContactNote, ContactTag, ContactWord, Letter, Merge, Tag
from .wording import FREE, KINDS

PAGE = 50  # contacts on a page of the list
NOTES = 5  # notes shown at once
SEARCH_WORDS = 8  # of a search; more are left out

_LAST = "\U0010ffff"  # sorts after every letter, so [x, x + _LAST) is all that begins with x


def contacts(account: Any) -> QuerySet[Contact]:
    """All contacts of `account`, without those who were merged into another or erased."""
    return Contact.objects.filter(account_id=require(account), merged_into__isnull=True, erased_at__isnull=True)


def get_contact(account: Any, public_id: uuid.UUID) -> Contact:
    """The contact whose address ends in `public_id`. Raises Contact.DoesNotExist, also for one who was merged or erased."""
    return contacts(account).get(public_id=public_id)


def any_contact(account: Any, public_id: uuid.UUID) -> Contact:
    """As `get_contact`, also one who was merged into another or erased. Raises Contact.DoesNotExist."""
    return Contact.objects.get(account_id=require(account), public_id=public_id)


def with_email(account: Any, email_key: str) -> Contact | None:
    """Whose address this is, folded by `directory.email_key`; an address of somebody merged since is the address of who stayed."""
    found = Contact.objects.filter(account_id=require(account), email_key=email_key).first() if email_key else None
    return stands_for(account, found) if found else None


def with_emails(account: Any, email_keys: Collection[str]) -> dict[str, Contact]:
    """`with_email` of many: by address, whose it is; an address that is nobody's is left out."""
    asked = {key for key in email_keys if key}
    found = {one.email_key: one for one in Contact.objects.filter(account_id=require(account), email_key__in=asked)}
    if merged := {one.pk for one in found.values() if one.merged_into_id is not None}:
        ends = stand_for(account, merged)
        stay = Contact.objects.in_bulk(list(ends.values()))
        found |= {key: stay[ends[one.pk]] for key, one in found.items() if one.pk in merged}
    return found


def stands_for(account: Any, contact: Contact) -> Contact:
    """Who stands for `contact`: whom it was merged into, and so on, or itself."""
    if contact.merged_into_id is None:
        return contact
    return Contact.objects.get(pk=stand_for(account, [contact.pk])[contact.pk])


def stand_for(account: Any, ids: Collection[int]) -> dict[int, int]:
    """Who stands for each of these contacts, by id: see `stands_for`. An id that is no contact's is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE way(first, id, next) AS (
                 SELECT id, id, merged_into_id FROM contacts_contact WHERE account_id = %(account)s AND id = ANY (%(ids)s)
                  UNION ALL
                 SELECT way.first, c.id, c.merged_into_id FROM way
                   JOIN contacts_contact c ON c.account_id = %(account)s AND c.id = way.next)
               SELECT first, id FROM way WHERE next IS NULL""",
            {"account": require(account), "ids": list(ids)},
        )
        return dict(cursor.fetchall())


def selves(account: Any, contact: Contact) -> list[int]:
    """The ids of `contact` and of all who were merged into it, or into one of those: whose history is its history."""
    return selves_of(account, [contact.pk])[contact.pk]


def selves_of(account: Any, ids: Collection[int]) -> dict[int, list[int]]:
    """`selves` of each of these contacts, itself first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE self(whole, id, depth) AS (
                 SELECT id, id, 0 FROM unnest(%(ids)s::bigint[]) AS id
                  UNION ALL
                 SELECT self.whole, c.id, depth + 1 FROM self
                   JOIN contacts_contact c ON c.account_id = %(account)s AND c.merged_into_id = self.id)
               SELECT whole, array_agg(id ORDER BY depth, id) FROM self GROUP BY whole""",
            {"account": require(account), "ids": list(ids)},
        )
        return dict(cursor.fetchall())


def addresses(account: Any, contact: Contact) -> list[str]:
    """The folded addresses that lead to `contact`: its own, and those of who were merged into it."""
    keys = Contact.objects.filter(pk__in=selves(account, contact)).values_list("email_key", flat=True)
    return [key for key in keys if key]


def all_addresses(account: Any, ids: Collection[int]) -> dict[str, int]:
    """The folded addresses that lead to each of these contacts, see `addresses`: by address whose it is."""
    whose = {pk: whole for whole, selves in selves_of(account, ids).items() for pk in selves}
    rows = Contact.objects.filter(pk__in=list(whose)).exclude(email_key="").values_list("email_key", "pk")
    return {key: whose[pk] for key, pk in rows}


def merged_names(account: Any, contact: Contact) -> dict[int, str]:
    """What those are called who were merged into `contact`, by id."""
    others = [pk for pk in selves(account, contact) if pk != contact.pk]
    return dict(Contact.objects.filter(pk__in=others).values_list("pk", "name")) if others else {}


def get_note(account: Any, contact: Contact, public_id: uuid.UUID) -> ContactNote:
    """One of `contact`'s notes. Raises ContactNote.DoesNotExist."""
    return ContactNote.objects.get(account_id=require(account), contact=contact, public_id=public_id)


def note_was_deleted(account: Any, contact: Contact, public_id: uuid.UUID) -> bool:
    """Whether `contact` once had a note of that public id which somebody has deleted."""
    deleted = Event.objects.filter(account_id=require(account), contact_id=contact.pk, kind=NoteDeleted.kind)
    return deleted.filter(body__note=str(public_id)).exists()


def get_tag(account: Any, public_id: uuid.UUID) -> Tag:
    """A tag. Raises Tag.DoesNotExist."""
    return Tag.objects.get(account_id=require(account), public_id=public_id)


def search(account: Any, *, text: str = "", tag: uuid.UUID | None = None) -> QuerySet[Contact]:
    """The contacts with, for each word of `text`, a word of name, address or tags that begins with it, case and accents aside."""
    found = contacts(account)
    if text:
        wanted = words(text)[:SEARCH_WORDS]
        for word in wanted:
            found = found.filter(pk__in=ids_by_word(account, word))
        if not wanted:
            return found.none()
    if tag is not None:
        found = found.filter(pk__in=ContactTag.objects.filter(tag__public_id=tag).values("contact_id"))
    return found


def ids_by_word(account: Any, word: str) -> QuerySet[Any]:
    """The ids of contacts with a word of name, address or tags that begins with `word`, folded; an id may come several times."""
    return ContactWord.objects.filter(account_id=require(account), word__gte=word, word__lt=word + _LAST).values(
        "contact_id"
    )


def ids_by_tag(account: Any, tag_id: int) -> QuerySet[Any]:
    """The ids of contacts who bear a tag."""
    return ContactTag.objects.filter(account_id=require(account), tag=tag_id).values("contact_id")


def ids_by_added(account: Any, since: datetime | None, until: datetime | None) -> QuerySet[Any]:
    """The ids of contacts who were added at `since` or later and before `until`."""
    found = contacts(account)
    if since is not None:
        found = found.filter(created_at__gte=since)
    return (found if until is None else found.filter(created_at__lt=until)).values("pk")


def tags_by_contact(account: Any, contact_ids: Collection[int]) -> dict[int, list[Tag]]:
    """The tags of each of these contacts, by name."""
    tags: dict[int, list[Tag]] = {}
    taggings = ContactTag.objects.filter(account_id=require(account), contact_id__in=contact_ids)
    for tagging in taggings.select_related("tag").order_by("tag__name_key"):
        tags.setdefault(tagging.contact_id, []).append(tagging.tag)
    return tags


def tags(account: Any, contact: Contact) -> list[Tag]:
    """The tags on `contact`, by name."""
    return tags_by_contact(account, [contact.pk]).get(contact.pk, [])


def tags_in_use(account: Any) -> list[Tag]:
    """The tags that at least one contact has, by name."""
    used = Exists(ContactTag.objects.filter(tag=OuterRef("pk")))
    return list(Tag.objects.filter(used, account_id=require(account)).order_by("name_key"))


def tag_names(account: Any, ids: Collection[int]) -> dict[int, str]:
    """What these tags are called."""
    return dict(Tag.objects.filter(account_id=require(account), pk__in=ids).values_list("pk", "name"))


def merges_to_undo(account: Any, contact: Contact, *, since: datetime) -> list[Merge]:
    """Merges into `contact` since then that have not been undone, the newest first: only that one can be undone."""
    found = Merge.objects.filter(account_id=require(account), target=contact, undone_at__isnull=True, at__gt=since)
    return list(found.select_related("source").order_by("-pk"))


def contact_names(account: Any, ids: Collection[int]) -> dict[int, str]:
    """What these contacts are called, merged ones too."""
    found = Contact.objects.filter(account_id=require(account), pk__in=ids)
    return dict(found.values_list("pk", "name")) if ids else {}


def notes(account: Any, contact: Contact, *, before: uuid.UUID | None = None) -> tuple[list[ContactNote], bool]:
    """The newest notes about `contact`, or those older than the note `before`; and whether there are older ones still."""
    found = ContactNote.objects.filter(account_id=require(account), contact=contact)
    if before is not None:
        at = found.filter(public_id=before).first()
        if at is not None:
            found = found.filter(Q(created_at__lte=at.created_at) & (Q(created_at__lt=at.created_at) | Q(pk__lt=at.pk)))
    taken = list(found.order_by("-created_at", "-id")[: NOTES + 1])
    return taken[:NOTES], len(taken) > NOTES


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter and what has become of its mail. `message` is None where staff may not read it, or there is none."""

    public_id: uuid.UUID
    kind: str  # its name
    subject: str  # "" where there is no mail
    at: datetime
    state: str  # "Sent", "Waiting", "Not sent: no email address", …
    tone: str  # of a tag
    message: Message | None
    contact: Contact
    source: str
    source_id: str


def letters(
    account: Any,
    *,
    contact: Contact | None = None,
    source: str = "",
    source_id: str = "",
    before: uuid.UUID | None = None,
    most: int = PAGE,
) -> list[LetterView]:
    """Letters, the newest first: those to `contact`, those about a `source`, those older than the letter `before`."""
    found = Letter.objects.filter(account_id=require(account)).select_related("contact")
    if contact is not None:
        found = found.filter(contact=contact)
    if source:
        found = found.filter(source=source, source_id=source_id)
    at = found.filter(public_id=before).first() if before else None
    if at is not None:
        found = found.filter(Q(created_at__lte=at.created_at) & (Q(created_at__lt=at.created_at) | Q(pk__lt=at.pk)))
    rows = list(found.order_by("-created_at", "-id")[:most])
    messages = Message.objects.filter(public_id__in=[row.message for row in rows if row.message])
    written = {message.public_id: message for message in messages}
    return [_letter_view(row, written.get(row.message) if row.message else None) for row in rows]


def letter(account: Any, contact: Contact, public_id: uuid.UUID) -> LetterView:
    """One letter to `contact`. Raises Letter.DoesNotExist."""
    row = Letter.objects.select_related("contact").get(
        account_id=require(account), contact=contact, public_id=public_id
    )
    return _letter_view(row, Message.objects.filter(public_id=row.message).first() if row.message else None)


def _letter_view(row: Letter, message: Message | None) -> LetterView:
    kind = KINDS.get(row.kind) or FREE.get(row.kind)
    state, tone = _letter_state(row, message)
    secret = message is None or message.confidential or kind is None or bool(kind.secrets)
    return LetterView(
        public_id=row.public_id,
        kind=kind.name if kind else row.kind.replace("_", " ").capitalize(),
        subject=message.subject if message else "",
        at=row.created_at,
        state=state,
        tone=tone,
        message=None if secret else message,
        contact=row.contact,
        source=row.source,
        source_id=row.source_id,
    )


def _letter_state(row: Letter, message: Message | None) -> tuple[str, str]:
    """In words, with the tone of its tag."""
    if row.withheld:
        return {OFF: "Not sent: switched off", NO_ADDRESS: "Not sent: no email address"}[row.withheld], ""
    if message is None:
        return "No longer kept", ""
    if message.state in _MESSAGE_STATES:
        return _MESSAGE_STATES[message.state]
    if not settings.EMAIL_URL:  # without a mail server every message stays where it is
        return "Kept", ""
    return ("Waiting to try again", "warn") if message.attempts else ("Waiting", "")


_MESSAGE_STATES = {SENT: ("Sent", "good"), FAILED: ("Failed", "bad"), LATE: ("Not sent in time", "warn")}

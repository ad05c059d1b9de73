"""Many contacts at once, set-based, inside the caller's open transaction: a thousand cost a few statements more than one.

What is kept of each is what `contacts.directory` keeps of one, events included.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction

from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import now, require

from . import events
from .directory import MOST_TAGS, MOST_TAGS_OF_ACCOUNT, Details, columns_of, tag_key, words_of
from .errors import TooMany
from .models import Contact, ContactTag, ContactWord, Tag


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A contact to be made, with details that are fit to keep (`Details.cleaned`)."""

    public_id: uuid.UUID
    details: Details


def create_many(*, account: Any, newcomers: Sequence[Newcomer], actor: Actor) -> list[int]:
    """New contacts; their ids in the order of `newcomers`.

    Raises IntegrityError when an address or a public id is somebody's already: then none of them is made, and the caller looks again.
    """
    account_id = require(account)
    made = [
        Contact(account_id=account_id, public_id=one.public_id, created_at=now(), **columns_of(one.details))
        for one in newcomers
    ]
    with transaction.atomic():
        Contact.objects.bulk_create(made)
    _write_words(account_id, {contact.pk: words_of(contact.name, contact.email) for contact in made})
    outbox.record_all(account=account, facts=[events.ContactCreated(contact.pk) for contact in made], actor=actor)
    return [contact.pk for contact in made]


def lock_many(*, account: Any, contacts: Iterable[int]) -> dict[int, Contact]:
    """These contacts by id, as they stand now, each held as by `directory.lock`, in the order of their ids."""
    require(account)
    held = Contact.objects.select_for_update(no_key=True).filter(pk__in=list(contacts)).order_by("pk")
    return {contact.pk: contact for contact in held}


def change_many(*, account: Any, changes: Mapping[Contact, Details], actor: Actor) -> None:
    """Write details that are fit to keep over those of locked contacts, whose addresses stay; who has them already is no event."""
    account_id = require(account)
    changed: dict[Contact, tuple[str, ...]] = {}
    for contact, details in changes.items():
        before = Details.of(contact)
        fields = tuple(name for name in Details.__slots__ if getattr(details, name) != getattr(before, name))
        if "email" in fields:
            raise ValueError("an address is changed one by one: whoever signed in by the old one is signed out")
        if fields:
            changed[contact] = fields
            for column, value in columns_of(details).items():
                setattr(contact, column, value)
    if not changed:
        return
    columns = ("name", "name_key", "phone", "company")
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE contacts_contact c SET name = v.name, name_key = v.name_key, phone = v.phone, company = v.company
                 FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) AS v(id, name, name_key, phone, company)
                WHERE c.account_id = %s AND c.id = v.id""",
            [
                [contact.pk for contact in changed],
                *[[getattr(contact, column) for contact in changed] for column in columns],
                account_id,
            ],
        )
    renamed = [contact for contact, fields in changed.items() if "name" in fields]
    if renamed:
        ids = [contact.pk for contact in renamed]
        tags = _tag_names(ids)
        ContactWord.objects.filter(contact__in=ids).delete()
        _write_words(account_id, {one.pk: words_of(one.name, one.email, *tags.get(one.pk, ())) for one in renamed})
    facts = [events.ContactChanged(contact.pk, fields) for contact, fields in changed.items()]
    outbox.record_all(account=account, facts=facts, actor=actor)


def tags_named(*, account: Any, names: Iterable[str]) -> dict[str, Tag]:
    """The tags called `names`, which are fit to keep, by their key; made on their first use. Raises TooMany."""
    account_id = require(account)
    wanted: dict[str, str] = {}
    for name in names:
        wanted.setdefault(tag_key(name), name)
    found = {tag.name_key: tag for tag in Tag.objects.filter(name_key__in=wanted)}
    missing = [key for key in wanted if key not in found]
    if missing:
        if Tag.objects.count() + len(missing) > MOST_TAGS_OF_ACCOUNT:
            raise TooMany(f"There can be at most {MOST_TAGS_OF_ACCOUNT:,} different tags.", field="tag")
        new = [Tag(account_id=account_id, name=wanted[key], name_key=key) for key in missing]
        Tag.objects.bulk_create(new, ignore_conflicts=True)
        found |= {tag.name_key: tag for tag in Tag.objects.filter(name_key__in=missing)}
    return found


def tag_each(*, account: Any, tags: Mapping[int, Sequence[Tag]], actor: Actor) -> None:
    """Put tags on contacts, by id, each its own; the contacts are locked or new. What one has already stays as it is.

    Raises TooMany when one would have more than MOST_TAGS: then nobody gets any.
    """
    account_id = require(account)
    has: dict[int, set[int]] = defaultdict(set)
    for contact_id, tag_id in ContactTag.objects.filter(contact__in=tags).values_list("contact_id", "tag_id"):
        has[contact_id].add(tag_id)
    added = [(pk, tag) for pk, wanted in tags.items() for tag in _once(wanted) if tag.pk not in has[pk]]
    for pk, tag in added:
        has[pk].add(tag.pk)
    if any(len(one) > MOST_TAGS for one in has.values()):
        raise TooMany(f"A contact can have at most {MOST_TAGS} tags.", field="tag")
    ContactTag.objects.bulk_create([ContactTag(account_id=account_id, contact_id=pk, tag=tag) for pk, tag in added])
    words: dict[int, set[str]] = defaultdict(set)
    for pk, tag in added:
        words[pk] |= words_of(tag.name)
    _write_words(account_id, words)
    outbox.record_all(account=account, facts=[events.ContactTagged(pk, tag.pk) for pk, tag in added], actor=actor)


def remove_many(*, account: Any, contacts: Collection[int]) -> frozenset[int]:
    """Remove contacts for good that nothing refers to, their tags and words with them; which were removed.

    Who has credits, purchases or anything else stays as they are: the database decides.
    """
    require(account)
    try:
        with transaction.atomic():
            ContactTag.objects.filter(contact__in=contacts).delete()
            ContactWord.objects.filter(contact__in=contacts).delete()
            Contact.objects.filter(pk__in=contacts).delete()
    except IntegrityError:
        if len(contacts) == 1:
            return frozenset()
        return frozenset().union(*(remove_many(account=account, contacts=[one]) for one in contacts))
    return frozenset(contacts)


def _once(tags: Iterable[Tag]) -> Iterable[Tag]:
    return {tag.pk: tag for tag in tags}.values()


def _tag_names(contacts: Collection[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for contact_id, name in ContactTag.objects.filter(contact__in=contacts).values_list("contact_id", "tag__name"):
        names[contact_id].append(name)
    return names


def _write_words(account_id: int, words: Mapping[int, Iterable[str]]) -> None:
    found_by = [
        ContactWord(account_id=account_id, contact_id=pk, word=word)
        for pk, own in words.items()
        for word in sorted(own)
    ]
    ContactWord.objects.bulk_create(found_by, ignore_conflicts=True)

"""Changes to contacts inside the caller's open transaction, for use-cases here and for larger stories in rooms above.

The folded keys and the words a contact is found by are written here and nowhere else, together with what they are folded from.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils.crypto import salted_hmac

from simplero.lib.folding import key as folded_key
from simplero.lib.folding import words
from simplero.lib.refusals import Unacceptable
from simplero.lib.seals import seal
from simplero.lib.text import fit
from simplero.outbox import outbox
from simplero.outbox.outbox import Cause
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import now, require

from . import events, queries
from .errors import EmailTaken, Erased, Merged, TooMany
from .models import Contact, ContactTag, ContactWord, CustomerSession, Erasure, Tag

LIMITS = {"name": 120, "email": 254, "phone": 40, "company": 120, "tag": 60, "note": 5000}  # characters
MOST_TAGS = 30  # of one contact
MOST_TAGS_OF_ACCOUNT = 1000
WORD = 254  # characters of a word by which it is found

_LABELS = {"name": "Name", "email": "Email", "phone": "Phone", "company": "Company", "tag": "A tag", "note": "A note"}
_MISSING = {"name": "Enter a name.", "tag": "Enter a tag.", "note": "Write something first."}
_email = EmailValidator()


@dataclass(frozen=True, slots=True)
class Details:
    """What an account knows about a contact, as typed or as kept."""

    name: str
    email: str = ""
    phone: str = ""
    company: str = ""

    @classmethod
    def of(cls, contact: Contact) -> "Details":
        return cls(**{field.name: getattr(contact, field.name) for field in fields(cls)})

    def cleaned(self) -> "Details":
        """These details made fit to keep. Raises Unacceptable for the first that is not."""
        return Details(**{field.name: cleaned(field.name, getattr(self, field.name)) for field in fields(self)})

    @property
    def seal(self) -> str:
        """A short name for exactly these details: a form carries it to tell later whether they are still the same."""
        return seal(*astuple(self))


def cleaned(field: str, text: str) -> str:
    """`text` made fit to be kept as `field`, one of LIMITS. Raises Unacceptable, naming the field and its limit."""
    longest = LIMITS[field]
    kept = fit(
        text, what=_LABELS[field], longest=longest, lines=field == "note", missing=_MISSING.get(field, ""), field=field
    )
    if field == "email" and kept:
        if len(email_key(kept)) > longest:
            raise Unacceptable(
                f"Email can be at most {longest} characters long, fewer with letters like ß.", field=field
            )
        try:
            _email(kept)
        except ValidationError:
            raise Unacceptable("Enter an email address like name@example.com.", field=field) from None
    return kept


def email_key(email: str) -> str:
    """What makes two addresses the same one: case aside. Accents stay, they make another address."""
    return email.casefold()


def name_key(name: str) -> str:
    """What a name is sorted by: case and accents aside."""
    return folded_key(name, longest=LIMITS["name"])


def by_email(account: Any, email: str) -> Contact | None:
    """Whose address `email` is: of somebody who was merged into another, that other's."""
    return queries.with_email(account, email_key(email))


def erasure_digest(account: Any, email: str) -> str:
    """What is kept of the address of somebody erased: enough to know it again, and of use in this account only."""
    text = f"{require(account)}:{email_key(email)}"
    return salted_hmac("contacts.erasure", text, algorithm="sha256").hexdigest() if email else ""


def erased_on(account: Any, emails: Iterable[str]) -> dict[str, datetime]:
    """Which of these addresses were those of people who have been erased, and when that was last.

    They may be added again, knowingly: who brings them along is told.
    """
    digests = {erasure_digest(account, email): email for email in emails if email}
    found = Erasure.objects.filter(email_digest__in=digests).order_by("at").values_list("email_digest", "at")
    return {digests[digest]: at for digest, at in found}


def tag_key(name: str) -> str:
    """What makes two tags the same one: case aside."""
    return name.casefold()[: LIMITS["tag"]]


def lock(*, account: Any, contact: Contact) -> Contact:
    """`contact` as it stands now, its row held until the transaction ends: changes of one contact happen one after the other.

    Not against rows that refer to it: credits are issued to a contact while its phone number is edited. Raises Merged and Erased.
    """
    require(account)
    found = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    check_there(account=account, contact=found)
    return found


def check_there(*, account: Any, contact: Contact) -> None:
    """Raises Merged and Erased for a contact that nothing is done with any more."""
    if contact.merged_into_id is not None:
        stays = queries.stands_for(account, contact)
        raise Merged(name=contact.name, into=stays.name, public_id=contact.public_id, into_id=stays.public_id)
    if contact.erased_at is not None:
        raise Erased(public_id=contact.public_id, at=contact.erased_at)


def lock_all(*, account: Any, ids: Iterable[int]) -> dict[int, Contact]:
    """These contacts by id as they stand now, merged and erased ones too, each held as by `lock`, in the order of their ids."""
    require(account)
    rows = Contact.objects.select_for_update(no_key=True).filter(pk__in=list(ids)).order_by("pk")
    return {contact.pk: contact for contact in rows}


def create(*, account: Any, details: Details, actor: Actor, public_id: uuid.UUID | None = None) -> Contact:
    """A new contact. Raises Unacceptable and EmailTaken; IntegrityError when `public_id` is somebody's already."""
    account_id = require(account)
    kept = details.cleaned()
    contact = Contact(account_id=account_id, created_at=now(), **columns_of(kept))
    if public_id is not None:
        contact.public_id = public_id
    _save(contact, kept, fields=None)
    _write_words(account_id, contact, tags=())
    outbox.record(account=account, fact=events.ContactCreated(contact.pk), actor=actor)
    return contact


def change(*, account: Any, contact: Contact, details: Details, actor: Actor) -> tuple[str, ...]:
    """Write `details` over those of `contact`, a locked row, and say which of them changed: none is no event.

    Raises Unacceptable and EmailTaken.
    """
    account_id = require(account)
    kept, before = details.cleaned(), Details.of(contact)
    changed = tuple(field.name for field in fields(kept) if getattr(kept, field.name) != getattr(before, field.name))
    if changed:
        columns = columns_of(kept)
        for column, value in columns.items():
            setattr(contact, column, value)
        freed = _free_address(account, contact) if "email" in changed else None
        _save(contact, kept, fields=list(columns))
        if freed is not None and before.email:  # it goes on leading here
            freed.update(email=before.email, email_key=email_key(before.email))
        _write_words(account_id, contact, tags=_tag_names(contact))
        if "email" in changed:  # who signed in by the old address has not shown that the new one is theirs
            CustomerSession.objects.filter(account_id=account_id, contact=contact).delete()
        outbox.record(account=account, fact=events.ContactChanged(contact.pk, changed), actor=actor)
    return changed


def tag(*, account: Any, contact: Contact, name: str, actor: Actor) -> Tag:
    """Put the tag called `name` on `contact`, a locked row; on first use it is made. Once is enough: a second time changes nothing.

    Raises Unacceptable and TooMany.
    """
    account_id = require(account)
    found = tag_named(account=account, name=name)
    names = _tag_names(contact)
    if ContactTag.objects.filter(contact=contact, tag=found).exists():
        return found
    if len(names) >= MOST_TAGS:
        raise TooMany(f"A contact can have at most {MOST_TAGS} tags. Remove one first.", field="tag")
    ContactTag.objects.create(account_id=account_id, contact=contact, tag=found)
    _write_words(account_id, contact, tags=[*names, found.name])
    outbox.record(account=account, fact=events.ContactTagged(contact.pk, found.pk), actor=actor)
    return found


def untag(*, account: Any, contact: Contact, tag: Tag, actor: Actor) -> bool:
    """Take `tag` off `contact`, a locked row; False when it was not on it, and nothing changes. The tag itself stays."""
    account_id = require(account)
    gone, _ = ContactTag.objects.filter(contact=contact, tag=tag).delete()
    if gone:
        _write_words(account_id, contact, tags=_tag_names(contact))
        outbox.record(account=account, fact=events.ContactUntagged(contact.pk, tag.pk), actor=actor)
    return bool(gone)


def tag_named(*, account: Any, name: str) -> Tag:
    """The tag called `name`, made on its first use. Raises Unacceptable, and TooMany where the account has enough of them."""
    return _tag(require(account), cleaned("tag", name))


@dataclass(frozen=True, slots=True)
class Tagged:
    """Of contacts that were to get a tag: whom it was put on, and who had no room for it. The others had it already."""

    added: frozenset[int]
    full: frozenset[int]


def tag_many(*, account: Any, contacts: Mapping[int, Cause], tag: Tag, actor: Actor) -> Tagged:
    """Put `tag` on contacts, by id, each for its cause: set-based, so in as many statements as for one. Locks their rows."""
    account_id = require(account)
    held = _lock_many(contacts)
    taggings = ContactTag.objects.filter(contact__in=held).order_by().values_list("contact_id")
    counted = taggings.annotate(many=Count("tag_id"), has=BoolOr(Q(tag=tag.pk)))
    many = {contact: number for contact, number, _ in counted}
    having = {contact for contact, _, has in counted if has}
    without = [pk for pk in held if pk not in having]
    added = [pk for pk in without if many.get(pk, 0) < MOST_TAGS]
    if added:
        new = [ContactTag(account_id=account_id, contact_id=pk, tag=tag) for pk in added]
        ContactTag.objects.bulk_create(new, ignore_conflicts=True)
        found_by = [
            ContactWord(account_id=account_id, contact_id=pk, word=word)
            for pk in added
            for word in sorted(words_of(tag.name))
        ]
        ContactWord.objects.bulk_create(found_by, ignore_conflicts=True)
        facts = [events.ContactTagged(pk, tag.pk) for pk in added]
        outbox.record_all(account=account, facts=facts, actor=actor, causes=[contacts[pk] for pk in added])
    return Tagged(frozenset(added), frozenset(without) - frozenset(added))


def untag_many(*, account: Any, contacts: Mapping[int, Cause], tag: Tag, actor: Actor) -> frozenset[int]:
    """Take `tag` off contacts, by id, each for its cause, and say off whom: set-based like `tag_many`. Locks their rows."""
    require(account)
    held = _lock_many(contacts)
    taggings = ContactTag.objects.filter(contact__in=held, tag=tag)
    bearers = set(taggings.values_list("contact_id", flat=True))
    gone = [pk for pk in held if pk in bearers]
    if gone:
        taggings.delete()
        _forget_words([held[pk] for pk in gone], tag)
        facts = [events.ContactUntagged(pk, tag.pk) for pk in gone]
        outbox.record_all(account=account, facts=facts, actor=actor, causes=[contacts[pk] for pk in gone])
    return frozenset(gone)


def join(*, account: Any, source: Contact, target: Contact, details: Details) -> None:
    """Make `source` a signpost to `target`, which keeps `details`; both are locked rows, whose tags have moved already.

    Each keeps an address of the two: where the target takes the source's, the source takes the target's, so that both lead on.
    """
    account_id = require(account)
    kept = details.cleaned()
    left = source.email if email_key(kept.email) == target.email_key else target.email
    Contact.objects.filter(pk=source.pk).update(merged_into=target, email="", email_key="")
    ContactWord.objects.filter(contact=source).delete()
    _put(target, columns_of(kept))
    _write_words(account_id, target, tags=_tag_names(target))
    _put(source, {"email": left, "email_key": email_key(left)})


def part(*, account: Any, source: Contact, target: Contact, before: Mapping[str, Mapping[str, str]]) -> None:
    """Make a contact of the signpost `source` again: both are called what they were, but for what was changed since."""
    account_id = require(account)
    theirs, ours, kept = Details(**before["source"]), Details(**before["target"]), Details(**before["kept"])
    now_at = Details.of(target)
    restored = {
        name: getattr(ours, name) if getattr(now_at, name) == getattr(kept, name) else getattr(now_at, name)
        for name in ("name", "phone", "company")
    }
    address, left = target.email, source.email
    if email_key(address) == email_key(theirs.email) != email_key(left):
        address, left = left, address
    Contact.objects.filter(pk=source.pk).update(merged_into=None, email="", email_key="")
    _put(target, columns_of(Details(email=address, **restored)))
    _put(source, {"email": left, "email_key": email_key(left)})
    source.merged_into = None
    for contact in (source, target):
        _write_words(account_id, contact, tags=_tag_names(contact))


def _put(contact: Contact, columns: Mapping[str, str]) -> None:
    for column, value in columns.items():
        setattr(contact, column, value)
    contact.save(update_fields=list(columns))


def _lock_many(ids: Iterable[int]) -> dict[int, Contact]:
    """These contacts by id, each locked as by `lock`, in the order of their ids; without those merged or erased meanwhile."""
    there = Contact.objects.filter(merged_into__isnull=True, erased_at__isnull=True)
    rows = there.select_for_update(no_key=True).filter(pk__in=list(ids)).order_by("pk")
    return {contact.pk: contact for contact in rows}


def columns_of(kept: Details) -> dict[str, str]:
    """What stands in a contact's row for details that are fit to keep."""
    return {
        "name": kept.name,
        "name_key": name_key(kept.name),
        "email": kept.email,
        "email_key": email_key(kept.email),
        "phone": kept.phone,
        "company": kept.company,
    }


def _free_address(account: Any, contact: Contact) -> Any:
    """Take the new address of `contact` from somebody who was merged into it, whom the answer holds; None where it is not theirs."""
    theirs = Contact.objects.filter(email_key=contact.email_key, merged_into__isnull=False).first()
    if not contact.email_key or theirs is None or queries.stands_for(account, theirs).pk != contact.pk:
        return None
    row = Contact.objects.filter(pk=theirs.pk)
    row.update(email="", email_key="")
    return row


def _save(contact: Contact, kept: Details, *, fields: list[str] | None) -> None:
    """Insert or update the row. Raises EmailTaken, also when two at once bring the same address: the database decides."""
    try:
        with transaction.atomic():
            contact.save(update_fields=fields)
    except IntegrityError as error:
        if constraint(error) != "contact_email":
            raise
        other = queries.with_email(contact.account_id, email_key(kept.email))
        if other is None:
            raise
        raise EmailTaken(name=other.name, public_id=other.public_id) from None


def constraint(error: IntegrityError) -> str | None:
    """The name of the constraint that `error` is about."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)


def _tag(account_id: int, name: str) -> Tag:
    found = Tag.objects.filter(name_key=tag_key(name)).first()
    if found is not None:
        return found
    if Tag.objects.count() >= MOST_TAGS_OF_ACCOUNT:
        raise TooMany(f"There can be at most {MOST_TAGS_OF_ACCOUNT:,} different tags. Use one you have.", field="tag")
    # Two people may type the same new tag at once: the second waits for the first here, then finds it below.
    Tag.objects.bulk_create([Tag(account_id=account_id, name=name, name_key=tag_key(name))], ignore_conflicts=True)
    return Tag.objects.get(name_key=tag_key(name))


def _tag_names(contact: Contact) -> list[str]:
    return list(Tag.objects.filter(taggings__contact=contact).values_list("name", flat=True))


def _write_words(account_id: int, contact: Contact, *, tags: Iterable[str]) -> None:
    """Make the words by which `contact` is found those of its name, address and tags."""
    wanted = words_of(contact.name, contact.email, *tags)
    present = set(ContactWord.objects.filter(contact=contact).values_list("word", flat=True))
    if surplus := present - wanted:
        ContactWord.objects.filter(contact=contact, word__in=surplus).delete()
    ContactWord.objects.bulk_create(
        [ContactWord(account_id=account_id, contact=contact, word=word) for word in sorted(wanted - present)]
    )


def _forget_words(contacts: Iterable[Contact], tag: Tag) -> None:
    """Let contacts no longer be found by the words of `tag`, which was theirs, but where they have a word from elsewhere."""
    of = {contact.pk: contact for contact in contacts}
    others: dict[int, list[str]] = defaultdict(list)
    for contact_id, name in ContactTag.objects.filter(contact__in=of).values_list("contact_id", "tag__name"):
        others[contact_id].append(name)
    surplus: dict[str, list[int]] = defaultdict(list)
    for contact in of.values():
        for word in words_of(tag.name) - words_of(contact.name, contact.email, *others[contact.pk]):
            surplus[word].append(contact.pk)
    if surplus:
        wanted = Q(*(Q(word=word, contact__in=ids) for word, ids in surplus.items()), _connector=Q.OR)
        ContactWord.objects.filter(wanted).delete()


def words_of(*texts: str) -> set[str]:
    """The words by which whoever is called this is found."""
    return {word[:WORD] for text in texts for word in words(text)}

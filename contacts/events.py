"""What happened to contacts: ids and field names, never what stood in the fields."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ContactCreated:
    kind: ClassVar[str] = "contact.created"
    contact_id: int


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """`fields` names the details that changed: name, email, phone, company."""

    kind: ClassVar[str] = "contact.changed"
    contact_id: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContactTagged:
    kind: ClassVar[str] = "contact.tagged"
    contact_id: int
    tag_id: int


@dataclass(frozen=True, slots=True)
class ContactUntagged:
    kind: ClassVar[str] = "contact.untagged"
    contact_id: int
    tag_id: int


@dataclass(frozen=True, slots=True)
class NoteAdded:
    kind: ClassVar[str] = "contact.note_added"
    contact_id: int
    note_id: int


@dataclass(frozen=True, slots=True)
class NoteEdited:
    kind: ClassVar[str] = "contact.note_edited"
    contact_id: int
    note_id: int


@dataclass(frozen=True, slots=True)
class NoteDeleted:
    """`note` is the public id, by which the same request sent again is known: the row itself is gone."""

    kind: ClassVar[str] = "contact.note_deleted"
    contact_id: int
    note_id: int
    note: str


@dataclass(frozen=True, slots=True)
class ContactMerged:
    """Another contact, `source_id`, was merged into this one."""

    kind: ClassVar[str] = "contact.merged"
    contact_id: int
    source_id: int


@dataclass(frozen=True, slots=True)
class MergeUndone:
    """This contact and `other_id` are two again."""

    kind: ClassVar[str] = "contact.merge_undone"
    contact_id: int
    other_id: int


@dataclass(frozen=True, slots=True)
class ContactErased:
    """The person is gone; the numbers stay."""

    kind: ClassVar[str] = "contact.erased"
    contact_id: int


@dataclass(frozen=True, slots=True)
class LetterChanged:
    """The account's words for a kind of letter, or whether it is sent; `letter` is the code of the kind, `fields` what changed."""

    kind: ClassVar[str] = "letter.changed"
    letter: str
    fields: tuple[str, ...]

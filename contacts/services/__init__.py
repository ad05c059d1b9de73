"""What staff do with contacts, each all or nothing. Every function runs in the account's open scope."""

from .letters import cleaned_letter, restore_letter, reword_letter, switch_letter
from .people import add_contact, add_note, add_tag, delete_note, edit_contact, edit_note, remove_tag

__all__ = [
    "add_contact",
    "add_note",
    "add_tag",
    "cleaned_letter",
    "delete_note",
    "edit_contact",
    "edit_note",
    "remove_tag",
    "restore_letter",
    "reword_letter",
    "switch_letter",
]

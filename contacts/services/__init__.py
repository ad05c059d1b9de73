"""What staff do with contacts, each all or nothing. Every function runs in the account's open scope."""

from .erasing import erase, erase_again, hindrances
from .letters import cleaned_letter, restore_letter, reword_letter, switch_letter
from .merging import WITHIN, forget_details, merge, preview, undo_merge, why_not_undone
from .people import add_contact, add_note, add_tag, delete_note, edit_contact, edit_note, remove_tag

__all__ = [
    "WITHIN",
    "add_contact",
    "add_note",
    "add_tag",
    "cleaned_letter",
    "delete_note",
    "edit_contact",
    "edit_note",
    "erase",
    "erase_again",
    "forget_details",
    "hindrances",
    "merge",
    "preview",
    "remove_tag",
    "restore_letter",
    "reword_letter",
    "switch_letter",
    "undo_merge",
    "why_not_undone",
]

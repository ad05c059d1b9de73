"""Routes of contacts, under /a/<account>/contacts/ (`simplero.pages.urls` adds the list and the contact page), and of Settings → Mails."""

from django.urls import path

from .views import admin, erasing, letters, merging
from .wording import KINDS

urlpatterns = [
    path("add", admin.add, name="add"),
    path("<uuid:contact>/edit", admin.edit, name="edit"),
    path("<uuid:contact>/merge", merging.merge, name="merge"),
    path("<uuid:contact>/merges/<uuid:merge>/undo", merging.undo, name="merge-undo"),
    path("<uuid:contact>/erase", erasing.erase, name="erase"),
    path("<uuid:contact>/tags/add", admin.tag_add, name="tag-add"),
    path("<uuid:contact>/tags/<uuid:tag>/remove", admin.tag_remove, name="tag-remove"),
    path("<uuid:contact>/notes", admin.notes, name="notes"),
    path("<uuid:contact>/notes/add", admin.note_add, name="note-add"),
    path("<uuid:contact>/notes/<uuid:note>/edit", admin.note_edit, name="note-edit"),
    path("<uuid:contact>/notes/<uuid:note>/delete", admin.note_delete, name="note-delete"),
    path("<uuid:contact>/mails", letters.of_contact, name="letters"),
    path("<uuid:contact>/mails/<uuid:letter>", letters.letter, name="letter"),
]

# A kind of letter is code and not a row: its pages have addresses of their own, of which there are none but these.
mails = (
    [
        path("", letters.kinds, name="kinds"),
        *[
            path(f"{kind}{rest}", view, {"kind": kind}, name=name)
            for kind in KINDS
            for rest, view, name in (
                ("", letters.edit, "edit"),
                ("/restore", letters.restore, "restore"),
                ("/switch", letters.switch, "switch"),
            )
        ],
    ],
    "letters",
)

"""Routes that change contacts, under /a/<account>/contacts/; `simplero.pages.urls` adds the list and the contact page."""

from django.urls import path

from .views import admin

urlpatterns = [
    path("add", admin.add, name="add"),
    path("<uuid:contact>/edit", admin.edit, name="edit"),
    path("<uuid:contact>/tags/add", admin.tag_add, name="tag-add"),
    path("<uuid:contact>/tags/<uuid:tag>/remove", admin.tag_remove, name="tag-remove"),
    path("<uuid:contact>/notes", admin.notes, name="notes"),
    path("<uuid:contact>/notes/add", admin.note_add, name="note-add"),
    path("<uuid:contact>/notes/<uuid:note>/edit", admin.note_edit, name="note-edit"),
    path("<uuid:contact>/notes/<uuid:note>/delete", admin.note_delete, name="note-delete"),
]

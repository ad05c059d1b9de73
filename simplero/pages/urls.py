"""Everything under /a/<account>/contacts/: the composed pages, and the changes from `contacts.urls`, in one namespace."""

from django.urls import path

from contacts.urls import urlpatterns as changes

from . import contact, contact_list

app_name = "contacts"
urlpatterns = [
    path("", contact_list.contact_list, name="list"),
    path("<uuid:contact>/", contact.contact, name="contact"),
    path("<uuid:contact>/timeline", contact.contact_timeline, name="timeline"),
    *changes,
]

"""Routes under /a/<account>/find/."""

from django.urls import path

from . import views

app_name = "finding"
urlpatterns = [
    path("", views.command_box, name="command"),
    path("saved/add", views.saved_add, name="saved-add"),
    path("saved/<uuid:saved>/rename", views.saved_rename, name="saved-rename"),
    path("saved/<uuid:saved>/delete", views.saved_delete, name="saved-delete"),
]

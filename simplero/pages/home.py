"""The first page of an account, at /a/<account>/."""

from django.urls import path

from . import dashboard

app_name = "pages"
urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("first-steps/dismiss", dashboard.steps_dismiss, name="steps-dismiss"),
]

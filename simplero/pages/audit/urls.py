"""Under an account's settings."""

from django.urls import path

from . import views

app_name = "audit"
urlpatterns = [path("", views.audit, name="log"), path("csv", views.audit_csv, name="csv")]

"""Staff routes of bulk, under /a/<account>/contacts/: jobs for many contacts, and rosters."""

from django.urls import path

from .views import results, starting

app_name = "bulk"

urlpatterns = [
    path("bulk/", results.listed, name="jobs"),
    path("bulk/new", starting.new, name="new"),
    path("bulk/<uuid:bulk>/", results.job, name="job"),
    path("bulk/<uuid:bulk>/result.csv", results.job_csv, name="job-csv"),
    path("bulk/<uuid:bulk>/stop", results.job_stop, name="job-stop"),
    path("bulk/<uuid:bulk>/undo", results.job_undo, name="job-undo"),
]

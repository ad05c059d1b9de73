"""Staff routes of bulk, under /a/<account>/contacts/: jobs for many contacts, and rosters."""

from django.urls import path

from .views import results, rosters, starting

app_name = "bulk"

urlpatterns = [
    path("bulk/", results.listed, name="jobs"),
    path("bulk/new", starting.new, name="new"),
    path("bulk/<uuid:bulk>/", results.job, name="job"),
    path("bulk/<uuid:bulk>/result.csv", results.job_csv, name="job-csv"),
    path("bulk/<uuid:bulk>/stop", results.job_stop, name="job-stop"),
    path("bulk/<uuid:bulk>/undo", results.job_undo, name="job-undo"),
    path("rosters/", rosters.listed, name="rosters"),
    path("rosters/new", rosters.add, name="roster-add"),
    path("rosters/<uuid:roster>/", rosters.roster, name="roster"),
    path("rosters/<uuid:roster>/again", rosters.again, name="roster-again"),
    path("rosters/<uuid:roster>/places/<uuid:contact>/", rosters.place, name="place"),
    path("rosters/<uuid:roster>/places/<uuid:contact>/tick", rosters.tick, {"came": True}, name="tick"),
    path("rosters/<uuid:roster>/places/<uuid:contact>/untick", rosters.tick, {"came": False}, name="untick"),
    path("rosters/<uuid:roster>/places/<uuid:contact>/add", rosters.expect, name="expect"),
    path("rosters/<uuid:roster>/places/<uuid:contact>/remove", rosters.dismiss, name="dismiss"),
]

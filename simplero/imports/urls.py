"""Staff routes of imports and exports, under /a/<account>/contacts/."""

from django.urls import path

from .views import downloads, pages

app_name = "imports"

urlpatterns = [
    path("imports/", pages.imports, name="imports"),
    *[
        path(f"imports/template.{kind}", downloads.template, {"format": kind}, name=f"template-{kind}")
        for kind in ("csv", "xlsx")
    ],
    *[path(f"export.{kind}", downloads.export, {"format": kind}, name=f"export-{kind}") for kind in ("csv", "xlsx")],
    path("imports/<uuid:batch>/", pages.show, name="import"),
    path("imports/<uuid:batch>/match", pages.match, name="match"),
    path("imports/<uuid:batch>/sheet", pages.sheet, name="sheet"),
    path("imports/<uuid:batch>/expect", pages.expect, name="expect"),
    path("imports/<uuid:batch>/load", pages.load, name="load"),
    path("imports/<uuid:batch>/abandon", pages.abandon, name="abandon"),
    path("imports/<uuid:batch>/undo", pages.undo, name="undo"),
    path("imports/<uuid:batch>/rows", pages.rows, name="rows"),
    path("imports/<uuid:batch>/errors.csv", downloads.errors_csv, name="errors-csv"),
    path("imports/<uuid:batch>/result.csv", downloads.result_csv, name="result-csv"),
]

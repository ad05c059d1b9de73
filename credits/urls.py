"""Staff routes of credits, under /a/<account>/: Content → Credits, and what hangs from a contact."""

from django.urls import include, path

from .views import activity, ending_list, movement_list, movements, statement, types

app_name = "credits"

content = [
    path("", types.types, name="types"),
    path("add", types.add, name="type-add"),
    path("plural", types.plural, name="plural"),
    path("<uuid:credit_type>/", types.type_, name="type"),
    path("<uuid:credit_type>/edit", types.edit, name="type-edit"),
    path("<uuid:credit_type>/archive", types.archive, name="type-archive"),
    path("<uuid:credit_type>/bring-back", types.bring_back, name="type-bring-back"),
]

of_contact = [
    path("issue", movements.issue, name="issue"),
    path("consume", movements.consume, name="consume"),
    path("consume/payers", movements.payers, name="payers"),
    path("uses/<uuid:key>/reverse", movements.reverse, name="reverse"),
    path("uses/<uuid:key>/undo", movements.undo, name="undo"),
    path("lots/<uuid:lot>/withdraw", movements.withdraw, name="withdraw"),
    path("lots/<uuid:lot>/last-good-day", movements.last_good_day, name="last-good-day"),
    path("activity", activity.activity, name="activity"),
    path("activity.csv", activity.activity_csv, name="activity-csv"),
]

of_account = [
    path("activity/", movement_list.movement_list, name="movements"),
    path("activity.csv", movement_list.movement_csv, name="movements-csv"),
    path("ends/", ending_list.ending_list, name="ends"),
]

urlpatterns = [
    path("credits/", include(of_account)),
    path("content/credits/", include(content)),
    path("contacts/<uuid:contact>/credits/", include(of_contact)),
    path("contacts/<uuid:contact>/statement", statement.statement, name="statement"),
    path("contacts/<uuid:contact>/statement/print", statement.statement_print, name="statement-print"),
    path("contacts/<uuid:contact>/statement.pdf", statement.statement_pdf, name="statement-pdf"),
    path("contacts/<uuid:contact>/statement.csv", statement.statement_csv, name="statement-csv"),
]

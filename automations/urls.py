"""Staff routes of automations, under /a/<account>/marketing/."""

from django.urls import URLPattern, URLResolver, include, path

from .views import builder, flows

app_name = "automations"

of_flow: list[URLPattern | URLResolver] = [
    path("steps", builder.builder, name="builder"),
    path("steps/add", builder.step_add, name="step-add"),
    path("steps/edit", builder.step_edit, name="step-edit"),
    path("steps/delete", builder.step_delete, name="step-delete"),
    path("steps/move", builder.step_move, name="step-move"),
    path("steps/do", builder.step_do, name="step-do"),
    path("publish", builder.publish, name="publish"),
    path("discard", builder.discard, name="discard"),
    path("versions", builder.versions, name="versions"),
    path("versions/renew", builder.renew, name="renew"),
    path("settings", flows.settings, name="settings"),
    path("switch", flows.switch, name="switch"),
    path("duplicate", flows.duplicate, name="duplicate"),
    path("delete", flows.delete, name="delete"),
]

of_automations: list[URLPattern | URLResolver] = [
    path("", flows.automations, name="automations"),
    path("new", flows.new, name="new"),
    path("<uuid:flow>/", include(of_flow)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("marketing/automations/", include(of_automations)),
]

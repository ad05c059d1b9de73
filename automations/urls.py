"""Staff routes of automations, under /a/<account>/marketing/."""

from django.urls import URLPattern, URLResolver, include, path

from .views import attention, builder, endpoints, flows, inside, run, settling, starts

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
    path("", inside.flow, name="flow"),
    path("contacts", inside.contacts_, name="contacts"),
    path("contacts/continue", inside.contacts_steer, {"act": "hurry"}, name="contacts-hurry"),
    path("contacts/pause", inside.contacts_steer, {"act": "pause"}, name="contacts-pause"),
    path("contacts/resume", inside.contacts_steer, {"act": "resume"}, name="contacts-resume"),
    path("contacts/stop", inside.contacts_stop, name="contacts-stop"),
    path("start", starts.start, name="start"),
    path("start/many", starts.start_many, name="start-many"),
    path("start/many/count", starts.start_count, name="start-count"),
    path("starts/<uuid:start>/stop", starts.start_stop, name="start-stop"),
]

of_automations: list[URLPattern | URLResolver] = [
    path("", flows.automations, name="automations"),
    path("new", flows.new, name="new"),
    path("start", starts.which, name="start-which"),
    path("<uuid:flow>/", include(of_flow)),
]

of_run = [
    path("", run.run, name="run"),
    path("continue", run.run_do, {"act": "hurry"}, name="run-hurry"),
    path("pause", run.run_do, {"act": "pause"}, name="run-pause"),
    path("resume", run.run_do, {"act": "resume"}, name="run-resume"),
    path("retry", run.run_do, {"act": "retry"}, name="run-retry"),
    path("skip", run.run_do, {"act": "skip"}, name="run-skip"),
    path("stop", run.run_stop, name="run-stop"),
    path("issue", run.run_issue, name="run-issue"),
]

inbox = [
    path("", attention.attention, name="attention"),
    path("retry", settling.settle, {"act": "retry"}, name="attention-retry"),
    path("skip", settling.settle, {"act": "skip"}, name="attention-skip"),
    path("stop", settling.settle, {"act": "stop"}, name="attention-stop"),
    path("issue", settling.settle, {"act": "issue"}, name="attention-issue"),
]

of_endpoint = [
    path("", endpoints.webhook, name="webhook"),
    path("edit", endpoints.webhook_edit, name="webhook-edit"),
    path("secret", endpoints.webhook_secret, name="webhook-secret"),
    path("secret/new", endpoints.webhook_renew, name="webhook-renew"),
    path("test", endpoints.webhook_test, name="webhook-test"),
    path("delete", endpoints.webhook_delete, name="webhook-delete"),
    path("calls/<uuid:call>/again", endpoints.webhook_call_again, name="webhook-call-again"),
]

of_webhooks: list[URLPattern | URLResolver] = [
    path("", endpoints.webhooks, name="webhooks"),
    path("add", endpoints.webhook_add, name="webhook-add"),
    path("<uuid:endpoint>/", include(of_endpoint)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/webhooks/", include(of_webhooks)),
    path("marketing/automations/", include(of_automations)),
    path("marketing/runs/<uuid:run>/", include(of_run)),
    path("marketing/attention/", include(inbox)),
]

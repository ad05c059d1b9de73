"""Staff routes of triggers, under /a/<account>/marketing/triggers/."""

from django.urls import URLPattern, URLResolver, include, path

from .views import actions, listing, log, trigger

app_name = "triggers"

of_trigger = [
    path("", trigger.trigger_, name="trigger"),
    path("when", trigger.change_when, name="when"),
    path("only-if", trigger.change_only_if, name="only-if"),
    path("name", trigger.rename, name="name"),
    path("switch", trigger.switch, name="switch"),
    path("duplicate", trigger.duplicate, name="duplicate"),
    path("delete", trigger.delete, name="delete"),
    path("address/new", trigger.address_new, name="address-new"),
    path("actions/add", actions.add, name="action-add"),
    path("actions/change", actions.change, name="action-change"),
    path("actions/remove", actions.remove, name="action-remove"),
    path("actions/move", actions.move, name="action-move"),
    path("test", log.test, name="test"),
    path("log", log.log, name="log"),
    path("log/settle", log.settle, name="settle"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", listing.triggers, name="triggers"),
    path("new", listing.new, name="new"),
    path("<uuid:trigger>/", include(of_trigger)),
]

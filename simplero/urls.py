from django.conf import settings
from django.urls import include, path

from contacts.urls import mails
from products import webhooks
from simplero.team.invitations import invitation
from simplero.team.views import account_new, accounts, landing
from simplero.web import health
from triggers import webhooks as triggers

handler500 = "simplero.web.failures.broken"
urlpatterns = [
    path("a/<slug:slug>/", include("simplero.pages.home")),
    path("a/<slug:slug>/contacts/", include("simplero.pages.urls")),
    path("a/<slug:slug>/contacts/", include("simplero.imports.urls")),
    path("a/<slug:slug>/contacts/", include("simplero.bulk.urls")),
    path("a/<slug:slug>/find/", include("simplero.finding.urls")),
    path("a/<slug:slug>/settings/mails/", include(mails)),
    path("a/<slug:slug>/settings/audit/", include("simplero.pages.audit.urls")),
    path("a/<slug:slug>/", include("credits.urls")),
    path("a/<slug:slug>/", include("products.urls")),
    path("a/<slug:slug>/", include("automations.urls")),
    path("a/<slug:slug>/marketing/triggers/", include("triggers.urls")),
    path("a/<slug:slug>/", include("simplero.team.urls")),
    path("s/<slug:shop>/", include("simplero.storefront")),
    path("hooks/stripe/<str:token>", webhooks.stripe, name="stripe_hook"),
    path("hooks/in/<str:token>", triggers.receive, name="hook_in"),
    path("", landing, name="landing"),
    path("me/", accounts, name="accounts"),
    path("me/new/", account_new, name="account_new"),
    path("invitations/", invitation, name="invitation"),
    path("accounts/", include("simplero.team.entrance")),
    path("outbox/", include("simplero.mail.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

if settings.DEBUG or settings.DEMO:
    urlpatterns.append(path("styleguide/", include("simplero.web.styleguide")))

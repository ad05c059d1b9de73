from django.urls import include, path

from simplero.web import health

urlpatterns = [
    path("a/<slug:slug>/contacts/", include("simplero.pages.urls")),
    path("accounts/", include("allauth.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

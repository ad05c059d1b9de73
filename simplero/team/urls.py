"""The settings pages, under an account's address."""

from django.urls import path

from . import account, storefront, views

app_name = "team"
urlpatterns = [
    path("settings/account/", account.account, name="account"),
    path("settings/account/look/", account.look, name="account_look"),
    path("settings/account/currency/", account.currency, name="account_currency"),
    path("settings/account/time-zone/", account.time_zone, name="time_zone"),
    path("settings/account/security/", account.security, name="account_security"),
    path("settings/storefront/", storefront.storefront, name="storefront"),
    path("settings/storefront/domains/add", storefront.domain_add, name="domain_add"),
    path("settings/storefront/domains/<uuid:domain>/check", storefront.domain_check, name="domain_check"),
    path("settings/storefront/domains/<uuid:domain>/remove", storefront.domain_remove, name="domain_remove"),
    path("settings/roles/", views.roles, name="roles"),
    path("settings/members/", views.members, name="members"),
    path("settings/members/invite/", views.invite, name="invite"),
    path("settings/members/<uuid:member>/role/", views.member_role, name="member_role"),
    path("settings/members/<uuid:member>/remove/", views.member_remove, name="member_remove"),
    path("settings/members/<uuid:member>/sessions/", views.member_sessions, name="member_sessions"),
    path("settings/members/<uuid:member>/sign-out/", views.member_sign_out, name="member_sign_out"),
    path("settings/invitations/<uuid:invitation>/resend/", views.invitation_resend, name="invitation_resend"),
    path("settings/invitations/<uuid:invitation>/revoke/", views.invitation_revoke, name="invitation_revoke"),
]

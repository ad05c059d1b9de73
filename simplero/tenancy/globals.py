"""The tables that belong to no account, each with the reason why: every other table is a tenant's, keyed and guarded as one.

A test compares this with the database, so that nothing is stored for everybody by accident.
"""

GLOBAL_TABLES = {
    "tenancy_account": "the tenants themselves: the slug in an address is looked up before any account is open",
    "tenancy_user": "a person signs in before an account is known, and may work for several",
    "tenancy_membership": "decides whether an account's scope may be opened at all",
    "tenancy_domain": "a request names its host before any account is known",
    "products_gatewayaddress": "the opaque address a payment provider posts to, looked up before any account is open",
    "team_invitation": "followed from a mail by somebody who is no member yet; it decides about a membership",
    "mail_message": "what is to be sent; the address of a reset or an invitation belongs to a person and not to an account",
    "outbox_tick": "turns of scheduled tasks, of nobody's data",
    "triggers_hook": "the token of a call is known before its account is",
    "outbox_job": "addresses of due work without data, so that one query finds what is due for everybody",
    "account_emailaddress": "allauth: which address of a user is confirmed, asked at sign-in",
    "account_emailconfirmation": "allauth: confirmations under way, followed from a mail before sign-in",
    "mfa_authenticator": "allauth: a user's second factors, asked at sign-in",
    "usersessions_usersession": "allauth: a user's sessions, over all their accounts",
    "django_session": "Django: a browser's session, read before anybody is known",
    "django_content_type": "Django: names of tables, no data of anybody's",
    "django_migrations": "Django: which migrations have run",
    "auth_permission": "Django: unused names of permissions, needed by django.contrib.auth",
    "auth_group": "Django: unused, needed by django.contrib.auth",
    "auth_group_permissions": "Django: unused, needed by django.contrib.auth",
}

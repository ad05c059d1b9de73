"""What several of these tests do."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from simplero.mail.models import Message
from simplero.outbox.models import Event
from simplero.team.models import Invitation
from simplero.tenancy.models import Account, Membership
from simplero.tenancy.scope import scope

MEMBERS = "/a/acme/settings/members/"
INVITE = f"{MEMBERS}invite/"
NEW_PASSWORD = "another battery staple"  # noqa: S105


def ask_for_reset(client, email):
    return client.post("/accounts/password/reset/", {"email": email})


def follow_reset(client, path, password=NEW_PASSWORD):
    """Open the link and choose a password; allauth keeps the key in the session, out of the address."""
    form = client.get(path, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


def in_threads(*calls):
    """Run the calls at the same moment, each on a connection of its own; their results or exceptions in order."""
    together = Barrier(len(calls))

    def run(call):
        try:
            together.wait()
            return call()
        except Exception as error:  # noqa: BLE001  the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def place(user, account):
    return Membership.objects.get(user=user, account=account)


def facts(account):
    with scope(account):
        return list(Event.objects.order_by("id").values_list("kind", flat=True))


def everything():
    return (
        list(Membership.objects.order_by("pk").values_list("user", "account", "role")),
        list(Invitation.objects.order_by("pk").values_list("email", "token_hash", "role")),
        Message.objects.count(),
        list(Account.objects.order_by("pk").values_list("name", "slug", "time_zone", "currency")),
    )


def bare(answer):
    """The page without its CSRF token, which differs each time."""
    return re.sub(r'"X-CSRFToken": "\w+"', "", answer.text)

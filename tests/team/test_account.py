import pytest
from django.utils.html import escape

from simplero.outbox.models import Event
from simplero.tenancy.models import Account
from simplero.tenancy.roles import PERMISSIONS, ROLES
from simplero.tenancy.scope import scope

ACCOUNT = "/a/acme/settings/account/"


def test_shows_what_is_fixed(client, acme):
    client.force_login(acme.admin)
    page = client.get(ACCOUNT).text
    for words in ("/a/acme/", "Europe/Copenhagen", "EUR", "cannot be changed here"):
        assert words in page


def test_only_the_name_can_be_changed(client, acme):
    client.force_login(acme.admin)
    values = {"name": "  Acme   Coaching ", "slug": "x", "time_zone": "UTC", "currency": "USD", "id": "7"}
    assert client.post(ACCOUNT, values).status_code == 303
    account = Account.objects.get()
    assert (account.pk, account.name, account.slug) == (acme.account.pk, "Acme Coaching", "acme")
    assert (account.time_zone, account.currency) == ("Europe/Copenhagen", "EUR")
    with scope(account):
        assert Event.objects.get().kind == "account.renamed"


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "a\x00b"])
def test_names_that_are_refused(client, acme, name):
    client.force_login(acme.admin)
    assert client.post(ACCOUNT, {"name": name}).status_code == 422
    assert Account.objects.get().name == "Acme"


def test_roles_show_the_table_the_code_reads(client, acme):
    client.force_login(acme.admin)
    answer = client.get("/a/acme/settings/roles/")
    table = dict(answer.context["table"])
    assert len(table) == len(PERMISSIONS)
    for permission in PERMISSIONS.values():
        assert escape(permission.wording) in answer.text
        assert table[permission.wording] == [(name, role in permission.roles) for role, name in ROLES.items()]

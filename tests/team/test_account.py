from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape
from PIL import Image

from products.services import catalogue
from simplero.lib.refusals import Stale
from simplero.outbox.models import Event
from simplero.tenancy.models import Account
from simplero.tenancy.roles import PERMISSIONS, ROLES
from simplero.tenancy.scope import scope
from tests.assertions import refused
from tests.products import shop as arrange

ACCOUNT = "/a/acme/settings/account/"


def test_shows_what_the_account_goes_by(client, acme, at):
    at(datetime(2026, 11, 14, 11, 5, tzinfo=UTC))
    client.force_login(acme.admin)
    page = client.get(ACCOUNT).text
    for words in (
        "/a/acme/",
        "The address stays",
        "Europe/Copenhagen",
        "Saturday, 14 November 2026, 12:05",
        "EUR: Euro",
    ):
        assert words in page
    assert "/a/acme/settings/roles/" in page
    assert "/a/acme/settings/members/" not in page
    client.force_login(acme.owner)
    assert client.get(ACCOUNT).text.count("/a/acme/settings/members/") == 2  # in the menu, and here


def test_a_name_is_all_that_the_names_form_changes(client, acme):
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


def test_a_blank_name_is_said_to_be_missing(client, acme):
    client.force_login(acme.admin)
    assert "The business name is missing." in client.post(ACCOUNT, {"name": "  "}).content.decode()


def picture():
    out = BytesIO()
    Image.new("RGB", (60, 20), (20, 60, 90)).save(out, "PNG")
    return SimpleUploadedFile("logo.png", out.getvalue(), "image/png")


def test_logo_and_colour_here_and_in_the_menu(client, acme, zen):
    client.force_login(acme.admin)
    assert "avatar--logo" not in client.get(ACCOUNT).text
    answer = client.post(f"{ACCOUNT}look/", {"logo": picture(), "own_colour": "on", "colour": "#2f6b4f"})
    assert (answer.status_code, answer["Location"]) == (303, ACCOUNT)
    kept = Account.objects.get(slug="acme")
    assert kept.colour == "#2f6b4f"
    url = f"/s/acme/pictures/{kept.logo}"
    assert client.get(ACCOUNT).text.count(url) == 2  # in the menu, and in the form
    assert client.get(url).status_code == 200
    assert url in client.get("/a/acme/settings/storefront/").text
    answer = client.post(f"{ACCOUNT}look/", {"own_colour": "on", "colour": "red"})
    assert answer.status_code == 422
    assert Account.objects.get(slug="acme").colour == "#2f6b4f"
    assert client.post(f"{ACCOUNT}look/", {"without_logo": "on", "colour": "#2f6b4f"}).status_code == 303
    assert client.post("/a/zen/settings/account/look/", {"colour": ""}).status_code == 404
    bare = Account.objects.get(slug="acme")
    assert (bare.logo, bare.colour) == (None, "")
    with scope(acme.account):
        assert [(event.kind, event.body) for event in Event.objects.order_by("pk")] == [
            ("storefront.dressed", {"changed": ["colour", "logo"]}),
            ("storefront.dressed", {"changed": ["colour", "logo"]}),
        ]


def change_currency(client, code, slug="acme"):
    return client.post(f"/a/{slug}/settings/account/currency/", {"currency": code})


def test_the_currency_changes_while_nothing_has_a_price_in_it(client, acme, zen):
    client.force_login(acme.admin)
    pack = arrange.product(acme, "Pack", included=5)
    assert change_currency(client, "DKK").status_code == 303
    assert change_currency(client, "DKK").status_code == 303
    assert Account.objects.get(slug="acme").currency == "DKK"
    with scope(acme.account):
        told = list(Event.objects.filter(kind__startswith="account").values_list("kind", "body"))
    assert told == [("account.currency_changed", {"before": "EUR", "after": "DKK"})]
    for wrong in ("XXX", "", "dkk", "BTC"):
        assert change_currency(client, wrong).status_code == 422
    assert change_currency(client, "DKK", "zen").status_code == 404
    acme.account.refresh_from_db()
    price = arrange.price(acme, pack, 8_550)
    assert price.currency == "DKK"
    page = client.get(ACCOUNT).text
    assert "It stays as it is while there is 1 price in money. Remove them under Products" in page
    assert 'name="currency"' not in page
    answer = change_currency(client, "EUR")
    assert answer.status_code == 409
    assert "Nothing was changed: there are prices or purchases in money by now." in answer.text
    assert Account.objects.get(slug="acme").currency == "DKK"
    with scope(acme.account):
        catalogue.remove_price(account=acme.account, price=price, actor=acme.actor)
    assert change_currency(client, "USD").status_code == 303


def test_the_currency_stays_once_something_was_sold_in_it(client, acme):
    client.force_login(acme.admin)
    arrange.takes_money(acme)
    pack = arrange.product(acme, "Pack", included=5)
    price = arrange.price(acme, pack, 8_550)
    arrange.bought(acme, pack, price, 1, by=acme.contact)
    with scope(acme.account):
        catalogue.remove_price(account=acme.account, price=price, actor=acme.actor)
    page = client.get(ACCOUNT).text
    assert "It stays as it is: 1 purchase paid in money would mean other amounts in another currency." in page
    assert change_currency(client, "DKK").status_code == 409
    assert Account.objects.get(slug="acme").currency == "EUR"


def test_an_amount_typed_in_the_currency_before_is_no_price(client, acme):
    before = Account.objects.get(slug="acme")
    pack = arrange.product(acme, "Pack", included=5)
    client.force_login(acme.admin)
    assert change_currency(client, "JPY").status_code == 303
    acme.account = before  # of a request that began earlier
    with refused(Stale):
        arrange.price(acme, pack, 8_550)


def test_roles_show_the_table_the_code_reads(client, acme):
    client.force_login(acme.admin)
    answer = client.get("/a/acme/settings/roles/")
    table = dict(answer.context["table"])
    assert len(table) == len(PERMISSIONS)
    for permission in PERMISSIONS.values():
        assert escape(permission.wording) in answer.text
        assert table[permission.wording] == [(name, role in permission.roles) for role, name in ROLES.items()]

"""Who may open and who may do what: owner, admin, assistant, a member of another account, nobody."""

import pytest
from django.test import Client

from tests import factories
from tests.assertions import nothing_moved

ADMINS = {"owner", "admin"}
EVERYBODY = ADMINS | {"assistant"}


@pytest.fixture
def addresses(acme, admin):
    """Every address below a contact's credits and Content → Credits, with those who may ask for it."""
    lot = factories.lot_of(acme, factories.issue(acme, 5))
    use = factories.consume(acme, 1)
    here, content = admin.at(""), f"/a/acme/content/credits/{acme.session.public_id}/"
    return {
        f"{here}issue": ADMINS,
        f"{here}consume": EVERYBODY,
        f"{here}consume/payers": EVERYBODY,
        f"{here}uses/{use.key}/reverse": ADMINS,
        f"{here}lots/{lot.public_id}/withdraw": ADMINS,
        f"{here}lots/{lot.public_id}/last-good-day": ADMINS,
        f"{here}activity": EVERYBODY,
        f"{here}activity.csv": EVERYBODY,
        "/a/acme/content/credits/": EVERYBODY,
        "/a/acme/content/credits/add": ADMINS,
        content: EVERYBODY,
        f"{content}edit": ADMINS,
        f"{content}archive": ADMINS,
        f"{content}bring-back": ADMINS,
    }


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_member(acme, addresses, role):
    client = Client()
    client.force_login(getattr(acme, role))
    with nothing_moved():
        got = {url: client.get(url).status_code for url in addresses}
    assert got == {url: 200 if role in allowed else 404 for url, allowed in addresses.items()}


def test_the_owner_of_another_account(zen, addresses):
    client = Client()
    client.force_login(zen.owner)
    with nothing_moved():
        for url in addresses:
            assert client.get(url).status_code == 404
            assert client.post(url, {"amount": "1", "reason": "x", "name": "x"}).status_code == 404


def test_nobody_signed_in(addresses):
    with nothing_moved():
        for url in addresses:
            for answer in (Client().get(url), Client().post(url)):
                assert answer.status_code == 302
                assert answer["Location"].startswith("/accounts/login/")

"""Keys of payment providers at rest: sealed, and good for one account and one gateway only."""

import pytest
from django.db import connection

from products.gateways import Rejected, vault
from products.models import GatewayAccount
from products.services import payments
from simplero.tenancy.scope import scope
from tests.sql_guard import unguarded
from tests.stripe_fake.fake import KEY, SECRET

SECRETS = {"key": KEY, "webhook_secret": SECRET}


def opened(sealed, account=1, gateway="stripe"):
    return vault.unseal(sealed, account=account, gateway=gateway)


def sealed(account=1, gateway="stripe"):
    return vault.seal(SECRETS, account=account, gateway=gateway)


def test_there_and_back():
    assert opened(sealed()) == SECRETS
    assert opened(b"") == {}


def test_nothing_of_it_is_seen_and_no_two_are_alike():
    one, other = sealed(), sealed()
    assert one != other
    assert not any(word.encode() in one for word in (KEY, SECRET, "key", "sk_"))


@pytest.mark.parametrize(("account", "gateway"), [(2, "stripe"), (1, "test"), (11, "stripe")])
def test_moved_elsewhere_it_does_not_open(account, gateway):
    with pytest.raises(vault.Unreadable) as caught:
        opened(sealed(), account, gateway)
    assert "Enter them again" in caught.value.wording


@pytest.mark.parametrize("at", [0, 1, 12, 13, 20, -1])
def test_one_bit_changed_it_does_not_open(at):
    spoiled = bytearray(sealed())
    spoiled[at] ^= 1
    with pytest.raises(vault.Unreadable):
        opened(bytes(spoiled))


@pytest.mark.parametrize("length", [1, 12, 13, 28, -1])
def test_cut_short_it_does_not_open(length):
    with pytest.raises(vault.Unreadable):
        opened(sealed()[:length])


def test_the_settings_key_is_changed(settings):
    before, text = settings.SECRETS_KEY, sealed()
    settings.SECRETS_KEY, settings.SECRETS_KEY_FALLBACKS = "another key, not a secret", [before]
    assert opened(text) == SECRETS
    anew = sealed()
    settings.SECRETS_KEY_FALLBACKS = []
    assert opened(anew) == SECRETS
    with pytest.raises(vault.Unreadable):
        opened(text)


def test_a_stolen_row_opens_nowhere_else(acme, zen, connect):
    """Somebody who can write into the database copies acme's keys into zen's row, to be paid out of acme's account."""
    connect(acme)
    with scope(acme.account):
        theirs = bytes(GatewayAccount.objects.get(gateway="stripe").sealed)
    with scope(zen.account):
        GatewayAccount.objects.create(account_id=zen.account.pk, gateway="stripe", sealed=theirs, enabled=True)
        with pytest.raises(Rejected):
            payments.opened(zen.account, "stripe")
    with scope(acme.account):
        assert payments.opened(acme.account, "stripe")[1]["key"] == KEY


def test_the_database_holds_no_secret(acme, connect):
    """Every column of every row this account has, and of the addresses, as text."""
    token = connect(acme).rsplit("/", 1)[1]
    with unguarded(), scope(acme.account), connection.cursor() as cursor:
        texts = []
        for table in ("products_gatewayaccount", "products_gatewayaddress", "outbox_event", "django_session"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            texts.append(cursor.fetchone()[0] or "")
    whole = " ".join(texts)
    assert "stripe" in whole
    for secret in (KEY, SECRET, token):
        assert secret not in whole
        assert secret.encode().hex() not in whole, "bytes are shown in hex"

"""Settings → Payments: an owner connects, and no secret is ever shown or logged."""

import logging

import pytest

from products.gateways import accounts
from products.models import GatewayAccount, GatewayAddress
from products.services import gateways, payments
from simplero.outbox.models import Event
from simplero.tenancy.scope import scope
from tests.stripe_fake.fake import KEY, SECRET

PAGE = "/a/acme/settings/payments/"
LIVE = "sk_live_51CanaryCanary9876"


@pytest.fixture
def owner(client, acme, zen, stripe):
    client.force_login(acme.owner)
    return client


def row(world, gateway="stripe"):
    with scope(world.account):
        return GatewayAccount.objects.filter(gateway=gateway).first()


def keys(world):
    with scope(world.account):
        return payments.opened(world.account, "stripe")[1]


def facts(world):
    with scope(world.account):
        return [
            (event.body["gateway"], event.body["change"])
            for event in Event.objects.filter(kind="gateway.changed").order_by("id")
        ]


def test_from_nothing_to_connected(owner, acme):
    assert "Connect Stripe" in owner.get(PAGE).text
    assert owner.post(f"{PAGE}stripe/key", {"key": KEY}).status_code == 303
    page = owner.get(PAGE).text
    assert "One step is left" in page
    assert "sk_test_…4242" in page
    assert "Test mode" in page
    token = keys(acme)["token"]
    assert f"http://testserver/hooks/stripe/{token}" in page
    assert not row(acme).enabled, "without messages of payments it is not offered"

    assert owner.post(f"{PAGE}stripe/signing-secret", {"secret": SECRET}).status_code == 303
    assert "One step is left" not in owner.get(PAGE).text
    assert row(acme).enabled
    assert facts(acme) == [("stripe", "key"), ("stripe", "webhook_secret")]
    with scope(acme.account):
        assert [(way.code, way.name) for way in accounts.ways(acme.account)] == [("stripe", "Card")]


def test_a_live_key_is_shown_as_one(owner, stripe):
    stripe.keys.add(LIVE)
    owner.post(f"{PAGE}stripe/key", {"key": LIVE})
    page = owner.get(PAGE).text
    assert "Live mode" in page
    assert "sk_live_…9876" in page


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ("", 422, "Enter a secret key"),
        ("pk_test_51Canary4242", 422, "publishable"),
        ("sk_test_51Canary 4242", 422, "Enter a secret key"),
        ("sk_test_51CanaryRevoked", 409, "does not accept this key"),
    ],
)
def test_a_key_that_is_none(owner, acme, typed, status, says):
    answer = owner.post(f"{PAGE}stripe/key", {"key": typed})
    assert answer.status_code == status
    assert says in answer.text
    assert "Canary" not in answer.text, "what was typed does not come back"
    assert row(acme) is None
    assert not GatewayAddress.objects.exists()


def test_stripe_is_down(owner, acme, stripe):
    stripe.down = True
    answer = owner.post(f"{PAGE}stripe/key", {"key": KEY})
    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
    assert row(acme) is None


def test_a_bad_key_does_not_replace_a_good_one(owner, acme, connect):
    connect(acme)
    assert owner.post(f"{PAGE}stripe/key", {"key": "sk_test_51CanaryRevoked"}).status_code == 409
    assert keys(acme)["key"] == KEY


def test_a_key_is_replaced_and_all_else_stays(owner, acme, stripe, connect):
    connect(acme)
    before = keys(acme)
    stripe.keys.add(LIVE)
    assert owner.post(f"{PAGE}stripe/key", {"key": LIVE}).status_code == 303
    assert keys(acme) == {**before, "key": LIVE}


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [("whsec", 422, "begins with whsec_"), (SECRET, 409, "the signing secret that we have")],
)
def test_a_signing_secret_that_is_none(owner, acme, connect, typed, status, says):
    connect(acme)
    answer = owner.post(f"{PAGE}stripe/signing-secret", {"secret": typed})
    assert answer.status_code == status
    assert says in answer.text
    assert "webhook_secret_before" not in keys(acme)


def test_a_signing_secret_comes_after_the_key(owner, acme):
    answer = owner.post(f"{PAGE}stripe/signing-secret", {"secret": SECRET})
    assert answer.status_code == 409
    assert "Enter the secret key first" in answer.text
    assert row(acme) is None, "nothing was begun"


def test_off_and_on(owner, acme, connect):
    connect(acme)
    assert owner.post(f"{PAGE}stripe/switch", {}).status_code == 303
    assert not row(acme).enabled
    with scope(acme.account):
        assert accounts.ways(acme.account) == []
    assert keys(acme)["key"] == KEY, "what was begun goes on"
    owner.post(f"{PAGE}stripe/switch", {"on": "1"})
    assert row(acme).enabled


def test_on_without_keys(owner, acme):
    assert owner.post(f"{PAGE}stripe/switch", {"on": "1"}).status_code == 303
    assert "Enter the secret key and the signing secret first." in owner.get(PAGE).text
    assert row(acme) is None


def test_a_new_address_and_the_old_one_is_gone(owner, acme, connect):
    old = connect(acme)
    assert owner.post(f"{PAGE}stripe/address").status_code == 303
    with scope(acme.account):
        new = gateways.token(acme.account)
    assert new not in old
    assert gateways.address_of("stripe", old.rsplit("/", 1)[1]) is None
    assert gateways.address_of("stripe", new).account_id == acme.account.pk
    assert GatewayAddress.objects.count() == 1


def test_invoice_or_transfer(owner, acme, zen):
    nothing = owner.post(f"{PAGE}outside", {"enabled": "on", "instructions": " "})
    assert nothing.status_code == 422
    assert "Say how to pay" in nothing.text
    assert row(acme, "outside") is None
    text = "IBAN DK00 1234\nName the order"
    assert owner.post(f"{PAGE}outside", {"enabled": "on", "instructions": text}).status_code == 303
    assert "IBAN DK00 1234" in owner.get(PAGE).text
    with scope(acme.account):
        assert [(way.code, way.instructions) for way in accounts.ways(acme.account)] == [("outside", text)]
        assert accounts.ways(acme.account, recurring=True) == []
        assert accounts.instructions(acme.account) == text
    with scope(zen.account):
        assert accounts.ways(zen.account) == []
    assert facts(acme) == [("outside", "on"), ("outside", "instructions")]


def test_test_cards(owner, acme, settings):
    settings.DEMO = True
    assert "4000 0000 0000 0341" in owner.get(PAGE).text
    owner.post(f"{PAGE}test/switch", {"on": "1"})
    assert row(acme, "test").enabled
    settings.DEMO = settings.DEBUG = False
    assert "Test cards" not in owner.get(PAGE).text


def test_for_owners_only(client, acme, stripe):
    for member, status in ((acme.owner, 200), (acme.admin, 404), (acme.assistant, 404)):
        client.force_login(member)
        assert client.get(PAGE).status_code == status
        assert ("settings/payments/" in client.get("/a/acme/contacts/").text) == (status == 200)
    assert client.post(f"{PAGE}stripe/key", {"key": KEY}).status_code == 404
    assert stripe.asked == []


def test_dialogs_by_htmx(owner, acme, connect):
    connect(acme)
    for name in ("key", "signing-secret", "address"):
        assert "<html" in owner.get(f"{PAGE}stripe/{name}").text
        assert "<html" not in owner.get(f"{PAGE}stripe/{name}", headers={"HX-Request": "true"}).text


def test_secrets_are_nowhere_to_be_read(owner, acme, stripe, caplog, capsys):
    """T27: neither in pages nor in logs, also when something goes wrong."""
    caplog.set_level(logging.DEBUG)
    secret = "whsec_CanaryCanaryCanaryCanary"
    stripe.keys.add(LIVE)
    said = []
    for typed in (LIVE, "sk_live_51CanaryRevoked"):
        said.append(owner.post(f"{PAGE}stripe/key", {"key": typed}).text)
    for typed in (secret, secret, f"{secret} "):
        said.append(owner.post(f"{PAGE}stripe/signing-secret", {"secret": typed}).text)
    stripe.down = True
    said.append(owner.post(f"{PAGE}stripe/key", {"key": LIVE}).text)
    said += [owner.get(f"{PAGE}{name}").text for name in ("", "stripe/key", "stripe/signing-secret")]
    said += [record.getMessage() + str(record.args) for record in caplog.records if record.name != "django.db.backends"]
    said += capsys.readouterr()
    whole = "\n".join(said)
    assert keys(acme)["webhook_secret"] == secret
    assert "settings/payments" in whole
    assert "Canary" not in whole


def test_keys_that_nobody_can_open_can_be_entered_anew(owner, acme, connect, settings):
    connect(acme)
    settings.SECRETS_KEY = "another key, and nobody kept the old one"
    assert "Connect Stripe" in owner.get(PAGE).text
    owner.post(f"{PAGE}stripe/key", {"key": KEY})
    assert keys(acme)["key"] == KEY

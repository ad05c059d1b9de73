"""What Stripe posts: believed when signed, heard once, and only ever a hint (T11)."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from products.models import Payment, ProviderEvent
from products.services import gateways, payments
from simplero.lib.redaction import redacted
from simplero.tenancy.scope import now, scope
from tests.assertions import figures, nothing_moved
from tests.factories import inside
from tests.stripe_fake import fake as cards
from tests.stripe_fake.fake import SECRET, signed

from . import shop


@pytest.fixture
def hook(acme, zen, connect):
    """The path where Stripe posts for acme. Zen has a Stripe account of its own."""
    connect(zen, key="sk_test_zenzenzenzen", secret="whsec_zenzenzenzen")
    return connect(acme)


@pytest.fixture
def ordered(acme, hook):
    """Five sessions for 500.00, ordered and not yet paid."""
    pack = shop.product(acme)
    return shop.order(acme, pack, shop.price(acme, pack, 100_00), 5, by=acme.contact, gateway="stripe")


def page(world, purchase):
    """The customer goes to Stripe's page; its reference."""
    payment = shop.payment(world, purchase)
    back = f"https://us.example/s/acme/orders/{purchase.public_id}"
    payments.begin(account=world.account, payment_id=payment.pk, return_url=back, cancel_url=back)
    return shop.payment(world, purchase).checkout_ref


def state(world, purchase):
    return shop.fresh(world, purchase).state, figures(world).free


def heard(world):
    with inside(world):
        return ProviderEvent.objects.count()


def event(stripe, kind):
    return next(one for one in reversed(stripe.events) if one["type"] == kind)


@pytest.fixture
def paid(stripe, acme, ordered):
    """Paid at Stripe, of which we have not heard; the message that says so."""
    stripe.pay(page(acme, ordered))
    assert state(acme, ordered) == ("new", 0)
    return event(stripe, "checkout.session.completed")


def test_a_payment_is_heard_of_and_issued(client, stripe, acme, zen, hook, ordered, paid):
    answer = stripe.deliver(client, hook, paid)
    assert (answer.status_code, answer.text) == (200, "heard")
    assert not answer.cookies
    assert state(acme, ordered) == ("active", 5)
    payment = shop.payment(acme, ordered)
    assert (payment.state, payment.charge_ref) == ("paid", paid["data"]["object"]["payment_intent"])
    with scope(acme.account):
        noted = ProviderEvent.objects.get()
        assert (noted.event_id, noted.kind, noted.payment_id) == (paid["id"], "checkout.session.completed", payment.pk)
    assert heard(zen) == 0


def test_delivered_again_it_changes_nothing(client, stripe, acme, hook, ordered, paid):
    stripe.deliver(client, hook, paid)
    with nothing_moved():
        for _ in range(4):
            assert stripe.deliver(client, hook, paid).status_code == 200
    assert heard(acme) == 1


def test_in_any_order(client, stripe, acme, hook, ordered):
    """Refunded, paid, declined: told backwards, and it is what it is now."""
    there = page(acme, ordered)
    stripe.pay(there, cards.DECLINED)
    stripe.pay(there)
    for message in reversed(stripe.events):
        assert stripe.deliver(client, hook, message).status_code == 200
    assert state(acme, ordered) == ("active", 5)


def test_a_message_that_lies_is_only_a_hint(client, stripe, acme, hook, ordered):
    """Signed, and not true (any more): Stripe is asked, and its answer counts."""
    there = page(acme, ordered)
    stripe.pay(there, cards.DECLINED)
    lie = event(stripe, "payment_intent.payment_failed") | {"type": "payment_intent.succeeded"}
    lie["data"]["object"]["status"] = "succeeded"
    assert stripe.deliver(client, hook, lie).status_code == 200
    assert state(acme, ordered) == ("new", 0)


def test_before_we_have_noted_the_page(client, stripe, acme, hook, ordered, paid):
    """The payment is found by the name we gave it."""
    with scope(acme.account):
        Payment.objects.update(checkout_ref="")
    assert stripe.deliver(client, hook, paid).text == "heard"


def test_a_charge_names_no_payment_of_ours_and_is_found(client, stripe, acme, hook, ordered, paid):
    stripe.deliver(client, hook, paid)
    dispute = stripe.dispute(shop.payment(acme, ordered).charge_ref)
    assert "payment" not in stripe.events[-1]["data"]["object"]["metadata"]
    assert stripe.deliver(client, hook).text == "heard"
    assert shop.payment(acme, ordered).dispute == "open"
    stripe.decide(dispute, "won")
    stripe.deliver(client, hook)
    assert shop.payment(acme, ordered).dispute == "won"


def test_given_back_at_stripe(client, stripe, acme, hook, ordered, paid):
    stripe.deliver(client, hook, paid)
    stripe.refund_by_hand(shop.payment(acme, ordered).charge_ref, 200_00)
    for message in stripe.events[-2:]:
        assert stripe.deliver(client, hook, message).status_code == 200
    assert shop.payment(acme, ordered).refunded == 200_00


def test_left_without_paying(client, stripe, acme, hook, ordered):
    stripe.expire(page(acme, ordered))
    stripe.deliver(client, hook)
    assert shop.payment(acme, ordered).state == "failed"
    assert figures(acme).free == 0


class TestNotBelieved:
    @pytest.fixture(autouse=True)
    def _unmoved(self, acme, ordered, paid):
        with nothing_moved():
            yield
        assert heard(acme) == 0
        assert state(acme, ordered) == ("new", 0)

    def post(self, client, hook, body, signature):
        headers = {"Stripe-Signature": signature} if signature is not None else {}
        return client.post(hook, body, content_type="application/json", headers=headers).status_code

    def test_signed_by_somebody_else(self, client, stripe, hook, paid):
        assert stripe.deliver(client, hook, paid, secret="whsec_guess").status_code == 400

    def test_signed_for_another_business(self, client, stripe, hook, paid):
        assert stripe.deliver(client, hook, paid, secret="whsec_zenzenzenzen").status_code == 400

    @pytest.mark.parametrize("signature", [None, "", "nonsense", "t=1,v1=", "v1=abc", "t=x,v1=abc", "t=1\u00e9,v0=abc"])
    def test_not_signed(self, client, hook, paid, signature):
        assert self.post(client, hook, json.dumps(paid), signature) == 400

    @pytest.mark.parametrize("age", [301, 3_600, 86_400])
    def test_too_old(self, client, stripe, hook, paid, age):
        assert stripe.deliver(client, hook, paid, age=age).status_code == 400

    def test_reordered(self, client, stripe, hook, paid):
        """The same JSON to a reader of JSON, and not what was signed."""
        turned = json.dumps(dict(reversed(paid.items())), indent=2)
        assert json.loads(turned) == paid
        assert stripe.deliver(client, hook, paid, body=turned).status_code == 400

    def test_spaces_taken_out(self, client, stripe, hook, paid):
        assert stripe.deliver(client, hook, paid, body=json.dumps(paid, separators=(",", ":"))).status_code == 400

    @pytest.mark.parametrize("end", [-1, 100, 1])
    def test_cut_short(self, client, stripe, hook, paid, end):
        assert stripe.deliver(client, hook, paid, body=json.dumps(paid, indent=2)[:end]).status_code == 400

    @pytest.mark.parametrize(
        "body", ["", "[]", "null", "{}", '{"id": 1}', '{"id": "evt", "type": "x", "data": 1}', "{"]
    )
    def test_signed_nonsense(self, client, hook, body):
        assert self.post(client, hook, body, signed(body, SECRET)) == 400

    def test_not_text(self, client, hook):
        assert self.post(client, hook, b"\xff\xfe", "t=1,v1=abc") == 400

    def test_too_long(self, client, stripe, hook, paid):
        long = paid | {"padding": "x" * 256 * 1024}
        assert stripe.deliver(client, hook, long).status_code == 413

    def test_at_an_address_nobody_has(self, client, stripe, paid):
        assert stripe.deliver(client, "/hooks/stripe/no-such-token", paid).status_code == 404

    def test_at_another_gateways_address(self, client, stripe, hook, paid):
        for gateway in ("outside", "test"):
            assert stripe.deliver(client, hook.replace("stripe", gateway), paid).status_code == 404

    def test_at_another_business(self, client, stripe, zen, paid):
        """Zen's owner can sign for zen, and names acme's payment: in zen's account there is none."""
        with scope(zen.account):
            theirs = f"/hooks/stripe/{gateways.token(zen.account)}"
        answer = stripe.deliver(client, theirs, paid, secret="whsec_zenzenzenzen")
        assert (answer.status_code, answer.text) == (200, "none of ours")
        assert heard(zen) == 0

    def test_not_by_looking(self, client, hook):
        assert client.get(hook).status_code == 405


def test_signed_just_now_it_is_believed(client, stripe, hook, paid):
    """That the refusals above bite: the same message within its five minutes."""
    assert stripe.deliver(client, hook, paid, age=290).text == "heard"


def test_two_secrets_for_a_day(client, stripe, acme, hook, paid, at):
    new = "whsec_newnewnewnewnew"
    with scope(acme.account):
        gateways.keep_webhook_secret(account=acme.account, secret=new, actor=acme.actor)
        changed = now()
    at(changed + timedelta(hours=23, minutes=59))
    assert stripe.deliver(client, hook, paid, secret=new).status_code == 200
    assert stripe.deliver(client, hook, paid, secret=SECRET).status_code == 200
    at(changed + timedelta(hours=24, minutes=1))
    assert stripe.deliver(client, hook, paid, secret=new).status_code == 200
    assert stripe.deliver(client, hook, paid, secret=SECRET).status_code == 400


def test_replaced_twice_only_two_are_good(client, stripe, acme, hook, paid):
    for secret in ("whsec_secondsecond", "whsec_thirdthird"):
        with scope(acme.account):
            gateways.keep_webhook_secret(account=acme.account, secret=secret, actor=acme.actor)
    answers = [
        stripe.deliver(client, hook, paid, secret=secret).status_code
        for secret in (SECRET, "whsec_secondsecond", "whsec_thirdthird")
    ]
    assert answers == [400, 200, 200]


def test_stripe_cannot_be_asked_and_posts_again(client, stripe, acme, hook, ordered, paid):
    stripe.down = True
    with nothing_moved():
        assert stripe.deliver(client, hook, paid).status_code == 503
    assert heard(acme) == 0
    stripe.down = False
    assert stripe.deliver(client, hook, paid).status_code == 200
    assert state(acme, ordered) == ("active", 5)


def test_the_key_was_revoked(client, stripe, acme, hook, paid):
    stripe.keys.discard(cards.KEY)
    with nothing_moved():
        assert stripe.deliver(client, hook, paid).status_code == 503
    assert heard(acme) == 0


def test_switched_off_what_was_begun_goes_on(client, stripe, acme, hook, ordered, paid):
    with scope(acme.account):
        gateways.switch(account=acme.account, gateway="stripe", on=False, actor=acme.actor)
    stripe.deliver(client, hook, paid)
    assert state(acme, ordered) == ("active", 5)


@pytest.mark.parametrize(
    ("kind", "metadata"),
    [
        ("customer.created", {}),
        ("v2.core.event", {}),
        ("payment_intent.succeeded", {}),
        ("payment_intent.succeeded", {"payment": "nonsense"}),
        ("payment_intent.succeeded", {"payment": str(uuid4())}),
        ("payment_intent.succeeded", None),
    ],
)
def test_what_is_none_of_ours(client, stripe, acme, hook, kind, metadata):
    """A business sells other things through its Stripe account too."""
    about = {"id": "pi_theirs", "object": "payment_intent", "metadata": metadata}
    message = {"id": "evt_theirs", "object": "event", "type": kind, "data": {"object": about}}
    with nothing_moved():
        assert stripe.deliver(client, hook, message).status_code == 200
    assert heard(acme) == 0
    assert ("GET", "payment_intents/pi_theirs") not in stripe.asked


def test_its_address_is_not_logged(hook):
    token = hook.rsplit("/", 1)[1]
    assert redacted(f"Not Found: {hook}") == "Not Found: /hooks/stripe/[key]"
    assert token not in redacted(f"POST {hook} 200")

"""What we sign, others verify by the book (T13). Vectors: the reference implementations of github.com/standard-webhooks."""

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from simplero.lib import signatures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NAME, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), '{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_vector():
    assert signatures.headers(secrets=[SECRET], name=NAME, at=AT, body=BODY) == {
        "webhook-id": NAME,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_with_two_secrets_there_are_two_signatures():
    sent = signatures.headers(secrets=[OTHER, SECRET], name=NAME, at=AT, body=BODY)
    first, second = sent["webhook-signature"].split(" ")
    assert second == SIGNATURE
    assert first != second
    assert first.startswith("v1,")


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_whoever_holds_one_of_the_secrets_can_tell(secret):
    body = '{"name": "Ann Müller"}'
    sent = signatures.headers(secrets=[OTHER, SECRET], name=NAME, at=datetime.now(UTC), body=body)
    assert Webhook(secret).verify(body, sent) == {"name": "Ann Müller"}
    for spoiled in (
        (body.replace("Ann", "Bob"), sent),
        (body, {**sent, "webhook-id": "another"}),
        (body, {**sent, "webhook-timestamp": str(int(sent["webhook-timestamp"]) + 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(*spoiled)
    with pytest.raises(WebhookVerificationError):
        Webhook(signatures.fresh_secret()).verify(body, sent)


def test_a_fresh_secret():
    one, other = signatures.fresh_secret(), signatures.fresh_secret()
    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) == 32

"""What Stripe posts to us, once it is known to be Stripe's. A message is a hint: it says which payment to ask about, no more.

https://docs.stripe.com/webhooks: the header Stripe-Signature holds a time and an HMAC of time and body under a secret that only
Stripe and the business have.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import stripe

from .gateway import Keys

TOLERANCE = 300  # seconds between signing and arriving
MOST = 256 * 1024  # bytes; Stripe's are a few thousand
OVERLAP = timedelta(hours=24)  # for which a secret that was replaced stays good, as Stripe offers it

KINDS = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "refund.created",
    "refund.updated",
    "refund.failed",
)
"""What we want to hear of, in the words of Stripe's dashboard."""


class Forged(Exception):
    """Not signed with any of the secrets, too long ago, or not a message at all."""


@dataclass(frozen=True, slots=True)
class Message:
    """`payment` is our own name for the payment it is about, where Stripe gave it back; the references are Stripe's."""

    event_id: str
    kind: str
    payment: UUID | None
    checkout_ref: str
    charge_ref: str


def secrets(keys: Keys, now: datetime) -> list[str]:
    """The webhook secrets that are good at `now`: the present one, and for a while the one before."""
    good = [keys.get("webhook_secret", "")]
    if keys.get("webhook_secret_before") and now < datetime.fromisoformat(keys["before_until"]):
        good.append(keys["webhook_secret_before"])
    return [secret for secret in good if secret]


def read(body: bytes, signature: str, secrets: Iterable[str]) -> Message:
    """The message in `body`. Raises Forged."""
    if not any(_signed(body, signature, secret) for secret in secrets):
        raise Forged
    try:
        event = json.loads(body)
        return _message(str(event["id"]), str(event["type"]), event["data"]["object"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Forged from None


def _signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        return stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _message(event_id: str, kind: str, about: dict[str, Any]) -> Message:
    session = about.get("object") == "checkout.session"
    intent = about.get("id") if about.get("object") == "payment_intent" else about.get("payment_intent")
    return Message(
        event_id=event_id[:255],
        kind=kind[:80],
        payment=_uuid((about.get("metadata") or {}).get("payment")),
        checkout_ref=str(about.get("id") or "") if session else "",
        charge_ref=intent if isinstance(intent, str) else "",
    )


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None

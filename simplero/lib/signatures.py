"""Signatures by which those whom we call know that it is us, as Standard Webhooks has them (https://www.standardwebhooks.com)."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
_BYTES = 32  # of a secret; the specification asks for 24 to 64


def fresh_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(*, secrets: Iterable[str], name: str, at: datetime, body: str) -> dict[str, str]:
    """What goes with `body`, which `name` names whenever it is sent, at the instant `at` (aware, in UTC): a signature with each secret."""
    signed = [Webhook(secret).sign(name, at, body) for secret in secrets]
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signed),
    }

"""Secrets that travel in links."""

import secrets
from hashlib import sha256

BYTES = 32


def fresh() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(BYTES)


def digest(token: str) -> str:
    """What is stored of a token. A plain hash is enough: there is nothing to guess in 256 random bits."""
    return sha256(token.encode()).hexdigest()

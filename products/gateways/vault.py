"""Secrets at rest: sealed with AES-256-GCM under a key that stands in the settings and never in the database.

Account and gateway are part of the seal (associated data), so a text copied into another account's row does not open there.
"""

import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from simplero.tenancy.scope import identity

from .gateway import Keys, Rejected

FORMAT = b"\x01"
_NONCE = 12  # bytes, random: a business seals its keys a few times in its life, far from where chance repeats one


class Unreadable(Rejected):
    """None of the keys in the settings opens this: another key sealed it, or it was sealed for another account."""

    def __init__(self) -> None:
        super().__init__(
            "The payment provider's keys can't be opened any more. Enter them again under Settings → Payments."
        )


def seal(secrets: Keys, *, account: Any, gateway: str) -> bytes:
    """`secrets` as they may be stored for `account` and `gateway`."""
    nonce = os.urandom(_NONCE)
    text = json.dumps(secrets).encode()
    return FORMAT + nonce + AESGCM(_key(settings.SECRETS_KEY)).encrypt(nonce, text, _whose(account, gateway))


def unseal(sealed: bytes | memoryview, *, account: Any, gateway: str) -> Keys:
    """What `seal` was given; of nothing, nothing. Raises Unreadable."""
    sealed = bytes(sealed)
    if not sealed:
        return {}
    nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    if sealed[:1] == FORMAT and len(nonce) == _NONCE:
        for secret in (settings.SECRETS_KEY, *settings.SECRETS_KEY_FALLBACKS):
            try:
                return json.loads(AESGCM(_key(secret)).decrypt(nonce, text, _whose(account, gateway)))
            except InvalidTag:
                continue
    raise Unreadable


def _whose(account: Any, gateway: str) -> bytes:
    return f"{identity(account)}:{gateway}".encode()


def _key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"simplero credits: keys of gateways").derive(
        secret.encode()
    )

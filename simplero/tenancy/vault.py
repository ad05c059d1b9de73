"""Secrets at rest: sealed with AES-256-GCM under a key that stands in the settings and never in the database.

The account, what the secret is for and which of those it is are parts of the seal (the first and last as associated data, the middle
one in the key), so a sealed text copied into another row, or another account's, does not open there.
"""

import base64
import binascii
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from .scope import identity

FORMAT = b"\x01"
_NONCE = 12  # bytes, random: a business seals secrets a few times in its life, far from where chance repeats one


class Unreadable(Exception):
    """None of the keys in the settings opens this: another key sealed it, or it was sealed for something else."""


def seal(secret: bytes, *, account: Any, use: str, which: str) -> bytes:
    """`secret` as it may be stored: of `account`, for `use` ("keys of gateways"), the one called `which`."""
    nonce = os.urandom(_NONCE)
    return FORMAT + nonce + AESGCM(_key(settings.SECRETS_KEY, use)).encrypt(nonce, secret, _whose(account, which))


def unseal(sealed: bytes, *, account: Any, use: str, which: str) -> bytes:
    """What `seal` was given. Raises Unreadable."""
    nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    if sealed[:1] == FORMAT and len(nonce) == _NONCE:
        for secret in (settings.SECRETS_KEY, *settings.SECRETS_KEY_FALLBACKS):
            try:
                return AESGCM(_key(secret, use)).decrypt(nonce, text, _whose(account, which))
            except InvalidTag:
                continue
    raise Unreadable


def seal_text(secret: str, *, account: Any, use: str, which: str) -> str:
    """As `seal`, from text to text."""
    return base64.b64encode(seal(secret.encode(), account=account, use=use, which=which)).decode()


def unseal_text(sealed: str, *, account: Any, use: str, which: str) -> str:
    """What `seal_text` was given. Raises Unreadable."""
    try:
        return unseal(base64.b64decode(sealed, validate=True), account=account, use=use, which=which).decode()
    except (binascii.Error, ValueError):
        raise Unreadable from None


def _whose(account: Any, which: str) -> bytes:
    return f"{identity(account)}:{which}".encode()


def _key(secret: str, use: str) -> bytes:
    info = f"simplero credits: {use}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())

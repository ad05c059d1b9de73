"""The keys of payment providers at rest, sealed for one account and one gateway (simplero.tenancy.vault)."""

import json
from typing import Any

from simplero.tenancy import vault

from .gateway import Keys, Rejected

USE = "keys of gateways"


class Unreadable(Rejected):
    """None of the keys in the settings opens this: another key sealed it, or it was sealed for another account."""

    def __init__(self) -> None:
        super().__init__(
            "The payment provider's keys can't be opened any more. Enter them again under Settings → Payments."
        )


def seal(secrets: Keys, *, account: Any, gateway: str) -> bytes:
    """`secrets` as they may be stored for `account` and `gateway`."""
    return vault.seal(json.dumps(secrets).encode(), account=account, use=USE, which=gateway)


def unseal(sealed: bytes | memoryview, *, account: Any, gateway: str) -> Keys:
    """What `seal` was given; of nothing, nothing. Raises Unreadable."""
    sealed = bytes(sealed)
    if not sealed:
        return {}
    try:
        return json.loads(vault.unseal(sealed, account=account, use=USE, which=gateway))
    except vault.Unreadable:
        raise Unreadable from None

"""Payment providers: a file each, all alike (`gateway.Gateway`), and the dict that names them.

They know nothing of purchases: they are told what is to be paid, and say what became of it. They are asked outside any scope.
`accounts` says what a business has connected; `vault` seals its keys.
"""

from django.conf import settings

from . import outside, stripe, test
from .gateway import Checkout, Gateway, Keys, Order, RefundWord, Rejected, Unreachable, Word

__all__ = [
    "GATEWAYS",
    "Checkout",
    "Gateway",
    "Keys",
    "Order",
    "RefundWord",
    "Rejected",
    "Unreachable",
    "Word",
    "get",
    "offered",
]

# In the order in which customers are offered them: what pays at once comes first.
GATEWAYS: dict[str, Gateway] = {gateway.code: gateway for gateway in (stripe, test, outside)}


def offered() -> dict[str, Gateway]:
    """Those that exist here: Test cards would be goods for nothing, so they exist only in development and demonstration."""
    return {code: gateway for code, gateway in GATEWAYS.items() if code != test.code or settings.DEBUG or settings.DEMO}


def get(code: str) -> Gateway:
    """The gateway called `code`. Raises Rejected where it does not exist."""
    try:
        return offered()[code]
    except KeyError:
        raise Rejected("This way to pay does not exist here.") from None

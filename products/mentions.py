"""What else has to do with a product, such as triggers that listen to it: the room that has them registers who tells of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simplero.tenancy.models import Account

if TYPE_CHECKING:
    from products.models import Product


@dataclass(frozen=True, slots=True)
class Mention:
    """One of them, as a line with a link; `note` is a word about it, such as "Off"."""

    words: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What a room has to do with a product, under a heading, with the way to more of it."""

    title: str
    mentions: list[Mention]
    add: str
    add_url: str


Teller = Callable[[Account, "Product"], Section]

TELLERS: dict[str, Teller] = {}
"""By the permission without which nobody is told."""


def register(can: str, teller: Teller) -> None:
    """Let `teller` tell members who have the permission `can`. Raises ValueError when another one does already."""
    if TELLERS.setdefault(can, teller) is not teller:
        raise ValueError(f"another room tells of products to those who may {can}")

"""What each room does when a person is erased: it empties what it keeps of them, inside the one transaction of the erasing.

Each room registers itself when Django is ready. Rows that amounts and times hang on stay; what says who it was goes: names, addresses,
numbers, free text, names that others have for them. What a room keeps outside the database it forgets after the commit
(`transaction.on_commit`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from simplero.tenancy.models import Account


class Forget(Protocol):
    """Empties what the room keeps of these contacts: one person, who may have been merged from several. Safe to run twice."""

    def __call__(self, *, account: Account, contacts: Sequence[int]) -> None: ...


Hinders = Callable[[Account, Sequence[int]], str]
"""Why these contacts cannot be erased yet, with the way out, as a sentence; "" where nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Room:
    name: str
    forget: Forget
    hinders: Hinders | None = None


ROOMS: dict[str, Room] = {}
"""By name, in the order in which they registered: the lowest first."""


def register(room: str, forget: Forget, *, hinders: Hinders | None = None) -> None:
    """Let `forget` be called when a person is erased, unless any room `hinders` it. Raises ValueError when `room` is taken."""
    if room in ROOMS:
        raise ValueError(f"{room} has said already how it forgets")
    ROOMS[room] = Room(room, forget, hinders)

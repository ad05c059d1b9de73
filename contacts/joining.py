"""What each room does when two contacts are merged, and when that is undone: it hands over what it keeps of the one to the other.

Each room registers itself when Django is ready. All of it happens in one transaction, in which both contacts' rows are locked. First
every room holds what it is going to change (`hold`), the highest room first, since that is the order in which workers lock: a run, then
a purchase, then the contact. Then the rooms join, the highest first again: wallets come last, and stay locked for the shortest time.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account

from .models import Contact

Moved = dict[str, Any]
"""What a room handed over, as JSON: enough to hand back exactly that."""


@dataclass(frozen=True, slots=True)
class Joint:
    """One merge: `source` goes into `target`. `key` is the merge's own, from which a room derives keys."""

    account: Account
    source: Contact
    target: Contact
    key: uuid.UUID
    actor: Actor


class Hold(Protocol):
    def __call__(self, account: Account, contacts: list[int]) -> None: ...


class Join(Protocol):
    """Hands over what the room keeps of the source, and says what that was."""

    def __call__(self, joint: Joint) -> Moved: ...


class Part(Protocol):
    """Hands back to the source exactly what was `moved`, as far as it is still the target's."""

    def __call__(self, joint: Joint, moved: Moved) -> None: ...


Preview = Callable[[Account, Contact, Contact], list[str]]
"""What would move from the first contact to the second: "8 coaching sessions: 3 + 5", "2 purchases"."""


@dataclass(frozen=True, slots=True)
class Room:
    name: str
    preview: Preview
    join: Join
    part: Part
    hold: Hold | None = None


ROOMS: dict[str, Room] = {}
"""By name, in the order in which they registered: the lowest first."""


def register(room: str, *, preview: Preview, join: Join, part: Part, hold: Hold | None = None) -> None:
    """Let a room take part when contacts are merged. Raises ValueError when `room` is taken."""
    if room in ROOMS:
        raise ValueError(f"{room} has said already how it joins")
    ROOMS[room] = Room(room, preview, join, part, hold)


def highest_first() -> list[Room]:
    return list(reversed(ROOMS.values()))

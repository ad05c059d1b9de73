"""Who did it: the person or machine named on every entry and event. Ids only, never a name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is user (a member of staff), contact (the customer) or system (a worker); `id` is theirs, None for the system."""

    kind: str
    id: int | None = None


SYSTEM = Actor("system")

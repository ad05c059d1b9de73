"""What happened to triggers and at their addresses: ids and codes."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class HookReceived:
    """A trigger was called for a contact. `call` is a name of our own for the call, the same whenever it is made again."""

    kind: ClassVar[str] = "hook.received"
    contact_id: int
    trigger_id: int
    call: str


@dataclass(frozen=True, slots=True)
class HookAddressChanged:
    """`change`: opened, new or closed; never the address."""

    kind: ClassVar[str] = "trigger.address_changed"
    trigger_id: int
    change: str

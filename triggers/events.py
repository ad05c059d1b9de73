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


@dataclass(frozen=True, slots=True)
class TriggerAdded:
    kind: ClassVar[str] = "trigger.added"
    trigger_id: int
    occasion: str
    copied_from_id: int | None = None


@dataclass(frozen=True, slots=True)
class TriggerChanged:
    kind: ClassVar[str] = "trigger.changed"
    trigger_id: int
    fields: tuple[str, ...]  # which: name, when, only_if, once, actions; never what they say


@dataclass(frozen=True, slots=True)
class TriggerSwitched:
    kind: ClassVar[str] = "trigger.switched"
    trigger_id: int
    on: bool


@dataclass(frozen=True, slots=True)
class TriggerDeleted:
    kind: ClassVar[str] = "trigger.deleted"
    trigger_id: int

"""Facts of automations: ids, codes and amounts, never names or free text."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class AutomationStarted:
    """A contact entered an automation."""

    kind: ClassVar[str] = "automation.started"
    contact_id: int
    flow_id: int
    run: str  # its public id


@dataclass(frozen=True, slots=True)
class AutomationFinished:
    """A contact came to the end of an automation, or to a step that says stop."""

    kind: ClassVar[str] = "automation.finished"
    contact_id: int
    flow_id: int
    run: str


@dataclass(frozen=True, slots=True)
class AutomationStopped:
    """A contact was taken out of an automation before its end, by a person or by another automation."""

    kind: ClassVar[str] = "automation.stopped"
    contact_id: int
    flow_id: int
    run: str

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


@dataclass(frozen=True, slots=True)
class AutomationAdded:
    kind: ClassVar[str] = "automation.added"
    flow_id: int


@dataclass(frozen=True, slots=True)
class AutomationChanged:
    kind: ClassVar[str] = "automation.changed"
    flow_id: int
    fields: tuple[str, ...]  # which, never what they say


@dataclass(frozen=True, slots=True)
class AutomationPublished:
    """Contacts enter another version from now on."""

    kind: ClassVar[str] = "automation.published"
    flow_id: int
    version: int  # its number


@dataclass(frozen=True, slots=True)
class AutomationMoved:
    """Contacts inside were moved to the newest version."""

    kind: ClassVar[str] = "automation.moved"
    flow_id: int
    contacts: int


@dataclass(frozen=True, slots=True)
class AutomationSwitched:
    kind: ClassVar[str] = "automation.switched"
    flow_id: int
    on: bool


@dataclass(frozen=True, slots=True)
class AutomationDeleted:
    kind: ClassVar[str] = "automation.deleted"
    flow_id: int


@dataclass(frozen=True, slots=True)
class StartOfMany:
    """Many contacts were asked to be let in at once."""

    kind: ClassVar[str] = "automation.start_of_many"
    flow_id: int
    start: str  # its public id


@dataclass(frozen=True, slots=True)
class EndpointAdded:
    """Another system can be called. Its name and address stand in its row alone."""

    kind: ClassVar[str] = "endpoint.added"
    endpoint_id: int


@dataclass(frozen=True, slots=True)
class EndpointChanged:
    kind: ClassVar[str] = "endpoint.changed"
    endpoint_id: int
    fields: tuple[str, ...]  # which, never what they say


@dataclass(frozen=True, slots=True)
class EndpointSecretRenewed:
    kind: ClassVar[str] = "endpoint.secret_renewed"
    endpoint_id: int


@dataclass(frozen=True, slots=True)
class EndpointTested:
    kind: ClassVar[str] = "endpoint.tested"
    endpoint_id: int


@dataclass(frozen=True, slots=True)
class EndpointDeleted:
    kind: ClassVar[str] = "endpoint.deleted"
    endpoint_id: int


@dataclass(frozen=True, slots=True)
class CallSentAgain:
    """A person lets a call be made again, under the name it had."""

    kind: ClassVar[str] = "endpoint.call_sent_again"
    endpoint_id: int
    call: str  # its public id

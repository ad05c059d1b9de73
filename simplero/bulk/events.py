"""What happened to jobs: ids and codes. What happened to each contact, the rooms below tell themselves."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class BulkStarted:
    """`does` is a job's kind."""

    kind: ClassVar[str] = "bulk.started"
    bulk_id: int
    does: str
    total: int


@dataclass(frozen=True, slots=True)
class BulkFinished:
    kind: ClassVar[str] = "bulk.finished"
    bulk_id: int
    done: int


@dataclass(frozen=True, slots=True)
class BulkStopped:
    """Nobody more is done with; what was done stays."""

    kind: ClassVar[str] = "bulk.stopped"
    bulk_id: int


@dataclass(frozen=True, slots=True)
class BulkUndoStarted:
    kind: ClassVar[str] = "bulk.undo_started"
    bulk_id: int


@dataclass(frozen=True, slots=True)
class BulkUndone:
    kind: ClassVar[str] = "bulk.undone"
    bulk_id: int
    whole: int

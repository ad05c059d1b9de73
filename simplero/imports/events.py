"""What happened to imports: ids and numbers of rows."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ImportLoaded:
    kind: ClassVar[str] = "import.loaded"
    import_id: int
    created: int
    updated: int
    unchanged: int
    left_out: int


@dataclass(frozen=True, slots=True)
class ImportUndone:
    """`touched` contacts had changed since and stay as they are; `emptied` ones stay without the credits."""

    kind: ClassVar[str] = "import.undone"
    import_id: int
    removed: int
    emptied: int
    touched: int

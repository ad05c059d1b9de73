"""What happened to saved filters."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FilterSaved:
    kind: ClassVar[str] = "filter.saved"
    saved_filter: int


@dataclass(frozen=True, slots=True)
class FilterRenamed:
    kind: ClassVar[str] = "filter.renamed"
    saved_filter: int


@dataclass(frozen=True, slots=True)
class FilterDeleted:
    kind: ClassVar[str] = "filter.deleted"
    saved_filter: int

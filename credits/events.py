"""Facts about credit types. Movements write theirs in the database, with their entry: credits.issued, .consumed, .reversed,
.withdrawn, .expired, .restored and .redated, each with `entry` (its key), `credit_type_id`, `amount` and `balance`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class CreditTypeCreated:
    kind: ClassVar[str] = "credit_type.created"
    credit_type_id: int


@dataclass(frozen=True, slots=True)
class CreditTypeChanged:
    kind: ClassVar[str] = "credit_type.changed"
    credit_type_id: int
    fields: tuple[str, ...]  # which, never what they say


@dataclass(frozen=True, slots=True)
class CreditTypeArchived:
    kind: ClassVar[str] = "credit_type.archived"
    credit_type_id: int


@dataclass(frozen=True, slots=True)
class CreditTypeBroughtBack:
    kind: ClassVar[str] = "credit_type.brought_back"
    credit_type_id: int


@dataclass(frozen=True, slots=True)
class CreditsExpiring:
    """Credits of one type end together within so many days. Written where something is set off by it, and only there."""

    kind: ClassVar[str] = "credits.expiring"
    contact_id: int
    credit_type_id: int
    amount: int
    days: int

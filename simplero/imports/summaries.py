"""What checking a file has found, in numbers that grow chunk by chunk."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(slots=True)
class Summary:
    """Numbers of rows, but for `tags` (names of those to be made) and `balances` (by credit type's public id: rows and credits)."""

    create: int = 0
    update: int = 0
    keep: int = 0
    bad: int = 0
    namesakes: int = 0  # new contacts who have the name of a contact there is
    onto: int = 0  # opening balances of contacts who have credits of that type already
    undated: int = 0  # opening balances without a last good day
    tags: list[str] = field(default_factory=list)
    balances: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def kept(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**stored)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def good(self) -> int:
        return self.create + self.update + self.keep

    def add_balance(self, credit_type: str, amount: int) -> None:
        rows, credits = self.balances.get(credit_type, (0, 0))
        self.balances[credit_type] = [rows + 1, credits + amount]

"""The numbers of a run, printed at its end."""

from typing import Any

LINES: list[str] = []


def say(test: Any, **numbers: Any) -> None:
    LINES.append(f"{test.name:<48} " + ", ".join(f"{name} {value}" for name, value in numbers.items()))

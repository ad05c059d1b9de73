"""A version's steps as a program: which step is first, and what comes after which. Plain Python from plain JSON.

`steps` is a list of nodes `{"key", "kind", "settings", "yes", "no"}`. A node's own lists, "yes" and "no", are its branches; after
the last step of a branch, the run goes on behind the node that it belongs to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_STEPS = 100
"""Of a version."""

DEEPEST = 5
"""Branches within branches."""

MOST_HOPS = 100
"""Steps that a run may take without waiting: more is a circle."""

CONDITION, WAIT, JUMP, STOP = "condition", "wait", "jump", "stop"
FLOWING = (CONDITION, WAIT, JUMP, STOP)
"""Steps that only decide how a run goes on; all others are actions."""

BRANCHES = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Node:
    """One step. `parent` and `branch` say in whose list it stands, both empty in the outermost."""

    key: str
    kind: str
    settings: Mapping[str, Any]
    parent: str = ""
    branch: str = ""
    depth: int = 0


@dataclass(slots=True)
class Program:
    """The steps of a version by their keys, in the order in which they are read."""

    nodes: dict[str, Node] = field(default_factory=dict)
    first: str = ""  # "" where there are no steps
    _after: dict[str, str] = field(default_factory=dict)
    _into: dict[tuple[str, str], str] = field(default_factory=dict)

    def after(self, key: str) -> str:
        """The step that follows when `key` is done; "" past the last."""
        return self._after[key]

    def into(self, key: str, branch: str) -> str:
        """The first step of a branch of `key`, or what follows `key` where that branch is empty."""
        return self._into.get((key, branch)) or self._after[key]


def parse(steps: Sequence[Mapping[str, Any]]) -> Program:
    """The program of a version's steps."""
    program = Program()
    _add(program, steps, parent="", branch="", behind="", depth=0)
    program.first = steps[0]["key"] if steps else ""
    return program


def _add(
    program: Program, steps: Sequence[Mapping[str, Any]], *, parent: str, branch: str, behind: str, depth: int
) -> None:
    for at, step in enumerate(steps):
        key, following = step["key"], steps[at + 1]["key"] if at + 1 < len(steps) else behind
        program.nodes[key] = Node(key, step["kind"], step.get("settings", {}), parent, branch, depth)
        program._after[key] = following
        for name in BRANCHES:
            if inner := step.get(name):
                program._into[key, name] = inner[0]["key"]
                _add(program, inner, parent=key, branch=name, behind=following, depth=depth + 1)


def walk(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Every node, in the order in which they are read."""
    for step in steps:
        yield step
        for name in BRANCHES:
            yield from walk(step.get(name, ()))

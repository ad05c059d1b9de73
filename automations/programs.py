"""A version's steps as a program: which step is first, and what comes after which. Plain Python from plain JSON.

`steps` is a list of nodes `{"key", "kind", "settings", "yes", "no"}`. A node's own lists, "yes" and "no", are its branches; after
the last step of a branch, the run goes on behind the node that it belongs to.
"""

import copy
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simplero.lib.refusals import Refusal

Steps = Sequence[dict[str, Any]]

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


def walk(steps: Sequence[Any]) -> Iterator[Any]:
    """Every node, in the order in which they are read."""
    for step in steps:
        yield step
        for name in BRANCHES:
            yield from walk(step.get(name, ()))


class Misplaced(Refusal):
    """The steps cannot be arranged like that: too many, too deep, or a place that is not there any more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step may stand: in the `branch` of the step `parent`, both "" in the outermost list, before the step `before`, or at
    the end where that is ""."""

    parent: str = ""
    branch: str = ""
    before: str = ""

    def __str__(self) -> str:
        return f"{self.parent}.{self.branch}.{self.before}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """The place that `str()` wrote. Raises Misplaced for anything else."""
        parts = text.split(".")
        if len(parts) != 3 or bool(parts[0]) != bool(parts[1]) or parts[1] not in ("", *BRANCHES):
            raise Misplaced("Choose a place.")
        return cls(*parts)


END = Place()


def branches(kind: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The branches that a step of this kind has: both of a condition, the other one of a consume step that takes it when short."""
    if kind == CONDITION:
        return BRANCHES
    return ("no",) if settings.get("short") == "branch" else ()


def new_key() -> str:
    """A key that no step ever had."""
    return f"k{secrets.token_hex(5)}"


def find(steps: Steps, key: str) -> dict[str, Any] | None:
    """The step of that key, with its branches."""
    return next((step for step in walk(steps) if step["key"] == key), None)


def place_of(steps: Steps, key: str) -> Place:
    """Where the step stands now. Raises Misplaced where it does not."""
    parent, branch, beside = _home(steps, key)
    at = _index(beside, key)
    return Place(parent, branch, beside[at + 1]["key"] if at + 1 < len(beside) else "")


def insert(steps: Steps, step: Mapping[str, Any], place: Place = END) -> list[dict[str, Any]]:
    """`step`, with what stands in its branches, put at `place`. Raises Misplaced."""
    changed = copy.deepcopy(list(steps))
    beside = _list(changed, place)
    at = _index(beside, place.before) if place.before else len(beside)
    beside.insert(at, copy.deepcopy(dict(step)))
    return _fitting(changed)


def replace(steps: Steps, key: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The step with other settings. Raises Misplaced, about "short" where it would lose a branch in which there are steps."""
    changed = copy.deepcopy(list(steps))
    step = _there(changed, key)
    lost = [name for name in BRANCHES if name not in branches(step["kind"], settings)]
    if any(step.get(name) for name in lost):
        raise Misplaced("There are steps under “If short”. Move or delete them first.", field="short")
    for name in lost:
        step.pop(name, None)
    step["settings"] = dict(settings)
    return changed


def remove(steps: Steps, key: str) -> list[dict[str, Any]]:
    """Without the step and all that stands in its branches. Raises Misplaced."""
    changed = copy.deepcopy(list(steps))
    beside = _home(changed, key)[2]
    del beside[_index(beside, key)]
    return changed


def move(steps: Steps, key: str, place: Place) -> list[dict[str, Any]]:
    """The step, with its branches, at another place. Raises Misplaced, also for a place inside itself."""
    step = _there(steps, key)
    if place.before == key:
        return copy.deepcopy(list(steps))
    inside = {one["key"] for one in walk([step])}
    if place.parent in inside or place.before in inside:
        raise Misplaced("A step cannot stand in its own branches.")
    return insert(remove(steps, key), step, place)


def shift(steps: Steps, key: str, *, up: bool) -> list[dict[str, Any]]:
    """The step one place up or down among those beside it; at the end of them it stays. Raises Misplaced."""
    changed = copy.deepcopy(list(steps))
    beside = _home(changed, key)[2]
    at = _index(beside, key)
    to = at - 1 if up else at + 1
    if 0 <= to < len(beside):
        beside[at], beside[to] = beside[to], beside[at]
    return changed


def duplicate(steps: Steps, key: str, new: str = "") -> list[dict[str, Any]]:
    """The step once more, behind itself, under keys of its own, the first of them `new`; jumps within it stay within it. Raises
    Misplaced."""
    step = copy.deepcopy(_there(steps, key))
    renamed = {one["key"]: new_key() for one in walk([step])} | ({key: new} if new else {})
    for one in walk([step]):
        one["key"] = renamed[one["key"]]
        if one["kind"] == JUMP:
            one["settings"]["to"] = renamed.get(one["settings"].get("to"), one["settings"].get("to"))
    return insert(steps, step, place_of(steps, key))


def places(steps: Steps, key: str = "") -> list[Place]:
    """Every place where a step may stand, in the order in which they are read; without those inside the step `key`."""
    return list(_places(steps, "", "", key))


def _places(steps: Steps, parent: str, branch: str, besides: str) -> Iterator[Place]:
    for step in steps:
        yield Place(parent, branch, step["key"])
        if step["key"] != besides:
            for name in branches(step["kind"], step["settings"]):
                yield from _places(step.get(name, ()), step["key"], name, besides)
    yield Place(parent, branch)


def _fitting(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`steps`, where they keep the limits. Raises Misplaced."""
    program = parse(steps)
    if sum(1 for _ in walk(steps)) != len(program.nodes):
        raise Misplaced("This step is there already.")
    if len(program.nodes) > MOST_STEPS:
        raise Misplaced(f"There can be at most {MOST_STEPS} steps. Start another automation from here for more.")
    if any(node.depth > DEEPEST for node in program.nodes.values()):
        raise Misplaced(f"Branches can stand in one another at most {DEEPEST} deep.")
    return steps


def _there(steps: Steps, key: str) -> dict[str, Any]:
    step = find(steps, key)
    if step is None:
        raise Misplaced("This step is not there any more.")
    return step


def _home(steps: Steps, key: str, parent: str = "", branch: str = "") -> tuple[str, str, list[dict[str, Any]]]:
    """The step and the branch in whose list `key` stands, and that list. Raises Misplaced."""
    for inside, name, beside in _lists(steps, parent, branch):
        if any(step["key"] == key for step in beside):
            return inside, name, beside
    raise Misplaced("This step is not there any more.")


def _lists(steps: Any, parent: str, branch: str) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    yield parent, branch, steps
    for step in steps:
        for name in BRANCHES:
            if step.get(name):
                yield from _lists(step[name], step["key"], name)


def _list(steps: list[dict[str, Any]], place: Place) -> list[dict[str, Any]]:
    """The list that `place` is in, made where it is a branch without steps yet. Raises Misplaced."""
    if not place.parent:
        return steps
    parent = _there(steps, place.parent)
    if place.branch not in branches(parent["kind"], parent["settings"]):
        raise Misplaced("This branch is not there any more.")
    found: list[dict[str, Any]] = parent.setdefault(place.branch, [])
    return found


def _index(steps: Steps, key: str) -> int:
    for at, step in enumerate(steps):
        if step["key"] == key:
            return at
    raise Misplaced("The steps beside that place have changed. Choose a place again.")

"""Steps as the builder and the view of a version draw them: a list of cards, each with its branches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from automations import programs
from automations.descriptions import BRANCHES, KINDS, step_detail, step_words
from automations.programs import Place, Program, Steps
from automations.queries.naming import Names
from automations.queries.problems import Problems


@dataclass(slots=True)
class Branch:
    code: str
    label: str
    place: str  # behind its last step
    end: str  # the same, as a query
    cards: "list[Card]"


@dataclass(slots=True)
class Card:
    """One step, and what stands in its branches. Addresses are asked for by query: `query` names the step."""

    key: str
    number: int
    kind: str
    label: str
    icon: str
    words: str
    detail: str
    first: bool
    last: bool
    query: str
    place: str  # before it
    before: str  # the same, as a query
    problems: list[str] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    full: bool = False  # there are steps in its branches

    @property
    def name(self) -> str:
        """How buttons call it: "step 2, Wait 3 days"."""
        return f"step {self.number}, {self.words}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is needed to draw steps."""

    program: Program
    names: Names
    problems: Problems

    def cards(self, steps: Steps, parent: str = "", branch: str = "") -> list[Card]:
        numbers = {key: at for at, key in enumerate(self.program.nodes, 1)}
        return [
            self._card(step, numbers, Place(parent, branch, step["key"]), at == 0, at == len(steps) - 1)
            for at, step in enumerate(steps)
        ]

    def _card(self, step: Mapping[str, Any], numbers: Mapping[str, int], place: Place, first: bool, last: bool) -> Card:
        key, kind, settings = step["key"], step["kind"], step["settings"]
        return Card(
            key=key,
            number=numbers[key],
            kind=kind,
            label=KINDS[kind].label,
            icon=KINDS[kind].icon,
            words=step_words(kind, settings, self.names, self.program),
            detail=step_detail(kind, settings, self.names),
            first=first,
            last=last,
            query=urlencode({"step": key}),
            place=str(place),
            before=urlencode({"at": str(place)}),
            problems=self.problems.of.get(key, []),
            branches=[
                Branch(
                    code=name,
                    label=BRANCHES[kind, name],
                    place=str(Place(key, name)),
                    end=urlencode({"at": str(Place(key, name))}),
                    cards=self.cards(step.get(name, []), key, name),
                )
                for name in programs.branches(kind, settings)
            ],
            full=any(step.get(name) for name in programs.BRANCHES),
        )

    def places(self, steps: Steps, besides: str = "") -> list[tuple[str, str]]:
        """Every place where a step may stand, with its words; without those inside the step `besides`, and where it is."""
        now: set[Place] = set()
        if besides:
            behind = programs.place_of(steps, besides)
            now = {behind, Place(behind.parent, behind.branch, besides)}
        found = programs.places(steps, besides)
        return [(str(place), self._place(place)) for place in found if place not in now]

    def targets(self, besides: str = "") -> list[tuple[str, str]]:
        """Every step that may be jumped to, by its key, with its words."""
        return [(key, self.said(key)) for key in self.program.nodes if key != besides]

    def said(self, key: str) -> str:
        """ "2. Wait 3 days"."""
        node = self.program.nodes[key]
        words = step_words(node.kind, node.settings, self.names)
        return f"{list(self.program.nodes).index(key) + 1}. {words}"

    def _place(self, place: Place) -> str:
        if place.before:
            return f"Before {self.said(place.before)}"
        if not place.parent:
            return "At the end"
        kind = self.program.nodes[place.parent].kind
        return f"At the end of “{BRANCHES[kind, place.branch]}” of {self.said(place.parent)}"

"""What is wrong with a list of steps, before it is published: what they refer to is gone, or leads nowhere. Sentences for staff."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from automations.models import Flow, Of
from automations.programs import JUMP, Program, Steps, parse
from automations.queries.naming import Names, names
from automations.waits import EVENT, EXPIRY
from credits.wording import capital
from simplero.tenancy.models import Account

Settings = Mapping[str, Any]


@dataclass(slots=True)
class Problems:
    """What is wrong in general, and with each step, by its key. False where nothing is."""

    general: list[str] = field(default_factory=list)
    of: dict[str, list[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.general or self.of)

    @property
    def summary(self) -> str:
        """All of it in a sentence."""
        if self.general:
            return self.general[0]
        many = len(self.of)
        return f"{'One step needs' if many == 1 else f'{many} steps need'} mending before this can be published."


def problems(account: Account, flow: Flow, steps: Steps) -> Problems:
    """What keeps these steps of `flow` from being published."""
    program, found = parse(steps), Problems()
    if not program.nodes:
        found.general.append("There are no steps yet. Add one first.")
    known = names(account, list(steps))
    for key, node in program.nodes.items():
        wrong = [*_gone(node.kind, node.settings, known), *_nowhere(key, node.kind, node.settings, program)]
        if wrong:
            found.of[key] = wrong
    return found


def _gone(kind: str, settings: Settings, known: Names) -> list[str]:
    wrong = []
    for name, there in _THERE.items():
        if name in settings and not there(known, settings[name]):
            wrong.append(_WORDS[name])
    if kind == "issue" and not wrong and (unit := known.credit_types[settings["credit_type"]]).archived_at:  # type: ignore[attr-defined]
        wrong.append(
            f"“{capital(unit.name)}” is archived, so no more can be issued. Choose another type, or bring it back under Content → Credits."
        )
    for said in settings.get("conditions", ()):
        wrong += _gone("", said, known)
    if settings.get("for") == EVENT:
        wrong += _gone("", settings.get("event", {}), known)
    if settings.get("for") == EXPIRY and "credit_type" not in settings:
        wrong.append(_WORDS["credit_type"])
    return list(dict.fromkeys(wrong))


def _nowhere(key: str, kind: str, settings: Settings, program: Program) -> list[str]:
    if kind != JUMP:
        return []
    if settings.get("to") not in program.nodes:
        return ["The step that this jumps to is gone. Choose another."]
    return ["This jumps to itself. Choose another step."] if settings["to"] == key else []


def _flow_there(known: Names, pk: int) -> bool:
    flow = known.flows.get(pk)
    return flow is not None and flow.of == Of.AUTOMATION and flow.deleted_at is None


def _endpoint_there(known: Names, pk: int) -> bool:
    endpoint = known.endpoints.get(pk)
    return endpoint is not None and endpoint.deleted_at is None


_THERE: dict[str, Callable[[Names, int], bool]] = {
    "credit_type": lambda known, pk: pk in known.credit_types,
    "tag": lambda known, pk: pk in known.tags,
    "flow": _flow_there,
    "automation": _flow_there,
    "endpoint": _endpoint_there,
    "product": lambda known, pk: pk in known.products,
    "price": lambda known, pk: pk in known.prices,
}
_WORDS = {
    "credit_type": "The credit type is gone. Choose another.",
    "tag": "The tag is gone. Choose another.",
    "flow": "The automation is gone. Choose another.",
    "automation": "The automation to wait for is gone. Choose another.",
    "endpoint": "The address to call is gone. Choose another.",
    "product": "The product is gone. Choose another.",
    "price": "The price is gone. Choose another.",
}

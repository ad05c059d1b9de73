"""Steps in words: the kinds there are, in the order and under the headings in which they are offered, and what each step says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from automations import conditions, programs, waits
from automations.actions import ACTIONS
from automations.occasions import OCCASIONS
from automations.programs import Program
from automations.queries.naming import Names
from simplero.lib.lists import listed
from simplero.lib.moments import day

Settings = Mapping[str, Any]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

DOING, TIMING, LOGIC = "Actions", "Timing", "Logic"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step, and what it is for."""

    code: str
    label: str
    icon: str
    group: str
    about: str


_ABOUT = {
    "consume": "Use up what they have.",
    "issue": "Give them some.",
    "tag": "To tell them by.",
    "untag": "Take it off again.",
    "start": "Enter another one too.",
    "stop_automation": "Leave another one.",
    "email": "In your own words.",
    "webhook": "Tell another system.",
    "notify": "Mail your team.",
}

KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        *(Kind(one.code, one.label, one.icon, DOING, _ABOUT[one.code]) for one in ACTIONS.values()),
        Kind(programs.WAIT, "Wait", "clock", TIMING, "Go on later."),
        Kind(programs.CONDITION, "Condition", "split", LOGIC, "Go one way or the other."),
        Kind(programs.JUMP, "Jump", "corner-down-right", LOGIC, "Go on at another step."),
        Kind(programs.STOP, "Stop", "octagon-x", LOGIC, "Be done here."),
    )
}

GROUPS = (DOING, TIMING, LOGIC)

BRANCHES = {("condition", "yes"): "Yes", ("condition", "no"): "No", ("consume", "no"): "If short"}
"""What a branch of a kind of step is called."""

_SHORT = {
    "stop": "If short, stops and asks for attention",
    "skip": "If short, goes on without",
    "branch": "",  # the branch says so
}

_EXCERPT = 90


def step_icon(kind: str) -> str:
    return KINDS[kind].icon if kind in KINDS else "dot"


def step_words(kind: str, settings: Settings, names: Names, program: Program | None = None) -> str:
    """What a step does: "Consume 1 coaching session", "Wait 3 days". Of a jump within `program` also where to."""
    if kind in ACTIONS:
        return ACTIONS[kind].words(settings, names)
    if kind == programs.WAIT:
        return f"Wait {wait_words(settings, names)}"
    if kind == programs.CONDITION:
        return f"If the contact {listed(conditions.words(settings['conditions'], names))}"
    if kind == programs.JUMP:
        return f"Jump to {_target(settings.get('to', ''), names, program)}"
    return "Stop" if kind == programs.STOP else "A step that is not there any more"


def _target(key: str, names: Names, program: Program | None) -> str:
    if program is None:
        return "another step"
    if key not in program.nodes:
        return "a step that is gone"
    node, number = program.nodes[key], list(program.nodes).index(key) + 1
    said = "" if node.kind == programs.JUMP else f": {step_words(node.kind, node.settings, names)}"
    return f"step {number}{said}"


def step_detail(kind: str, settings: Settings, names: Names) -> str:
    """What else there is to say of a step, on a line of its own; "" where that is nothing."""
    match kind:
        case "consume":
            return _SHORT.get(settings.get("short", ""), "")
        case "email" | "notify":
            text = " ".join(settings["text"].split())
            return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1].rstrip()}…"
        case "webhook":
            endpoint = names.endpoints.get(settings["endpoint"])
            return endpoint.url if endpoint else ""
        case programs.WAIT if settings["for"] == waits.EVENT:
            return f"Goes on after {span(settings)} if it has not happened by then"
        case programs.WAIT if settings["for"] == waits.EXPIRY:
            return "Goes on at once where none will expire"
        case programs.WAIT if settings["for"] == waits.DATE:
            return "Goes on at once when that is past"
    return ""


def wait_words(settings: Settings, names: Names) -> str:
    """How long a wait is: "3 days", "until Monday at 09:00", "until 7 days before coaching sessions expire"."""
    match settings["for"]:
        case waits.WHILE:
            return span(settings)
        case waits.WEEKDAY:
            return f"until {WEEKDAYS[settings['weekday']]} at {settings['time']}"
        case waits.DATE:
            return f"until {day(date.fromisoformat(settings['date']))} at {settings['time']}"
        case waits.EXPIRY:
            number, unit = settings["days"], names.unit(settings["credit_type"]).plural
            return (
                f"until {number:,} {'day' if number == 1 else 'days'} before {unit} expire"
                if number
                else f"until {unit} expire"
            )
    occasion = OCCASIONS[settings["occasion"]]
    return f"until {occasion.words(settings.get('event', {}), names)}, at most {span(settings)}"


def span(settings: Settings) -> str:
    """ "3 days", "1 week"."""
    number, unit = settings["number"], settings["unit"]
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"

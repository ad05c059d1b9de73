"""Sentences about what came of steps, and why one waits for a person."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from automations.models import Endpoint, Flow, Visit
from automations.queries.naming import Names
from automations.wording import REASONS, ended, outcome, reason


@dataclass
class Unit:
    name: str = "coaching session"
    plural: str = "coaching sessions"


@dataclass
class Known(Names):
    credit_types: dict[int, Any] = field(default_factory=lambda: {1: Unit()})
    tags: dict[int, str] = field(default_factory=lambda: {2: "VIP {tag}"})
    flows: dict[int, Flow] = field(default_factory=lambda: {3: Flow(name="Welcome")})
    endpoints: dict[int, Endpoint] = field(default_factory=lambda: {4: Endpoint(name="Booking tool")})


SHORT = {"credit_type": 1, "asked": 2, "free": 1}


@pytest.mark.parametrize(
    ("why", "detail", "said"),
    [
        ("short", SHORT, "Needs 2 coaching sessions and has 1."),
        ("short", {**SHORT, "asked": 1, "free": 0}, "Needs 1 coaching session and has none."),
        ("short", {**SHORT, "credit_type": 9}, "Needs 2 credits and has 1."),
        ("archived", {"credit_type": 1}, "“coaching session” is archived, so no more can be issued."),
        ("gone", {"what": "tag", "tag": 9}, "The tag that this step needs is gone."),
        ("gone", {"what": "flow", "flow": 3}, "The automation “Welcome” that this step needs is gone."),
        ("gone", {"what": "flow", "flow": 9}, "The automation that this step needs is gone."),
        ("gone", {"what": "endpoint", "endpoint": 4}, "The address “Booking tool” that this step needs is gone."),
        ("gone", {"what": "type", "credit_type": 9}, "The credit type that this step needs is gone."),
        ("gone", {"step": "k3"}, "The step this stood at is not there."),
        ("off", {"flow": 3}, "“Welcome” is switched off"),
        ("too_many_tags", {"tag": 2}, "so “VIP {tag}” was not added"),
        ("failed", {"attempts": 5}, "Something went wrong on our side 5 times"),
        ("loop", {"depth": 9}, "a chain of more than 8 things"),
        ("storm", {"most": 20, "number": 21}, "happened to this contact 21 times"),
        ("hops", {"most": 100}, "went through 100 steps without waiting"),
        ("something new", {}, "This step could not be done."),
    ],
)
def test_why_a_person_is_needed(why, detail, said):
    words = reason(why, detail, Known())
    assert said in words
    assert words.endswith(".")


def test_every_reason_has_words_for_the_barest_detail():
    for why in REASONS:
        assert reason(why, {**SHORT, "what": "tag"}, Names()).endswith(".")


@pytest.mark.parametrize(
    ("kind", "came", "detail", "said"),
    [
        ("consume", "done", {"credit_type": 1, "amount": 1, "left": 4}, "1 coaching session used, 4 left"),
        ("consume", "done", {"credit_type": 1, "amount": 2, "left": 0}, "2 coaching sessions used, none left"),
        ("consume", "done", {"credit_type": 1, "amount": 2}, "2 coaching sessions used"),
        ("consume", "skipped", SHORT, "Skipped: needs 2 coaching sessions and has 1"),
        ("consume", "branched", SHORT, "Took the other branch: needs 2 coaching sessions and has 1"),
        ("consume", "refused", {**SHORT, "reason": "short"}, "Needs 2 coaching sessions and has 1"),
        ("consume", "skipped", {"by": ["user", 1]}, "Skipped by hand"),
        ("issue", "done", {"credit_type": 1, "amount": 5, "left": 5}, "5 coaching sessions issued, 5 left"),
        ("tag", "done", {"tag": 2}, "Tagged “VIP {tag}”"),
        ("tag", "nothing", {"tag": 2}, "Had “VIP {tag}” already"),
        ("untag", "done", {"tag": 2}, "Removed “VIP {tag}”"),
        ("untag", "nothing", {"tag": 9}, "Did not have a tag that is gone"),
        ("start", "done", {"flow": 3}, "“Welcome” started"),
        ("start", "nothing", {"flow": 3, "why": "inside"}, "Not started: is inside “Welcome” already"),
        ("stop_automation", "done", {"flow": 3}, "“Welcome” stopped"),
        ("stop_automation", "nothing", {"flow": 3}, "Nothing to stop: not inside “Welcome”"),
        ("email", "done", {"letter": "x"}, "Emailed"),
        ("email", "skipped", {"reason": "no_email"}, "Not emailed: no email address"),
        ("webhook", "done", {"endpoint": 4}, "Call to “Booking tool” on its way"),
        ("notify", "done", {"people": 1}, "1 person notified"),
        ("notify", "done", {"people": 3}, "3 people notified"),
        ("notify", "nothing", {"people": 0}, "There was nobody to notify"),
        ("wait", "waited", {}, "Waited"),
        ("wait", "waited", {"came": True}, "Waited until it happened"),
        ("wait", "waited", {"came": False}, "Waited in vain"),
        ("wait", "waited", {"hurried": ["user", 1]}, "Waited, until somebody let it go on"),
        ("wait", "stopped", {"by": ["user", 1]}, "Stopped by hand"),
        ("condition", "yes", {}, "Yes"),
        ("condition", "no", {}, "No"),
        ("jump", "done", {}, "Jumped"),
        ("stop", "stopped", {}, "Stopped here"),
        ("new", "done", {}, "Done"),
    ],
)
def test_what_came_of_a_step(kind, came, detail, said):
    words = outcome(Visit(kind=kind, outcome=came, detail=detail), Known())
    assert words.startswith(said)
    assert not words.endswith(".")


def test_why_it_ended():
    assert ended("stopped") == "Stopped by hand"
    assert ended("halted") == "Stopped by another automation or trigger"
    assert ended("") == ""

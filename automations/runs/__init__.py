"""Contacts' ways through flows: begin them, take them on when they are due, and steer them. Inside the caller's open transaction."""

from .advancing import CHUNK, MOST_ATTEMPTS, advance, advance_one, one_failed, pick_up, set_apart
from .beginning import DEEPEST_CHAIN, Beginning, begin, begin_one, hold, live_version
from .rows import ADVANCE, ADVANCE_ONE, START
from .steering import hurry, move, pause, resume, retry, skip, stop, wake

__all__ = [
    "ADVANCE",
    "ADVANCE_ONE",
    "CHUNK",
    "DEEPEST_CHAIN",
    "MOST_ATTEMPTS",
    "START",
    "Beginning",
    "advance",
    "advance_one",
    "begin",
    "begin_one",
    "hold",
    "hurry",
    "live_version",
    "move",
    "one_failed",
    "pause",
    "pick_up",
    "resume",
    "retry",
    "set_apart",
    "skip",
    "stop",
    "wake",
]

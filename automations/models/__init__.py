"""The tables of what is done (`flows`), of who is where in it (`runs`), and of calls to other systems (`calls`)."""

from .calls import Call, CallState, Endpoint
from .flows import Flow, Of, Version
from .runs import INSIDE, Outcome, Run, Start, State, Visit

__all__ = [
    "INSIDE",
    "Call",
    "CallState",
    "Endpoint",
    "Flow",
    "Of",
    "Outcome",
    "Run",
    "Start",
    "State",
    "Version",
    "Visit",
]

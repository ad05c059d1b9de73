"""The relay's turns are of a second here and noted, and there are steps that leave the world or dawdle."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from automations.actions import ACTIONS
from automations.actions.action import Result, Turn
from simplero.outbox.tasks import relay
from simplero.tenancy.models import Account
from tests.faults.turns import note

CONSUME = ACTIONS["consume"]


def _leave(*_: Any) -> list[Result]:
    note("step exit")
    os._exit(1)


def _dawdle(account: Account, settings: Any, turns: Sequence[Turn]) -> list[Result]:
    note("step dawdle")
    time.sleep(settings["seconds"])
    return CONSUME.perform(account, settings, turns)


for code, perform in (("exit", _leave), ("dawdle", _dawdle)):
    ACTIONS[code] = replace(CONSUME, code=code, perform=perform)

_run = relay.run


def _noted(**named: Any) -> None:
    note(f"turn {relay.name}")
    _run(**named)


relay.once_per, relay.run = 1, _noted

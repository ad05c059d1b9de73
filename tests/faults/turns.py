"""What workers were sent and did, one line each in the file FAULT_TURNS: messages taken up, turns of the relay, odd steps."""

import os
from pathlib import Path

TURNS = Path(os.environ.get("FAULT_TURNS", "/dev/null"))


def note(what: str) -> None:
    with TURNS.open("a") as log:
        log.write(what + "\n")

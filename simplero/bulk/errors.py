"""What this room says no to."""

from simplero.lib.refusals import Refusal


class NobodyChosen(Refusal):
    def __init__(self) -> None:
        super().__init__("Nobody is chosen. Tick contacts in the list first, or choose all that match.")


class TooMany(Refusal):
    def __init__(self, most: int) -> None:
        super().__init__(f"That is for at most {most:,} contacts at a time. Narrow the list down with a filter first.")


class OthersNow(Refusal):
    """Other contacts match than those of whom the preview told."""

    def __init__(self, total: int) -> None:
        whom = f"{total:,} {'contact matches' if total == 1 else 'contacts match'}"
        super().__init__(f"{whom} now, which is not what you were shown. Look again, then start.")


class Reused(Refusal):
    def __init__(self) -> None:
        super().__init__("This form was already sent with other values. Look at the jobs, and open it afresh.")


class StillRunning(Refusal):
    def __init__(self) -> None:
        super().__init__("This job is still running. Stop it first, or wait until it is done.")


class NotYet(Refusal):
    """The day of a roster has not come."""

    def __init__(self) -> None:
        super().__init__("This day has not come yet. Ticks use a credit, so they wait until it has.")


class NotYours(Refusal):
    def __init__(self) -> None:
        super().__init__("A tick can be taken back by the one who made it, for 15 minutes. An admin still can.")


class StillTicked(Refusal):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is ticked. Take the tick back first, so that the credit comes back too.")

"""What finding says no to."""

from simplero.lib.refusals import Refusal


class NameTaken(Refusal):
    """Another saved filter of the account has this name."""

    field = "name"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a saved filter called “{name}” already. Give this one another name.")


class TooMany(Refusal):
    """The account has as many saved filters as there can be."""

    field = "name"

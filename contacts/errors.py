"""What the contacts room says no to."""

import uuid
from datetime import datetime

from simplero.lib.refusals import Refusal


class EmailTaken(Refusal):
    """Another contact of the account has this address. `name` and `public_id` are that contact's."""

    field = "email"

    def __init__(self, *, name: str, public_id: uuid.UUID) -> None:
        super().__init__(f"{name} already has this email address. Every contact needs one of their own.")
        self.name = name
        self.public_id = public_id


class TooMany(Refusal):
    """A limit on how many there may be is reached."""


class AlwaysSent(Refusal):
    """This kind of letter cannot be switched off: without it customers could not get in."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} mails are always sent: without them nobody could sign in.")


class TooOften(Refusal):
    """The same was asked for too many times within the hour."""

    field = "email"


class Gone(Refusal):
    """Nothing can be done with this contact any more. `public_id` is its own."""

    def __init__(self, wording: str, *, public_id: uuid.UUID) -> None:
        super().__init__(wording)
        self.public_id = public_id


class Merged(Gone):
    """The contact was merged into another, whose public id is `into_id`."""

    def __init__(self, *, name: str, into: str, public_id: uuid.UUID, into_id: uuid.UUID) -> None:
        super().__init__(f"{name} was merged into {into}. Go on there.", public_id=public_id)
        self.name, self.into, self.into_id = name, into, into_id

    @property
    def notice(self) -> str:
        """What stands on the page that one is led to."""
        return f"{self.name} was merged into this contact."


class Erased(Gone):
    """The person was erased at `at`."""

    def __init__(self, *, public_id: uuid.UUID, at: datetime) -> None:
        super().__init__(
            "This contact was erased. The numbers stay, and nothing more can be done here.", public_id=public_id
        )
        self.at = at


class NotMerged(Refusal):
    """These two cannot be merged, or not parted again, and why."""


class NotErased(Refusal):
    """The contact cannot be erased yet, and why; `reasons` are whole sentences with the way out."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons

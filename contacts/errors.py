"""What the contacts room says no to."""

import uuid

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

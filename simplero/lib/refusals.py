"""The one shape of a business answer that says no."""


class Refusal(Exception):
    """A rule said no and nothing was changed. `field` is the form field it is about, if any."""

    field: str | None = None

    def __init__(self, wording: str = "", *, field: str | None = None) -> None:
        super().__init__(wording)
        if field is not None:
            self.field = field

    @property
    def wording(self) -> str:
        """The sentence a person reads."""
        return str(self.args[0])


class Unacceptable(Refusal):
    """What was typed cannot be kept as it stands: missing, too long, not of the form it must have, or not writing at all."""


class Stale(Refusal):
    """Somebody else changed it after the form was opened. Nothing was overwritten."""

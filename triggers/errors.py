"""Refusals of what staff do with triggers."""

from simplero.lib.refusals import Refusal


class TriggerGone(Refusal):
    """Somebody has deleted it meanwhile."""

    def __init__(self) -> None:
        super().__init__("This trigger has been deleted. Its log stays readable.")


class NothingToDo(Refusal):
    """A trigger that is on does at least one thing."""


class TooManyActions(Refusal):
    """More than one trigger may do."""

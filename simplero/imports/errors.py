"""What imports say no to."""

from simplero.lib.refusals import Refusal


class Unreadable(Refusal):
    """The file cannot be read, for a reason that whoever chose it can do something about."""

    field = "file"


class NotNow(Refusal):
    """The import has gone on meanwhile: what was asked for is not possible any more, or not yet."""

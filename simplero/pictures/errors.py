"""Why a file is not taken."""

from simplero.lib.refusals import Refusal


class NoPicture(Refusal):
    """The file is no picture we can draw anew, or larger than we take."""

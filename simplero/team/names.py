"""Names of people and businesses: read by everybody in the account, and in subjects of mail."""

from simplero.lib.text import one_line, unfit, visible

from .errors import UnfitName

LONGEST = 120  # characters


def cleaned(text: str, *, what: str) -> str:
    """`text` made fit to be kept as a name; `what` it names stands in the refusal. Raises UnfitName."""
    if unfit(text):
        raise UnfitName(f"{what} contains characters that cannot be shown. Delete them or type it anew.")
    kept = one_line(text)
    if not visible(kept):
        raise UnfitName(f"{what} is missing.")
    if len(kept) > LONGEST:
        raise UnfitName(f"{what} can be at most {LONGEST} characters long; this has {len(kept):,}.")
    return kept

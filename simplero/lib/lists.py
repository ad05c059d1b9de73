"""Lists as people say them."""

from collections.abc import Iterable


def listed(words: Iterable[str]) -> str:
    """ "name", "name and phone", "name, email and phone"; "" of none."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} and {last}" if most else last

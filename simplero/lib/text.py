"""What people typed, made fit to keep: one spelling of each letter, no stray blanks, nothing that cannot be seen or stored."""

import unicodedata

from .refusals import Unacceptable

# Marks that turn the reading direction of whatever follows them: on a page of names they make one name look like another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANKS = frozenset("\t\n\r")


def fit(text: str, *, what: str, longest: int, lines: bool = False, missing: str = "", field: str | None = None) -> str:
    """`text` made fit to keep: on one line, or with its own `lines`, at most `longest` characters. What nobody would see is "".

    Raises Unacceptable about `field`: in the words of `missing`, if there are any and there is nothing; else naming `what` it is.
    """
    if unfit(text):
        raise Unacceptable(
            f"{what} contains characters that cannot be shown. Delete them or type it anew.", field=field
        )
    kept = paragraphs(text) if lines else one_line(text)
    if not visible(kept):
        if missing:
            raise Unacceptable(missing, field=field)
        return ""
    if len(kept) > longest:
        raise Unacceptable(f"{what} can be at most {longest:,} characters long; this has {len(kept):,}.", field=field)
    return kept


def one_line(text: str) -> str:
    """`text` on one line, blanks made single and none at its ends, each letter in its composed spelling (NFC)."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def paragraphs(text: str) -> str:
    """`text` with its own lines: line ends made "\\n", no blanks at the ends of lines, no empty lines around it (NFC)."""
    lines = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n ")


def unfit(text: str) -> bool:
    """Whether `text` holds what is no writing: control characters (NUL and the like), half surrogates, direction overrides."""
    return any(
        (unicodedata.category(letter) in ("Cc", "Cs") and letter not in _BLANKS) or letter in _TURNING
        for letter in text
    )


def visible(text: str) -> bool:
    """Whether anything of `text` would be seen: not only blanks, joiners and other marks without a shape."""
    return any(unicodedata.category(letter)[0] not in "CZ" for letter in text)

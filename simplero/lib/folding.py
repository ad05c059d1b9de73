"""Folding text so that people find it: case and accents aside."""

import re
import unicodedata

_NOT_A_WORD = re.compile(r"[^\w@.+-]+")
# Letters that carry their difference in themselves, so that decomposing them leaves it standing.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})


def fold(text: str) -> str:
    """`text` in lower case without accents, blanks made single: "  Zoë  ØSTBY " gives "zoe ostby"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.translate(_LETTERS).split())


def key(text: str, *, longest: int) -> str:
    """`fold(text)` as a column of `longest` characters takes it: folding can lengthen ("ß" becomes "ss"), so it is cut."""
    return fold(text)[:longest]


def words(text: str) -> list[str]:
    """The folded words of `text` without repeats, as they stand; an e-mail address is one word and its parts are words too."""
    found: dict[str, None] = {}
    for word in _NOT_A_WORD.split(fold(text)):
        bare = word.strip(".-+_@")
        if bare:
            found[bare] = None
            if "@" in bare or "." in bare or "-" in bare:
                found.update(dict.fromkeys(part for part in re.split(r"[@.\-+_]+", bare) if part))
    return list(found)

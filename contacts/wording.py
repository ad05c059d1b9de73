"""What letters say: the kinds of letter there are, and the small grammar of their placeholders.

A placeholder is one word in single braces, `{customer}`. It is filled in once, from plain values: what a value holds is never
looked at again, and every other brace (`{{ x }}`, `{% x %}`, `{x.y}`) is text like any other.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from simplero.lib.lists import listed
from simplero.lib.refusals import Unacceptable
from simplero.lib.text import one_line, paragraphs

SUBJECT, TEXT = 200, 5000
"""Characters of a subject and of a text, before their placeholders are filled in; a filled-in subject is cut at the same length."""

CUSTOMER, BUSINESS, SHOP = "customer", "business", "shop"
COMMON = {CUSTOMER: "Ann Lee", BUSINESS: "Your business", SHOP: "https://shop.example/"}
"""Placeholders of every kind of letter, with samples: the contact's name, the account's, and where its storefront stands."""

_PLACEHOLDER = re.compile(r"(?<!\{)\{([^\W\d_]\w*)\}(?!\})")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of letter in our words, which an account may replace by its own.

    `secrets` are placeholders that let somebody in, for `useful_for`: they stand in the text, each of them, and never in the
    subject. Such a letter is kept from staff, erased once it is sent, and cannot be switched off.
    """

    code: str
    name: str
    about: str  # when it is sent, for staff
    placeholders: Mapping[str, str]  # with samples; COMMON is there too
    subject: str
    text: str
    secrets: tuple[str, ...] = ()
    useful_for: timedelta | None = None
    samples: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", {**COMMON, **self.placeholders})


KINDS: dict[str, Kind] = {}

FREE: dict[str, Kind] = {}
"""Kinds of letter without words of their own: each letter says what is written where it comes from, such as a step."""


def register(kind: Kind) -> None:
    """Let letters of `kind` be sent and reworded. Raises ValueError when its own words break the rules, or its code is taken."""
    if bool(kind.secrets) != bool(kind.useful_for):
        raise ValueError(f"{kind.code}: what lets somebody in does so for a while")
    try:
        check(kind, subject=kind.subject, text=kind.text)
    except Unacceptable as refusal:
        raise ValueError(f"{kind.code}: {refusal.wording}") from None
    if KINDS.setdefault(kind.code, kind) is not kind:
        raise ValueError(f"there is a kind of letter {kind.code} already")


def register_free(kind: Kind) -> None:
    """Let letters of `kind` be written in words that come with them. Raises ValueError when it has words, or its code is taken."""
    if kind.subject or kind.text or kind.secrets:
        raise ValueError(f"{kind.code}: a free kind of letter has no words of its own, and lets nobody in")
    if kind.code in KINDS or FREE.setdefault(kind.code, kind) is not kind:
        raise ValueError(f"there is a kind of letter {kind.code} already")


def check(kind: Kind, *, subject: str, text: str) -> None:
    """Raises Unacceptable, about `subject` or `text`, for placeholders that this kind of letter does not have, or must have."""
    for part, words in (("subject", subject), ("text", text)):
        there = [name for name in kind.samples if part == "text" or name not in kind.secrets]
        unknown = [name for name in placeholders(words) if name not in there]
        if unknown:
            raise Unacceptable(
                f"{braced(unknown[:1])} cannot stand in this {part}. There {'is' if len(there) == 1 else 'are'} {braced(there)}.",
                field=part,
            )
    missing = [name for name in kind.secrets if name not in placeholders(text)]
    if missing:
        raise Unacceptable(f"Without {braced(missing)} this mail would be of no use.", field="text")


def placeholders(words: str) -> list[str]:
    """The placeholders in `words`, each once, in their order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(words)))


def braced(names: Iterable[str]) -> str:
    """ "{customer}, {business} and {credits}"."""
    return listed([f"{{{name}}}" for name in names])


def fill(words: str, values: Mapping[str, str]) -> str:
    """`words` with each placeholder that `values` knows replaced by its value, once. Others stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), words)


def fill_subject(words: str, values: Mapping[str, str]) -> str:
    """A filled-in subject: one line, whatever the values hold, and at most SUBJECT characters."""
    said = one_line(fill(words, values))
    return said if len(said) <= SUBJECT else f"{said[: SUBJECT - 1].rstrip()}…"


def fill_text(words: str, values: Mapping[str, str]) -> str:
    """A filled-in text: where a value is empty, no gap is left between paragraphs."""
    return _EMPTY_LINES.sub("\n\n", paragraphs(fill(words, values)))

"""Addresses made of names."""

import re

from .folding import fold

_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")


def slug(name: str, *, longest: int = 50, otherwise: str) -> str:
    """`name` as lower-case words and digits joined by hyphens: "Zoë & Søn" gives "zoe-son"; `otherwise` when nothing is left of it."""
    return _NOT_IN_A_SLUG.sub("-", fold(name)).strip("-")[:longest].strip("-") or otherwise

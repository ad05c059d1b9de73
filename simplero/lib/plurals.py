"""A guess at English plurals, for a form to suggest: a person reads and mends it."""

import re


def plural(name: str) -> str:
    """ "coaching session" → "coaching sessions", "group class" → "group classes", "therapy" → "therapies"; "" stays ""."""
    if re.search(r"[^aeiou]y$", name, re.IGNORECASE):
        return f"{name[:-1]}ies"
    if re.search(r"(s|x|z|ch|sh)$", name, re.IGNORECASE):
        return f"{name}es"
    return f"{name}s" if name else ""

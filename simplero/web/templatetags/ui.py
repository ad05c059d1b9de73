"""What components need and templates cannot say: icons, initials, signs, shares of a whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from django import template
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

register = template.Library()

MINUS = "\u2212"
HUES = 8  # pairs --hue-1 … --hue-8 in static/css/tokens.css


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: int = 16) -> SafeString:
    """A Lucide icon as inline SVG, `size` in px, hidden from screen readers: the words beside it say it. Raises IconDoesNotExist."""
    svg = lucide(name + "", size=size, aria_hidden="true", focusable="false", **{"class": "icon"})
    return mark_safe(" ".join(svg.split()).replace("> <", "><"))  # noqa: S308  a package's drawing, no input


@register.filter
def initials(name: object) -> str:
    """One or two capitals that stand for a name: "Ana María Ruiz" → "AR", "studio" → "S"."""
    words = [word for word in str(name).split() if word[0].isalnum()]
    picked = words[:1] + words[1:][-1:]
    return "".join(word[0] for word in picked).upper() or "?"


@register.filter
def hue(name: object) -> int:
    """Which of the avatar colours belongs to a name: the same one on every page."""
    return crc32(str(name).strip().casefold().encode()) % HUES + 1


TONES = {"success": "good", "warning": "warn", "error": "bad"}


@register.filter
def tone(level_tag: str) -> str:
    """The tone of a notice for the level of one of Django's messages."""
    return TONES.get(level_tag, "info")


@register.filter
def grouped(number: int | str) -> str:
    """A whole number with its thousands apart: 12500 → "12,500"."""
    return f"{int(number):,}".replace("-", MINUS)


@register.filter
def signed(number: int | str) -> str:
    """A movement: "+5", "−1", "0"; with a real minus, which is as wide as the plus."""
    value = int(number)
    return "0" if value == 0 else f"{value:+,}".replace("-", MINUS)


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a meter: where it starts and how wide it is, in percent of the whole, as SVG attributes."""

    kind: str
    start: str
    width: str


@register.simple_tag
def shares(**parts: int | str) -> list[Share]:
    """The parts of a whole, in the order named; empty ones are left out, and a present one is never thinner than 1.5 %."""
    amounts = {kind: max(int(amount or 0), 0) for kind, amount in parts.items()}
    return list(_shares(amounts))


def _shares(amounts: dict[str, int]) -> Iterable[Share]:
    present = {kind: amount for kind, amount in amounts.items() if amount}
    whole = sum(present.values())
    widths = {kind: max(100 * amount / whole, 1.5) for kind, amount in present.items()}
    start, scale = 0.0, 100 / (sum(widths.values()) or 1)
    for kind, width in widths.items():
        yield Share(kind, f"{start * scale:.2f}%", f"{width * scale:.2f}%")
        start += width


@register.simple_tag
def gone(amount: int | str, left: int | str, expired: int | str = 0) -> int:
    """How many of a lot were used or withdrawn: neither left nor expired."""
    return int(amount or 0) - int(left or 0) - int(expired or 0)

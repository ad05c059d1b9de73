"""A business's one colour, made fit to read: shades of it that stand off the page in daylight and in the dark.

Shades keep hue and as much chroma as sRGB holds, and move in lightness only (OKLCH; Ottosson, "A perceptual color space for image
processing"). Contrast is WCAG 2.2's ratio of relative luminances, 1 to 21.
"""

import re
from dataclasses import dataclass
from math import atan2, cos, hypot, sin

WHITE, INK = "#ffffff", "#1d1712"
READABLE = 4.5  # contrast of words; WCAG 1.4.3
HEX = re.compile(r"#[0-9a-f]{6}\Z")

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Shades:
    """What one theme needs: a surface to fill (`fill`, `on_fill`, `fill_hover`), words (`text`, `text_hover`), quiet tints."""

    fill: str
    fill_hover: str
    on_fill: str
    text: str
    text_hover: str
    soft: str
    line: str


def is_colour(text: str) -> bool:
    """Whether `text` is a colour as we keep it: "#2f6b4f", lower case."""
    return HEX.match(text) is not None


def light(colour: str) -> Shades:
    """Shades of `colour` for pages as bright as #f3eee5 and brighter. Raises ValueError for anything but a colour."""
    fill, text = stand_off(colour, "#f3eee5", 1.4, darker=True), stand_off(colour, "#ebe3d6", 4.8, darker=True)
    return Shades(
        *_button(fill),
        text=text,
        text_hover=moved(text, -0.06),
        soft=tint(colour, 0.95, 0.015),
        line=tint(colour, 0.86, 0.06),
    )


def dark(colour: str) -> Shades:
    """Shades of `colour` for pages as dark as #2b261f and darker. Raises ValueError for anything but a colour."""
    fill, text = stand_off(colour, "#2b261f", 2.2, darker=False), stand_off(colour, "#332d25", 5.0, darker=False)
    return Shades(
        *_button(fill),
        text=text,
        text_hover=moved(text, 0.06),
        soft=tint(colour, 0.285, 0.028),
        line=tint(colour, 0.42, 0.07),
    )


def _button(fill: str) -> tuple[str, str, str]:
    """A surface to fill, the same under a pointer, and the colour of the words on both: white, or ink where it reads better.

    Of a few middling colours neither reads well enough; they are darkened a little, for white.
    """
    if contrast(fill, WHITE) < READABLE and contrast(fill, INK) < READABLE:
        fill = stand_off(fill, WHITE, READABLE, darker=True)
    words = WHITE if contrast(fill, WHITE) >= READABLE else INK
    return fill, moved(fill, -0.05 if words == WHITE else 0.05), words


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def stand_off(colour: str, ground: str, ratio: float, *, darker: bool) -> str:
    """`colour`, moved in lightness no further than it takes to reach `ratio` against `ground`."""
    if contrast(colour, ground) >= ratio and (luminance(colour) < luminance(ground)) == darker:
        return colour
    lightness, chroma, hue = _oklch(colour)
    step = -0.005 if darker else 0.005
    while 0 < lightness + step < 1:
        lightness += step
        found = _hex(lightness, chroma, hue)
        if contrast(found, ground) >= ratio and (luminance(found) < luminance(ground)) == darker:
            return found
    return "#000000" if darker else WHITE


def moved(colour: str, by: float) -> str:
    """`colour` lighter (or, below 0, darker) by so much of OKLCH's lightness."""
    lightness, chroma, hue = _oklch(colour)
    return _hex(min(max(lightness + by, 0), 1), chroma, hue)


def tint(colour: str, lightness: float, chroma: float) -> str:
    """The hue of `colour` at this lightness, with at most this chroma; a grey stays grey."""
    _, own, hue = _oklch(colour)
    return _hex(lightness, min(chroma, own), hue)


def _linear(colour: str) -> Triple:
    if not is_colour(colour):
        raise ValueError(f"not a colour: {colour!r}")
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return red, green, blue


def _oklch(colour: str) -> Triple:
    red, green, blue = _linear(colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return lightness, hypot(a, b), atan2(b, a)


def _hex(lightness: float, chroma: float, hue: float) -> str:
    """The nearest colour of sRGB: of this lightness and hue, with less chroma where there is no such one."""
    while True:
        channels = _srgb(lightness, chroma, hue)
        if chroma < 0.002 or all(-0.0005 <= part <= 1.0005 for part in channels):
            return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in channels)
        chroma -= 0.002


def _srgb(lightness: float, chroma: float, hue: float) -> Triple:
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    red, green, blue = (
        12.92 * part if part <= 0.0031308 else 1.055 * max(part, 0) ** (1 / 2.4) - 0.055 for part in linear
    )
    return red, green, blue

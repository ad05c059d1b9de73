"""The typefaces, cut down to the letters we use: python -m simplero.web.fonts <folder> writes them as <folder>/fonts/*.woff2.

Geist is the house's own, Instrument Serif the display face of storefronts.

Latin with its accents and the punctuation and arrows of the pages; a name in another script falls back to the system's face.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

RANGES = [
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x024F),  # Latin-1, Latin Extended-A and -B
    (0x0300, 0x036F),  # combining accents
    (0x1E00, 0x1EFF),  # Latin Extended Additional
    (0x2010, 0x2027),  # dashes, quotes, bullets, ellipsis
    (0x2030, 0x203A),  # per mille, primes, angle quotes
    (0x20A0, 0x20BF),  # currencies
    (0x2190, 0x2193),  # arrows
    (0x2212, 0x2212),  # minus
    (0x00D7, 0x00D7),  # times
]
FEATURES = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "ss01", "case"]


# By the name of the file made: the package a typeface comes in, and the file there.
FACES = {
    "geist": ("fontpkg_geist", "Geist[wght].ttf"),
    "instrument-serif": ("fontpkg_instrument_serif", "InstrumentSerif-Regular.ttf"),
}


def source(package: str, name: str) -> Path:
    """A typeface in its package. Raises FileNotFoundError where the package is missing."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"The package {package} is not installed.")
    return Path(spec.origin).parent / "files" / name


def build(folder: Path) -> list[Path]:
    """Write the subsets under `folder`, those that do not stand there already."""
    return [_subset(folder / "fonts" / f"{name}.woff2", source(*face)) for name, face in FACES.items()]


def _subset(target: Path, original: Path) -> Path:
    """Write one subset, unless it is there; the finished file appears at once or not at all."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    options = Options(flavor="woff2", layout_features=FEATURES, hinting=False, desubroutinize=True, notdef_outline=True)
    options.drop_tables += ["meta"]  # design languages; the subsetter would only say that it drops it
    font = load_font(str(original), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    unfinished = target.with_suffix(".part")
    save_font(font, str(unfinished), options)
    unfinished.replace(target)
    return target


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m simplero.web.fonts <folder>")
    build(Path(sys.argv[1]))

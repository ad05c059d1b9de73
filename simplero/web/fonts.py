"""The typeface, cut down to the letters we use: python -m simplero.web.fonts <folder> writes <folder>/fonts/geist.woff2.

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


def source() -> Path:
    """The variable Geist of its package. Raises FileNotFoundError where the package is missing."""
    spec = find_spec("fontpkg_geist")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The package fontpkg-geist is not installed.")
    return Path(spec.origin).parent / "files" / "Geist[wght].ttf"


def build(folder: Path) -> Path:
    """Write the subset under `folder`, unless it stands there already; the finished file appears at once or not at all."""
    target = folder / "fonts" / "geist.woff2"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    options = Options(flavor="woff2", layout_features=FEATURES, hinting=False, desubroutinize=True, notdef_outline=True)
    options.drop_tables += ["meta"]  # design languages; the subsetter would only say that it drops it
    font = load_font(str(source()), options)
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

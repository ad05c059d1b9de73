"""Documents as PDF: A4 pages in our typeface, and the few shapes that all of them are made of."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from fpdf import FPDF
from PIL import Image

from .fonts import FACES, source

# A document is no event of the application, and what its letters are is nobody's business in a log.
for _talkative in ("fontTools", "fpdf"):
    logging.getLogger(_talkative).setLevel(logging.ERROR)

WEIGHTS = {"": 400, "B": 600}
LEFT, RIGHT, TOP, BOTTOM = 22, 188, 24, 22  # mm; the last from the foot of the page
INK, QUIET, RULE = (29, 23, 18), (107, 98, 90), (222, 214, 202)
SIZE, SMALL = 10.5, 9.0  # points

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, its width in mm, and whether it holds numbers, which stand at its right edge."""

    heading: str
    width: float
    number: bool = False


class Paper(FPDF):
    """A document that is being written. The same words at the same instant give the same bytes.

    What our typeface has no letters for, such as Chinese, is shown as empty boxes. With `foot`, each page says it at its foot, and
    which of how many pages it is.
    """

    def __init__(self, *, title: str, author: str, at: datetime, foot: str = "") -> None:
        super().__init__(format="A4")
        self.foot = foot
        self._widths: dict[tuple[str, float], dict[str, float]] = {}
        self.on_next_page: Callable[[], None] | None = None  # draws the heading that a new page repeats
        self.set_creation_date(at)
        self.set_title(title)
        self.set_author(author)
        self.set_lang("en")
        for style in WEIGHTS:
            self.add_font("Geist", style, _font(style))
        self.set_margins(LEFT, TOP, 210 - RIGHT)
        self.set_auto_page_break(True, BOTTOM)
        self.add_page()

    def header(self) -> None:
        if self.on_next_page:
            self.on_next_page()

    def footer(self) -> None:
        if not self.foot:
            return
        self.set_y(-15)
        self._pen(SMALL, "", QUIET)
        number = f"Page {self.page_no()} of {{nb}}"
        room = self.get_string_width(number) + 6
        self.cell(RIGHT - LEFT - room, 5, self._cut(self.foot, RIGHT - LEFT - room))
        self.cell(room, 5, number, align="R")

    def logo(self, picture: bytes) -> None:
        """A picture above the first words, at most 14 mm high and 60 mm wide."""
        with Image.open(BytesIO(picture)) as opened:
            opened.thumbnail((900, 400))  # as sharp as print needs, and a fraction of the bytes
            width, height = opened.size
            scale = min(14 / height, 60 / width)
            self.image(opened, w=width * scale, h=height * scale)
        self.ln(4)

    def words(self, text: str, *, size: float = SIZE, style: str = "", colour: Colour = INK, after: float) -> None:
        """A paragraph whose lines are `after` mm high, or as high as their letters need."""
        self._pen(size, style, colour)
        self.multi_cell(RIGHT - LEFT, max(after, size * 0.45), text, new_x="LMARGIN", new_y="NEXT", align="L")

    def pair(self, left: str, right: str, *, size: float = SIZE, style: str = "") -> None:
        """Words on the left and an amount on the right, whose first lines stand level."""
        self._pen(size, style, INK)
        top = self.get_y()
        width = self.get_string_width(right) + 4 if right else 0
        self.multi_cell(RIGHT - LEFT - width, 7.5, left, new_x="LMARGIN", new_y="NEXT", align="L")
        if right:
            below = self.get_y()
            self.set_xy(RIGHT - width, top)
            self.cell(width, 7.5, right, align="R")
            self.set_xy(LEFT, below)

    def rule(self) -> None:
        self._line(self.get_y() + 1.5)
        self.ln(4)

    def headings(self, columns: tuple[Column, ...]) -> None:
        """The heading row of a table."""
        self._pen(SMALL, "B", QUIET)
        for column in columns:
            self.cell(column.width, 6, column.heading, align="R" if column.number else "L")
        self.ln(6)
        self._line(self.get_y())
        self.ln(1.2)

    def row(
        self, columns: tuple[Column, ...], cells: tuple[str, ...], *, style: str = "", colour: Colour = INK
    ) -> None:
        """A row of a table, whole on one page; the texts in it may have several lines."""
        self._pen(SMALL, style, colour)
        height = 4.6  # mm, of a line
        # A wide figure never wraps: a number on two lines would be two numbers.
        wrapped = [
            [text] if column.number else self._wrapped(text, column.width - 3)
            for column, text in zip(columns, cells, strict=True)
        ]
        tall = height * max(map(len, wrapped))
        if self.get_y() + tall > self.h - BOTTOM:
            self.add_page()
            self._pen(SMALL, style, colour)
        top, at = self.get_y(), float(LEFT)
        for column, lines in zip(columns, wrapped, strict=True):
            for number, line in enumerate(lines):
                self.set_xy(at, top + number * height)
                self.cell(column.width, height, line, align="R" if column.number else "L")
            at += column.width
        self.set_xy(LEFT, top + tall + 0.9)
        self._line(self.get_y())
        self.set_xy(LEFT, self.get_y() + 0.9)

    def keep_together(self, height: float) -> None:
        """Begin a new page unless `height` mm are left on this one."""
        if self.get_y() + height > self.h - BOTTOM:
            self.add_page()

    def _wrapped(self, text: str, width: float) -> list[str]:
        """`text` in lines no wider than `width`. FPDF's own measures each letter anew: a thousand rows would take seconds."""
        lines = []
        for paragraph in text.split("\n"):
            line, room = "", width
            for word in (piece for each in paragraph.split() for piece in self._pieces(each, width)):
                wide = self._wide(word)
                if line and wide + self._wide(" ") > room:
                    lines.append(line)
                    line, room = "", width
                room -= wide + (self._wide(" ") if line else 0)
                line = f"{line} {word}" if line else word
            lines.append(line)
        return lines

    def _pieces(self, word: str, width: float) -> Iterator[str]:
        """`word`, in pieces where no line would hold it."""
        piece = ""
        for letter in word if self._wide(word) > width else ():
            if piece and self._wide(piece + letter) > width:
                yield piece
                piece = ""
            piece += letter
        yield piece or word

    def _wide(self, text: str) -> float:
        of = self._widths.setdefault((self.font_style, self.font_size_pt), {})
        if text not in of:
            of[text] = self.get_string_width(text)
        return of[text]

    def _cut(self, text: str, width: float) -> str:
        while text and self.get_string_width(text) > width:
            text = text[:-2].rstrip() + "…"
        return text

    def _pen(self, size: float, style: str, colour: Colour) -> None:
        self.set_font("Geist", style, size)
        self.set_text_color(*colour)

    def _line(self, y: float) -> None:
        self.set_draw_color(*RULE)
        self.set_line_width(0.25)
        self.line(LEFT, y, RIGHT, y)


@cache
def _font(style: str) -> Path:
    """Our typeface at one weight, drawn once by each process: it comes as one file of all weights, which takes a second to open."""
    font = instantiateVariableFont(TTFont(source(*FACES["geist"])), {"wght": WEIGHTS[style]})
    target = Path(_folder().name) / f"geist-{WEIGHTS[style]}-{uuid4().hex}.ttf"
    font.save(target)
    return target


@cache
def _folder() -> TemporaryDirectory[str]:
    """Gone with the process."""
    return TemporaryDirectory(prefix="documents-")

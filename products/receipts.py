"""Receipts as PDF, A4. Plain text in, bytes out: no table is read here."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from fpdf import FPDF

from simplero.web.fonts import FACES, source

WEIGHTS = {"": 400, "B": 600}
LEFT, RIGHT, TOP = 22, 188, 24  # mm
INK, QUIET, RULE = (29, 23, 18), (107, 98, 90), (222, 214, 202)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says, in the words it says it."""

    number: str
    business: str
    name: str  # of the customer
    email: str
    on: str
    at: datetime
    what: str
    counted: str  # "5 coaching sessions × €85.00"
    total: str
    paid: str  # "Paid on 3 May 2026 with Visa ending in 4242"
    credits: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


def pdf(receipt: Receipt) -> bytes:
    """The same receipt gives the same bytes."""
    page = FPDF(format="A4")
    page.set_creation_date(receipt.at)
    page.set_title(f"Receipt {receipt.number}")
    page.set_author(receipt.business)
    page.set_lang("en")
    for style in WEIGHTS:
        page.add_font("Geist", style, _font(style))
    page.set_margins(LEFT, TOP, 210 - RIGHT)
    page.add_page()
    _line(page, receipt.business, size=20, style="B", after=12)
    _line(page, "Receipt", size=13, style="B", after=7)
    _line(page, f"{receipt.number} · {receipt.on}", colour=QUIET, after=12)
    _line(page, "For", colour=QUIET, after=5.5)
    _line(page, receipt.name, after=5.5)
    if receipt.email:
        _line(page, receipt.email, after=5.5)
    page.ln(8)
    _rule(page)
    _pair(page, receipt.what, "", style="B")
    _pair(page, receipt.counted, receipt.total)
    _rule(page)
    _pair(page, "Total", receipt.total, style="B", size=13)
    page.ln(4)
    _line(page, receipt.paid, after=6)
    for said in receipt.back:
        _line(page, said, after=6)
    if receipt.credits:
        page.ln(6)
        _line(page, "Credits", style="B", after=6)
        for said in receipt.credits:
            _line(page, said, after=6)
    return bytes(page.output())


def _line(
    page: FPDF, text: str, *, size: float = 10.5, style: str = "", colour: tuple[int, int, int] = INK, after: float
) -> None:
    page.set_font("Geist", style, size)
    page.set_text_color(*colour)
    page.multi_cell(RIGHT - LEFT, max(after, size * 0.45), text, new_x="LMARGIN", new_y="NEXT", align="L")


def _pair(page: FPDF, left: str, right: str, *, size: float = 10.5, style: str = "") -> None:
    """Words on the left and an amount on the right, whose first lines stand level."""
    page.set_font("Geist", style, size)
    page.set_text_color(*INK)
    top = page.get_y()
    width = page.get_string_width(right) + 4 if right else 0
    page.multi_cell(RIGHT - LEFT - width, 7.5, left, new_x="LMARGIN", new_y="NEXT", align="L")
    if right:
        below = page.get_y()
        page.set_xy(RIGHT - width, top)
        page.cell(width, 7.5, right, align="R")
        page.set_xy(LEFT, below)


def _rule(page: FPDF) -> None:
    page.set_draw_color(*RULE)
    page.set_line_width(0.25)
    page.line(LEFT, page.get_y() + 1.5, RIGHT, page.get_y() + 1.5)
    page.ln(4)


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
    return TemporaryDirectory(prefix="receipts-")

"""Statements as PDF, A4. Plain text in, bytes out: no table is read here."""

from dataclasses import dataclass, field
from datetime import datetime

from simplero.web.documents import QUIET, Column, Paper

COLUMNS = (
    Column("Date", 33),
    Column("What happened", 93),
    Column("Amount", 20, number=True),
    Column("Left after", 20, number=True),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A movement, in the words it is told in."""

    on: str
    sentence: str
    note: str
    amount: str  # "+5", "−1", "0"
    left: str


@dataclass(frozen=True, slots=True)
class Part:
    """One credit type: what there was, what came and went, and what was left."""

    title: str
    opening_words: str  # "At the start of 1 January 2026"
    opening: str
    figures: list[tuple[str, str]]  # ("Issued", "5"), …
    rows: list[Row]
    closing_words: str
    closing: str
    earlier: str = ""  # says how many movements of the period come before those in `rows`
    carried: str = ""  # and what they left
    later: str = ""  # says that more come after them
    free: str = ""  # the closing balance with its unit


@dataclass(frozen=True, slots=True)
class Document:
    business: str
    name: str  # of the contact
    email: str
    period: str
    as_of: str
    at: datetime
    parts: list[Part]
    logo: bytes = b""
    shortened: str = ""  # says that not every movement is listed
    nothing: str = field(default="There are no credits yet.")


def pdf(document: Document) -> bytes:
    """The same statement gives the same bytes."""
    page = Paper(
        title=f"Statement of credits, {document.name}",
        author=document.business,
        at=document.at,
        foot=f"{document.business} · Statement of credits of {document.name}",
    )
    if document.logo:
        page.logo(document.logo)
    page.words(document.business, size=20, style="B", after=12)
    page.words("Statement of credits", size=13, style="B", after=7)
    page.words(document.period, after=5.5)
    page.words(document.as_of, colour=QUIET, after=11)
    page.words("For", colour=QUIET, after=5.5)
    page.words(document.name, after=5.5)
    if document.email:
        page.words(document.email, after=5.5)
    page.ln(5)
    if document.shortened:
        page.words(document.shortened, after=6)
    for part in document.parts:
        _part(page, part)
    if not document.parts:
        page.words(document.nothing, after=6)
    return bytes(page.output())


def _part(page: Paper, part: Part) -> None:
    page.keep_together(42)
    page.ln(4)
    page.words(part.title, size=13, style="B", after=8)
    page.words(" · ".join(f"{label} {number}" for label, number in part.figures), size=9, colour=QUIET, after=6)
    page.ln(1)
    page.headings(COLUMNS)

    def again() -> None:
        page.words(f"{part.title}, continued", size=9, style="B", after=6)
        page.headings(COLUMNS)

    page.on_next_page = again
    page.row(COLUMNS, ("", part.opening_words, "", part.opening), style="B")
    if part.earlier:
        page.row(COLUMNS, ("", part.earlier, "", part.carried), colour=QUIET)
    for row in part.rows:
        said = f"{row.sentence}\n{row.note}" if row.note else row.sentence
        page.row(COLUMNS, (row.on, said, row.amount, row.left))
    page.row(COLUMNS, ("", part.closing_words, "", part.closing), style="B")
    page.on_next_page = None

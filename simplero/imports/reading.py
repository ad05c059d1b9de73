"""Reading what people upload: CSV in any of its dialects, and workbooks. A row comes as the texts of its cells, one row at a time.

A file is never trusted to be what it says: how large it may get is checked before and while it is read (`limits`).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from . import workbooks
from .errors import Unreadable
from .limits import LARGEST, LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, MOST_TEXT

CSV, XLSX = "csv", "xlsx"

WANTED = "Choose a CSV file, or an Excel workbook saved as .xlsx."

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OTHERS = (  # what people choose by mistake, by its first bytes
    (b"\xd0\xcf\x11\xe0", "This is a workbook of an old Excel, or one with a password. Open it and save it as .xlsx."),
    (b"%PDF", "This is a PDF, not a spreadsheet."),
    (b"\x89PNG", "This is a picture, not a spreadsheet."),
    (b"\xff\xd8\xff", "This is a picture, not a spreadsheet."),
    (b"\x1f\x8b", "This is a packed file. Unpack it first."),
    (b"<!DOCTYPE", "This is a web page, not a spreadsheet."),
    (b"<html", "This is a web page, not a spreadsheet."),
)
_DELIMITERS = {
    "\t": "tab",
    ";": "semicolon",
    ",": "comma",
}  # where two stand as often, the one that texts hold more seldom
_SAMPLE = 64 * 1024  # characters in which the delimiter is looked for
_LOCAL = "cp1252"


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the row's place in the file, from 1, empty rows counted: what a spreadsheet shows beside it."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is at first sight: its kind and, of a workbook, the names of its sheets."""

    format: str
    sheets: list[str]


def look(file: BinaryIO, *, size: int) -> Look:
    """What `file`, of `size` bytes, is, without reading all of it. Raises Unreadable."""
    if not size:
        raise Unreadable(f"This file is empty. {WANTED}")
    if size > LARGEST:
        raise Unreadable(too_large(size))
    head = file.read(4096)
    file.seek(0)
    for first, words in _OTHERS:
        if head.lstrip().startswith(first):
            raise Unreadable(f"{words} {WANTED}")
    if head.startswith(b"PK"):
        sheets = workbooks.sheets(file)
        file.seek(0)
        return Look(XLSX, sheets)
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(f"This is not a spreadsheet we can read. {WANTED}")
    return Look(CSV, [])


def too_large(size: int) -> str:
    return (
        f"This file has {size / 1024 / 1024:,.1f} MB; at most {LARGEST // 1024 // 1024} MB can be taken at once. "
        "Split it, or leave out columns that are not needed."
    )


def rows(file: BinaryIO, *, format: str, sheet: int = 0, notices: list[str]) -> Iterator[Row]:
    """The rows of `file` in which something stands, the headings first; what should be known of how it was read goes to `notices`.

    Raises Unreadable, which may be at any row.
    """
    found = workbooks.rows(file, sheet) if format == XLSX else _csv(file, notices)
    total = many = 0
    for number, cells in found:
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise Unreadable(
                f"Row {number} has {len(cells):,} columns; there can be at most {MOST_COLUMNS}. Delete those that are not needed."
            )
        if many > MOST_ROWS:  # the headings are no contact
            raise Unreadable(f"This file has more than {MOST_ROWS:,} rows. Split it into several files.")
        total += sum(map(len, cells))
        if total > MOST_TEXT:
            raise Unreadable(f"This file holds more text than {MOST_ROWS:,} contacts could. Leave out long columns.")
        long = next((at for at, cell in enumerate(cells) if len(cell) > LONGEST_CELL), None)
        if long is not None:
            raise Unreadable(
                f"Row {number} has {len(cells[long]):,} characters in its {_nth(long + 1)} cell; at most {LONGEST_CELL:,} can be taken."
            )
        many += 1
        yield Row(number, cells)


def _nth(number: int) -> str:
    return f"{number}{'th' if 10 < number % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _csv(file: BinaryIO, notices: list[str]) -> Iterator[tuple[int, list[str]]]:
    encoding = _encoding(file, notices)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    try:
        sample = text.read(_SAMPLE)
        text.seek(0)
        if "\0" in sample:
            raise Unreadable(f"This is not a spreadsheet we can read. {WANTED}")
        lines = _Lines(text)
        delimiter = _delimiter(sample)
        if sample[:4].casefold() == "sep=":  # a line that Excel writes for itself
            next(lines)
        if delimiter != ",":
            notices.append(f"Columns are separated by a {_DELIMITERS.get(delimiter, delimiter)}.")
        reader = csv.reader(lines, delimiter=delimiter)
        number = 0
        while True:
            number, began = number + 1, lines.read + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                raise Unreadable(
                    f"Row {number}, on line {began:,} of the file, cannot be read. A quotation mark may be missing there."
                ) from None
            if (
                lines.ended and cells
            ):  # the reader asked for more lines than there are, which it does inside of quotes only
                raise Unreadable(
                    f"A quotation mark that is opened in row {number}, on line {began:,} of the file, is never closed."
                )
            yield number, cells
    finally:
        if not text.closed:
            text.detach()


class _Lines:
    """The lines of a text, counted; `ended` once somebody has asked for a line behind the last."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text, self.read, self.ended = text, 0, False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.text.readline()
        if not line:
            self.ended = True
            raise StopIteration
        self.read += 1
        return line


def _encoding(file: BinaryIO, notices: list[str]) -> str:
    """By the mark at its beginning, or else UTF-8 if all of the file is that, or else the alphabet of Windows in the west."""
    head = file.read(4)
    file.seek(0)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    check = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        while check.read(_SAMPLE):
            pass
    except UnicodeDecodeError:
        notices.append(
            "The file is not in UTF-8, so it was read as Windows-1252. Look whether letters such as é and ø are right below."
        )
        return _LOCAL
    finally:
        check.detach()
        file.seek(0)
    return "utf-8"


def _delimiter(sample: str) -> str:
    """What separates the columns: what Excel says in a line of its own, or the sign that stands most often in the first row, outside of quotes."""
    if sample[:4].casefold() == "sep=" and len(sample) > 4 and sample[4] in _DELIMITERS:
        return sample[4]
    counts, quoted, seen = dict.fromkeys(_DELIMITERS, 0), False, False
    for letter in sample:
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "\r\n":
            if seen:
                break
        elif letter in counts:
            counts[letter] += 1
            seen = True
        elif not letter.isspace():
            seen = True
    return max(counts, key=lambda sign: counts[sign]) if any(counts.values()) else ","

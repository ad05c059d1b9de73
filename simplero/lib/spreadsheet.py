"""Rows for a spreadsheet: text stays text, whoever typed it."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell

BOM = "\ufeff"
"""Before the first row: without it a spreadsheet takes UTF-8 for the local alphabet."""

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MOST_OF_A_CELL = 32_767  # characters; Excel calls a file with a longer one damaged


def harmless(cell: str | int) -> str | int:
    """`cell` such that a spreadsheet never runs it as a formula: text that begins like one gets a leading apostrophe. Numbers stay."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA) else cell


def plain(cell: str) -> str:
    """`cell` without the apostrophe that `harmless` has put before it."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(_FORMULA) else cell


def lines(rows: Iterable[Iterable[str | int]]) -> Iterator[str]:
    """`rows` as CSV (RFC 4180), a line at a time."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([harmless(cell) for cell in row])
        yield line.getvalue()


def write_workbook(file: BinaryIO, rows: Iterable[Iterable[str | int]], *, title: str) -> None:
    """Write `rows`, the first of them headings, as .xlsx with one sheet; a row at a time, so that many take no more memory than few.

    Text is written as cells of text, which no spreadsheet runs, and stays text when somebody edits it.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    book.save(file)


def _cell(sheet: Any, value: str | int) -> Cell | int:
    if isinstance(value, int):
        return value
    cell: Cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_MOST_OF_A_CELL])
    cell.data_type = "s"  # whatever it looks like
    if harmless(value) != value:
        cell.quotePrefix = True
    return cell

"""Rows for a spreadsheet: text stays text, whoever typed it."""

import csv
import io
from collections.abc import Iterable, Iterator

BOM = "\ufeff"
"""Before the first row: without it a spreadsheet takes UTF-8 for the local alphabet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def harmless(cell: str | int) -> str | int:
    """`cell` such that a spreadsheet never runs it as a formula: text that begins like one gets a leading apostrophe. Numbers stay."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA) else cell


def lines(rows: Iterable[Iterable[str | int]]) -> Iterator[str]:
    """`rows` as CSV (RFC 4180), a line at a time."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([harmless(cell) for cell in row])
        yield line.getvalue()

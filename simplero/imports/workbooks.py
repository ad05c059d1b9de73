"""Reading .xlsx: what it comes to unpacked is looked at first, part by part, and only then does openpyxl read it, row by row.

openpyxl builds a tree for every row and keeps all texts in memory, so a row of a million cells and a table of texts without end are
refused before it sees them; so are documents with a DOCTYPE, in which entities are declared that grow or fetch.
"""

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat  # only to count, with every declaration refused  # noqa: S406

from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from .errors import Unreadable
from .limits import MOST_COLUMNS, MOST_PARTS, MOST_SHEETS, MOST_STRINGS, MOST_TEXT, MOST_UNPACKED

DAMAGED = "This workbook is damaged, or no workbook. Open it in your spreadsheet program and save it again as .xlsx."
BOMB = "This workbook unpacks to more than any list of contacts needs. Copy the rows into a new workbook and save that."

_CELLS = 4 * MOST_COLUMNS  # of a row in the file, some of them empty but styled
_ROWS = 1_048_576  # of a sheet, empty ones too
_BROKEN = (zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, NotImplementedError, RuntimeError, SyntaxError, ArithmeticError)  # fmt: skip
"""What zipfile, expat's users and openpyxl raise for files that are cut off or made to break them."""


def sheets(file: BinaryIO) -> list[str]:
    """The names of the sheets, without a look into them. Raises Unreadable, for what is too large unpacked too."""
    _weigh(file)
    names: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "sheet":
            names.append(attributes.get("name", ""))

    try:
        with zipfile.ZipFile(file) as archive:
            parser = expat.ParserCreate()
            parser.StartElementHandler = start
            parser.Parse(archive.read("xl/workbook.xml"), True)
    except (*_BROKEN, expat.ExpatError):
        raise Unreadable(DAMAGED) from None
    if not names:
        raise Unreadable("This workbook has no sheet.")
    if len(names) > MOST_SHEETS:
        raise Unreadable(f"This workbook has {len(names)} sheets; there can be at most {MOST_SHEETS}.")
    return names


def rows(file: BinaryIO, sheet: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet with their numbers. Raises Unreadable."""
    names = sheets(file)
    _look_through(file)  # before openpyxl opens it, which already builds a tree of rows
    book = _open(file)
    try:
        by_name: dict[str, Any] = {one.title: one for one in book.worksheets}
        shown = by_name.get(names[sheet]) if sheet < len(names) else None
        if shown is None:
            raise Unreadable("This sheet has no cells, or is not there any more. Choose another one.")
        shown.reset_dimensions()  # what a file says of itself may be wrong
        values = shown.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True)
        number = 0
        while True:
            number += 1
            try:
                row = next(values)
            except StopIteration:
                return
            except _BROKEN:
                raise Unreadable(DAMAGED) from None
            yield number, [_text(value) for value in row]
    finally:
        book.close()


def _open(file: BinaryIO) -> Workbook:
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of charts and the like, which are left out
            return load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except _BROKEN:
        raise Unreadable(DAMAGED) from None


def _weigh(file: BinaryIO) -> None:
    """Refuse what says that it unpacks to too much. What says less than it is, zipfile cuts off where it said it would end."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Unreadable(BOMB)
            small = [part for part in parts if not part.filename.startswith("xl/worksheets/")]
            if any(part.file_size > MOST_STRINGS for part in small if part.filename.endswith((".xml", ".rels"))):
                raise Unreadable(BOMB)
            if any(part.flag_bits & 1 for part in parts):
                raise Unreadable("This workbook has a password. Save it without one.")
            if "[Content_Types].xml" not in archive.namelist():
                raise Unreadable(DAMAGED)
            for part in parts:  # all that openpyxl builds a tree of at once, before it does
                if part in small and part.filename.endswith((".xml", ".rels")):
                    _count(archive, part, sheet=False)
    except _BROKEN:
        raise Unreadable(DAMAGED) from None


def _look_through(file: BinaryIO) -> None:
    """Refuse sheets with rows that are wider, or more, than a sheet's can be."""
    try:
        with zipfile.ZipFile(file) as archive:
            for part in archive.infolist():
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    _count(archive, part, sheet=True)
    except _BROKEN:
        raise Unreadable(DAMAGED) from None


def _count(archive: zipfile.ZipFile, part: zipfile.ZipInfo, *, sheet: bool) -> None:
    """Go through one XML part of the archive as a stream. Raises Unreadable."""
    cells = deep = text = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal cells, deep
        deep += 1
        if deep > 60:
            raise Unreadable(DAMAGED)
        if not sheet:
            return
        local = name.rpartition(":")[2]
        if local == "row":
            cells = 0
            if int(attributes.get("r") or 1) > _ROWS:
                raise Unreadable(DAMAGED)
        elif local == "c":
            cells += 1
            if cells > _CELLS:
                raise Unreadable(
                    f"A row of this workbook has more than {_CELLS} cells; there can be {MOST_COLUMNS} columns."
                )

    def end(name: str) -> None:
        nonlocal deep
        deep -= 1

    def words(data: str) -> None:
        nonlocal text
        text += len(data)
        if text > 2 * MOST_TEXT:
            raise Unreadable(BOMB)

    def refuse(*_: Any) -> None:
        raise Unreadable(DAMAGED)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, words
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    with archive.open(part) as opened:
        try:
            while data := opened.read(64 * 1024):
                parser.Parse(data, False)
            parser.Parse(b"", True)
        except expat.ExpatError:
            raise Unreadable(DAMAGED) from None


def _text(value: Any) -> str:
    """A cell as a person would type it: whole numbers without a point, days as 2027-01-31."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime():
            midnight = value.time() == datetime.time()
            return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="minutes")
        case datetime.date():
            return value.isoformat()
        case _:
            return str(value)

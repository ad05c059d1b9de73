"""What is understood of files, and what is refused of them, by a sentence that says what to do."""

import io
import zipfile
from datetime import date, datetime

import pytest

from simplero.imports import limits, reading, workbooks
from simplero.imports.errors import Unreadable

from .conftest import workbook


def read(data, sheet=0):
    """The cells of each row by its number, and the notices."""
    notices = []
    file = io.BytesIO(data)
    format = reading.look(file, size=len(data)).format
    found = {row.number: row.cells for row in reading.rows(file, format=format, sheet=sheet, notices=notices)}
    return found, notices


def refused(data, words):
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert words in caught.value.wording


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_alphabets_and_delimiters(encoding, delimiter):
    text = delimiter.join(["Näme", "Email; or, both"]) if delimiter == "\t" else f'Näme{delimiter}"Email; or, both"'
    text += f'\r\nZoë Ørsted{delimiter}"two\r\nlines, ""quoted"""\r\n'
    data = text.encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    rows, notices = read(data)
    assert rows == {1: ["Näme", "Email; or, both"], 2: ["Zoë Ørsted", 'two\r\nlines, "quoted"']}
    assert any("Windows-1252" in words for words in notices) == (encoding == "cp1252")
    assert any("separated" in words for words in notices) == (delimiter != ",")


def test_ragged_and_empty_rows_keep_their_numbers():
    rows, _ = read(b"\n,,\na,b,c\n\nonly\n1,2,3,4\n , ,\n")
    assert rows == {3: ["a", "b", "c"], 5: ["only"], 6: ["1", "2", "3", "4"]}
    assert read(b"sep=;\r\na;b\r\n")[0] == {1: ["a", "b"]}
    assert read(b"a,b\r1,2")[0] == {1: ["a", "b"], 2: ["1", "2"]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This file is empty."),
        (b"%PDF-1.7", "This is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        (b"\x1f\x8b\x08", "Unpack it first"),
        (b"  <!DOCTYPE html>", "web page"),
        (b"a\0b", "not a spreadsheet we can read"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b'a,b\n"x,y\nz,1\n', "row 2, on line 2 of the file, is never closed"),
        (b"a," * 200 + b"b", "201 columns"),
        (b"a\n" + b"x" * 5001, "5,001 characters in its 1st cell"),
    ],
)
def test_refused(data, words):
    refused(data, words)


def test_too_much(monkeypatch):
    refused(b"x," * (8 * 1024 * 1024), "16.0 MB; at most 15 MB")
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert len(read(b"a\n1\n2\n3\n")[0]) == 4
    refused(b"a\n1\n2\n3\n4\n", "more than 3 rows")
    monkeypatch.setattr(reading, "MOST_TEXT", 10)
    refused(b"abc\nabcd\nabcd\n", "more text than")


def test_cells_of_a_workbook():
    data = workbook(
        [
            ["Name", "Number", "Part", "Day", "Time", "Sure", "Formula", None],
            [],
            ["Ann", 5, 5.5, date(2027, 1, 31), datetime(2027, 1, 31, 9, 30), True, "=1+1", None],
            ["Ben", 4512345678.0, -0.0, None, None, False, None],
        ],
        [["Other"], ["sheet"]],
    )
    rows, notices = read(data)
    assert rows == {
        1: ["Name", "Number", "Part", "Day", "Time", "Sure", "Formula"],
        # A formula that no spreadsheet has reckoned has no value; the formula itself is never taken for one.
        3: ["Ann", "5", "5.5", "2027-01-31", "2027-01-31 09:30", "yes"],
        4: ["Ben", "4512345678", "0", "", "", "no"],
    }
    assert notices == []
    assert read(data, sheet=1)[0] == {1: ["Other"], 2: ["sheet"]}
    assert reading.look(io.BytesIO(data), size=len(data)).sheets == ["Sheet 1", "Sheet 2"]
    with pytest.raises(Unreadable, match="Choose another one"):
        read(data, sheet=7)


def replaced(part, content):
    """A workbook in which one part is something else."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["Name"], ["Ann"]]))) as there, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:  # fmt: skip
        for info in there.infolist():
            made.writestr(info.filename, content if info.filename == part else there.read(info.filename))
        if part not in there.namelist():
            made.writestr(part, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
OPEN = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = "</sheetData></worksheet>"
LOL = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def test_bombs(monkeypatch):
    """A row without end, texts without end, entities that grow or fetch, a zip that unpacks to more than it should."""
    wide = OPEN + '<row r="1">' + "<c><v>1</v></c>" * 100_000 + "</row>" + CLOSE
    refused(replaced(SHEET, wide), "more than 800 cells")
    refused(replaced(SHEET, LOL + OPEN + '<row r="1"><c><v>&b;</v></c></row>' + CLOSE), "damaged")
    fetch = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    refused(replaced(SHEET, fetch + OPEN + '<row r="1"><c t="str"><v>&a;</v></c></row>' + CLOSE), "damaged")
    refused(replaced("xl/workbook.xml", LOL + "<workbook/>"), "damaged")
    refused(replaced(SHEET, "<a>" * 1000 + "</a>" * 1000), "damaged")
    refused(replaced(SHEET, OPEN + '<row r="99999999"><c><v>1</v></c></row>' + CLOSE), "damaged")
    refused(replaced(SHEET, OPEN + '<row r="1"><c r="A1"><v>1</v>'), "damaged")
    far = OPEN + '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>' + CLOSE
    assert read(replaced(SHEET, far))[0] == {1: ["1"]}
    for of, most in ((workbooks, "MOST_UNPACKED"), (workbooks, "MOST_STRINGS")):
        with monkeypatch.context() as patch:
            patch.setattr(of, most, 1_000_000)
            part = "xl/media/x.bin" if most == "MOST_UNPACKED" else "xl/sharedStrings.xml"
            refused(replaced(part, "<x>" + " " * 2_000_000 + "</x>"), "unpacks to more")
    with monkeypatch.context() as patch:
        patch.setattr(workbooks, "MOST_PARTS", 3)
        refused(workbook([["Name"]]), "unpacks to more")
    assert limits.MOST_UNPACKED < 256 * 1024 * 1024

"""How much a file may hold, checked before it is kept where that can be told, else while it is read; and in what pieces it is handled."""

LARGEST = 15 * 1024 * 1024  # bytes of a file
MOST_ROWS = 50_000  # contacts of a file
MOST_COLUMNS = 200
LONGEST_CELL = 5_000  # characters
MOST_TEXT = 60_000_000  # characters of all cells

MOST_UNPACKED = 200 * 1024 * 1024  # bytes that a workbook, a zip archive, may come to
MOST_STRINGS = 64 * 1024 * 1024  # bytes of its table of texts, which is kept in memory
MOST_PARTS = 500  # files in the archive
MOST_SHEETS = 50

PART = 512 * 1024  # bytes of a file kept in one row
CHUNK = 500  # rows read, checked or loaded in one transaction

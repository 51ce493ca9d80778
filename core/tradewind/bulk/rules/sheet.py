"""CSV as people's programs write it: rows in, rows out, never the whole file at once.

UTF-8 with or without a byte order mark; `,`, `;` or a tab between cells, whichever the header uses,
or what Excel's line `sep=;` says; any line ends; quoted cells may hold line breaks.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from tradewind.bulk.rules.cells import guarded, unguarded
from tradewind.contracts.errors import FieldError, InvalidInput

MOST_LINE = 1 << 20
"""Bytes of a row, however many lines it has."""
MOST_COLUMNS = 200
_SEPARATORS = (",", ";", "\t")
_BLANKS = re.compile(r"[\s_-]+")
# The csv module's own limit is an eighth of that, and it goes on in the middle of such a cell.
csv.field_size_limit(MOST_LINE)


class Lines(Protocol):
    """A file that is read line by line, at most so many bytes of each."""

    def readline(self, size: int = -1, /) -> bytes: ...


class _TooLong(Exception):
    """A row is too long, and where it ends is certain."""


class Row(msgspec.Struct, frozen=True):
    """A row of a file.

    `number` counts as a spreadsheet does, `end` is the byte behind it. `fault` says why its cells
    cannot be read.
    """

    number: int
    end: int
    cells: dict[str, str]
    fault: FieldError | None = None

    def get(self, column: str) -> str:
        """The text of a cell; nothing where there is no such column."""
        return self.cells.get(column, "")


class Sheet:
    """The rows of a CSV file behind its header. Raises InvalidInput `unreadable_file`."""

    def __init__(self, file: Lines, canonical: Callable[[str], str | None]) -> None:
        """`canonical` gives the name of a column however it is written, or None for no column."""
        self._file = file
        self._position = 0
        self._began = 0
        self._number = 1
        try:
            self.separator, names = self._header()
        except _TooLong:
            raise unreadable("", "too_long", "The header is longer than 1 MB.") from None
        self.columns = _columns(names, canonical)

    @property
    def decimal_comma(self) -> bool:
        """Whether amounts may be written with a comma: where it does not part cells."""
        return self.separator != ","

    def _header(self) -> tuple[str, list[str]]:
        line = self._line().removeprefix("\ufeff")
        told = re.fullmatch(r"sep=(.)\s*", line, re.IGNORECASE)
        if told:
            line = self._line()
            self._number += 1
        choices = [told[1]] if told else _SEPARATORS
        read = [(one, _cells(line, one)) for one in choices]
        return max(read, key=lambda pair: len(pair[1]))

    def _line(self) -> str:
        """The next line; none at the end. Raises _TooLong, InvalidInput."""
        first = self._position == self._began
        line = self._file.readline(MOST_LINE + 1)
        self._position += len(line)
        if self._position - self._began > MOST_LINE:
            if first and self._passed_over(line):
                raise _TooLong
            words = f"Row {self._number + 1} is longer than 1 MB, or a quotation mark is missing."
            raise unreadable("", "too_long", words)
        return line.decode("utf-8", "surrogateescape")

    def _passed_over(self, line: bytes) -> bool:
        """Go behind the end of a line; says whether a row ends there, its quotes being closed."""
        marks = line.count(b'"')
        while line and not line.endswith(b"\n"):
            line = self._file.readline(MOST_LINE)
            self._position += len(line)
            marks += line.count(b'"')
        return bool(line) and marks % 2 == 0

    def __iter__(self) -> Iterator[Row]:
        reader = csv.reader(iter(self._line, ""), delimiter=self.separator, strict=True)
        while True:
            self._began = self._position
            try:
                cells, fault = next(reader), None
            except StopIteration:
                return
            except csv.Error:
                cells, fault = [], FieldError("", "malformed", "Quotation marks do not match up.")
            except _TooLong:
                cells, fault = [], FieldError("", "too_long", "A row has at most 1 MB.")
            self._number += 1
            if fault or any(cells):
                yield self._row(cells, fault)

    def _row(self, cells: Sequence[str], fault: FieldError | None) -> Row:
        fault = fault or _fault(cells, self.columns)
        # Cells that a program left out at the end of a row are empty ones.
        padded = [*cells, *[""] * (len(self.columns) - len(cells))]
        named = {
            column: unguarded(cell)
            for column, cell in zip(self.columns, padded, strict=False)
            if column
        }
        return Row(self._number, self._position, named, fault)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        raise unreadable("", "malformed", "The header cannot be read.") from None


def _columns(names: Sequence[str], canonical: Callable[[str], str | None]) -> tuple[str, ...]:
    """The canonical names; a column without a name or any cell is let be."""
    if not any(name.strip() for name in names):
        raise unreadable("", "required", "The file needs a header with the names of its columns.")
    if len(names) > MOST_COLUMNS:
        raise unreadable("", "too_long", f"At most {MOST_COLUMNS} columns.")
    if not all(map(_is_text, names)) or any("\0" in name for name in names):
        raise unreadable("", "wrong_encoding", "Save the file as CSV in UTF-8.")
    found: list[str] = []
    for name in names:
        word = _BLANKS.sub("_", name.strip().lower())
        known = canonical(word) if word else ""
        if known is None:
            raise unreadable(name.strip()[:100], "unknown_column", "There is no such column.")
        if known and known in found:
            raise unreadable(known, "duplicate", "This column stands there twice.")
        found.append(known)
    return tuple(found)


def _fault(cells: Sequence[str], columns: Sequence[str]) -> FieldError | None:
    for index, cell in enumerate(cells):
        column = columns[index] if index < len(columns) else ""
        if cell and not column:
            return FieldError("", "too_many_cells", "There are more cells than columns.")
        if not cell.isascii() and not _is_text(cell):
            return FieldError(column, "wrong_encoding", "Save the file as CSV in UTF-8.")
        if "\0" in cell:
            return FieldError(column, "invalid", "A zero byte cannot be stored.")
    return None


def _is_text(cell: str) -> bool:
    """Whether its bytes were UTF-8; others were read as halves of surrogate pairs."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def unreadable(path: str, code: str, message: str) -> InvalidInput:
    """The file as a whole is refused."""
    words = "This file cannot be imported."
    return InvalidInput(words, code="unreadable_file", errors=[FieldError(path, code, message)])


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of text as RFC 4180 has them, none of them a formula."""
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return page.getvalue().encode()

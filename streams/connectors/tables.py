"""CSV as rows of text: delimiter found in the header, quoted line breaks, byte-order marks, UTF-16 by its mark.

A stray quote makes one row of many lines. The reader would pass that on as long as the quotes come in pairs, so a row
of several lines must keep to the rules of quoting; where it does not, only its first line is refused, and the others
are read again as rows.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Self

from kernel.errors import InputError
from streams.connectors.base import RejectedRow

_CELL_LIMIT = 1024 * 1024
# What the lines of one row may have together, so that quotes which open and close for ever do not fill the memory.
_ROW_LIMIT = 4 * _CELL_LIMIT
# So much may be read again beyond what the file has given: no file takes much longer than to read it twice.
_AGAIN = 64 * _CELL_LIMIT
_DELIMITERS = ",;\t|"


class _Lines:
    """Lines for the CSV reader. Those of the row that it is in are kept, and can be read again."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self._again: deque[str] = deque()
        self._spare = _AGAIN
        self._passed = 0
        self._size = 0
        self.row: list[str] = []
        self.ended = False
        """Whether the row asked for more lines than there are, which only one inside of a quote does."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            try:
                line = next(self._text)
            except StopIteration:
                self.ended = True
                raise
            self._spare += len(line)
        self.row.append(line)
        self._size += len(line)
        if self._size > _ROW_LIMIT and len(self.row) > 1:
            message = f"row larger than the limit ({_ROW_LIMIT})"
            raise csv.Error(message)
        return line

    def begin(self) -> int:
        """Leave the row behind, and return the number of the line where the next one begins."""
        self._passed += len(self.row)
        self._size, self.row, self.ended = 0, [], False
        return self._passed + 1

    def refuse(self, fault: str, *, again: bool = True) -> RejectedRow:
        """Refuse the row; with `again`, all of its lines but the first are read as rows of their own."""
        first, last = self._passed + 1, self._passed + len(self.row)
        if first < last:
            fault = f"{fault} (lines {first}-{last} as one row)"
            size = self._size - len(self.row[0])
            if again and size <= self._spare:
                self._spare -= size
                self._again.extendleft(reversed(self.row[1:]))
                del self.row[1:]
                fault = f"{fault}; the lines after the first are read as rows"
        return RejectedRow(first, "bad_csv", fault)

    def misquoted(self, delimiter: str) -> str | None:
        """Return which rule of quoting the row breaks. One of a single line may: it takes no other line with it."""
        if self.ended:
            return "a quote is not closed until the end of the file"
        if len(self.row) == 1:
            return None
        try:
            next(csv.reader(self.row, delimiter=delimiter, strict=True))
        except csv.Error:
            return "text after a closing quote"
        return None


def read_header(stream: io.BufferedReader) -> tuple[tuple[str, ...], str]:
    """Return the columns and the delimiter: the one that splits the first line into most cells. Raises `InputError`."""
    with _decoded(stream) as text:
        head = text.readline(_CELL_LIMIT)
        delimiter = max(_DELIMITERS, key=lambda mark: len(_cells(head, mark)))
        lines = _Lines(chain([head], text))
        names = tuple(_header(csv.reader(lines, delimiter=delimiter)))
        if fault := lines.misquoted(delimiter):
            message = f"the header cannot be read: {fault}"
            raise InputError(message)
        return names, delimiter


def read_rows(
    stream: io.BufferedReader, delimiter: str, columns: Sequence[str]
) -> Iterator[tuple[int, tuple[str | None, ...]] | RejectedRow]:
    """Yield the line where each row begins and its values of `columns`; empty cells are None, blank lines no rows."""
    with _decoded(stream) as text:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=delimiter)
        names = _header(reader)
        # One place more than asked for, so that a single column comes as a tuple too.
        pick = itemgetter(*[names.index(name) for name in columns], 0)
        while True:
            line = lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield lines.refuse(str(error))
                continue
            if fault := lines.misquoted(delimiter):
                yield lines.refuse(fault)
            elif len(cells) != len(names):
                if cells:
                    # The last line of a text is no row; where it is one, a stray quote has met the first of its own.
                    again = len(_cells(lines.row[-1], delimiter)) == len(names)
                    yield lines.refuse(f"{len(cells)} cells, and the header has {len(names)}", again=again)
            elif _broken("".join(cells)):
                yield RejectedRow(line, "bad_encoding", "bytes that are not UTF-8")
            else:
                yield line, tuple([cell or None for cell in pick(cells)[:-1]])


def _decoded(stream: io.BufferedReader) -> io.TextIOWrapper:
    """Decode by the byte-order mark, else as UTF-8; wrong bytes become surrogates, which refuse only their row."""
    if stream.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return io.TextIOWrapper(stream, "utf-16", newline="")
    return io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")


def _broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _header(reader: Iterator[list[str]]) -> list[str]:
    csv.field_size_limit(_CELL_LIMIT)  # ends a quote that is never closed
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        message = f"the header cannot be read: {error}"
        raise InputError(message) from error
    if _broken("".join(names)):
        message = "the header is not UTF-8"
        raise InputError(message, remedy="Convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW")
    return names


def _cells(line: str, delimiter: str) -> list[str]:
    csv.field_size_limit(_CELL_LIMIT)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []

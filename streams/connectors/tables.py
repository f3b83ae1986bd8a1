"""CSV as rows of text: delimiter found in the header, quoted line breaks, byte-order marks, UTF-16 by its mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter

from kernel.errors import InputError
from streams.connectors.base import RejectedRow

_CELL_LIMIT = 1024 * 1024
_DELIMITERS = ",;\t|"


def read_header(stream: io.BufferedReader) -> tuple[tuple[str, ...], str]:
    """Return the columns and the delimiter: the one that splits the first line into most cells. Raises `InputError`."""
    with _decoded(stream) as text:
        head = text.readline(_CELL_LIMIT)
        delimiter = max(_DELIMITERS, key=lambda mark: len(_cells(head, mark)))
        return tuple(_header(csv.reader(chain([head], text), delimiter=delimiter))), delimiter


def read_rows(
    stream: io.BufferedReader, delimiter: str, columns: Sequence[str]
) -> Iterator[tuple[int, tuple[str | None, ...]] | RejectedRow]:
    """Yield the line where each row begins and its values of `columns`; empty cells are None, blank lines no rows."""
    with _decoded(stream) as text:
        ended: list[bool] = []
        reader = csv.reader(chain(text, _end(ended)), delimiter=delimiter)
        names = _header(reader)
        # One place more than asked for, so that a single column comes as a tuple too.
        pick = itemgetter(*[names.index(name) for name in columns], 0)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield RejectedRow(line, "bad_csv", str(error))
                continue
            if ended:  # only a row inside of a quote asks for more lines than there are
                more = f"{reader.line_num - line:,} lines after it are inside"
                yield RejectedRow(line, "bad_csv", f"a quote is not closed until the end of the file: {more}")
            elif len(cells) != len(names):
                if cells:
                    yield RejectedRow(line, "bad_csv", f"{len(cells)} cells, and the header has {len(names)}")
            elif _broken("".join(cells)):
                yield RejectedRow(line, "bad_encoding", "bytes that are not UTF-8")
            else:
                yield line, tuple([cell or None for cell in pick(cells)[:-1]])


def _end(ended: list[bool]) -> Iterator[str]:
    """Yield nothing, and note that it was asked for."""
    ended.append(True)
    yield from ()


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

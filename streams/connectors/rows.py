"""Any supported file as rows of text, read from front to back in constant memory.

What is wrong with one row rejects that row; what is wrong with the file is an `InputError`, whenever it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from kernel.errors import InputError
from streams.connectors import lines, tables
from streams.connectors.base import RejectedRow
from streams.connectors.opening import Format, Opener, opened, refuse_other_formats, whole

Row: TypeAlias = tuple[int, tuple[str | None, ...]]
SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class Table:
    """The shape of a file: its columns, and its first good rows, one value a column."""

    path: Path
    form: Format
    columns: tuple[str, ...]
    delimiter: str = ","
    sample: tuple[tuple[str | None, ...], ...] = ()

    def values(self, column: str | None) -> list[str]:
        """Return the non-empty values of a column in the first rows."""
        if column is None:
            return []
        place = self.columns.index(column)
        return [value for row in self.sample if (value := row[place]) is not None]


def inspect(path: Path, form: Format) -> Table:
    """Read the beginning of a file. Raises `InputError` when it is unreadable, empty or of another format."""
    with opened(path) as stream, whole(path):
        refuse_other_formats(path, form, stream.peek(64)[:64])
        if form == "csv":
            columns, delimiter = tables.read_header(stream)
            table = Table(path, form, columns, delimiter)
        else:
            table = Table(path, form, lines.read_columns(stream))
    if not any(table.columns):
        message = f"{path} names no columns at its beginning"
        raise InputError(message, remedy="The first line of a CSV is its header; each line of JSONL is an object.")
    good = (item[1] for item in read(table, table.columns, lenient=True) if not isinstance(item, RejectedRow))
    return replace(table, sample=tuple(islice(good, SAMPLE_ROWS)))


def read(
    table: Table, columns: Sequence[str], *, lenient: bool = False, watch: Opener | None = None
) -> Iterator[Row | RejectedRow]:
    """Yield the line and the values of `columns` of each row, or why there are none.

    `watch` receives the file underneath, whose `tell` shows how far the reading is. Raises `InputError` when the file
    is damaged, with the line where it breaks off.
    """
    line = 0
    with opened(table.path, watch) as stream, whole(table.path, lambda: line):
        if table.form == "csv":
            found = tables.read_rows(stream, table.delimiter, columns)
        else:
            found = lines.read_rows(stream, columns, lenient=lenient)
        for item in found:
            line = item.line if isinstance(item, RejectedRow) else item[0]
            yield item

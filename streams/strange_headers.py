r"""Header names that are not UTF-8, which some clients can write, must not hold up a partition for ever.

The client refuses to read a batch with such a record, at every attempt, so that nothing behind it would arrive. Here
the bytes that are no text are written as `\\xff`, and the batch is read. No other batch is touched or slowed down.
"""

from __future__ import annotations

from typing import Any, SupportsIndex, cast

from kafka.record.default_records import DefaultRecordBatch

_read = DefaultRecordBatch._read_msg


class _Part(bytes):
    """A stretch of a batch whose text may be any bytes."""

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _Lenient(bytearray):
    """A batch whose stretches are read as they are."""

    def __getitem__(self, place: SupportsIndex | slice) -> Any:
        found = super().__getitem__(cast("Any", place))
        return _Part(found) if isinstance(place, slice) else found


def _read_leniently(batch: Any, *rest: Any) -> Any:
    start = batch._pos
    try:
        return _read(batch, *rest)
    except UnicodeDecodeError:
        batch._pos, batch._buffer = start, _Lenient(batch._buffer)
        return _read(batch, *rest)


def accept_strange_header_names() -> None:
    """Let every consumer of this process read them, from now on."""
    DefaultRecordBatch._read_msg = _read_leniently

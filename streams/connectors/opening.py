"""Files as bytes: plain or gzip as their first bytes say, and a clear word about all else that people hand over."""

from __future__ import annotations

import gzip
import io
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import fstat
from pathlib import Path
from typing import IO, Literal, TypeAlias, cast

from kernel.errors import InputError

Format = Literal["csv", "jsonl"]
Opener: TypeAlias = Callable[[IO[bytes]], None]

BROKEN = (OSError, EOFError, zlib.error, UnicodeDecodeError)
_BUFFER = 128 * 1024


@contextmanager
def opened(path: Path, watch: Opener | None = None) -> Iterator[io.BufferedReader]:
    """Open a file, through gzip where its first bytes say so. Raises `InputError` when it cannot be read.

    `watch` receives the file underneath, whose `tell` shows how far the reading is.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise InputError(message, remedy="Check the path and its permissions.") from error
    with raw:
        if not stat.S_ISREG(fstat(raw.fileno()).st_mode):
            message = f"{path} is not a plain file, and it is read more than once"
            raise InputError(message, remedy="Write it to a file first.")
        if watch is not None:
            watch(raw)
        with whole(path):
            packed = raw.peek(2)[:2] == b"\x1f\x8b"
            unpacked = cast(io.RawIOBase, gzip.GzipFile(fileobj=raw))
            stream: io.BufferedReader = io.BufferedReader(unpacked, _BUFFER) if packed else raw
            stream.peek(1)
        yield stream


@contextmanager
def whole(path: Path, line: Callable[[], int] | None = None) -> Iterator[None]:
    """Turn what a damaged file raises while it is read into an `InputError`, with the line where it breaks off."""
    try:
        yield
    except BROKEN as error:
        where = f"breaks off after line {line()}" if line is not None else "cannot be read"
        message = f"{path} {where}: {_reason(error)}"
        # Some of it may have been sent, or nothing: a file is looked through before its first event.
        remedy = "Get the file again and import that: rows that were imported already are recognised."
        raise InputError(message, remedy=remedy) from error


def refuse_other_formats(path: Path, form: Format, start: bytes) -> None:
    """Name what people hand over by mistake, before it becomes thousands of rejected rows."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    remedy = None
    if start.startswith(b"PK\x03\x04"):
        message, remedy = "is a zip archive or a spreadsheet", "Unpack it, or save the sheet as CSV."
    elif start.startswith((b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        message, remedy = "is compressed by something other than gzip", "Unpack it first."
    elif not text:
        message = "is empty"
    elif form == "jsonl" and text.startswith(b"["):
        message, remedy = "is one JSON list, not one object a line", "Turn it into lines: jq -c '.[]' FILE > FILE.jsonl"
    elif form == "jsonl" and not text.startswith(b"{"):
        message, remedy = "does not hold JSON objects", "If it is a table, use `suara import csv`."
    elif form == "csv" and text.startswith((b'{"', b"[{")):
        message, remedy = "holds JSON, not a table", "Use `suara import jsonl`."
    else:
        return
    message = f"{path} {message}"
    raise InputError(message, remedy=remedy)


def _reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "the compressed data ends too early"
    if isinstance(error, UnicodeDecodeError):
        return f"bytes that are not {error.encoding.upper()}"
    return str(error)

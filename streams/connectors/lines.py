"""JSON lines as rows of text: one object a line; `user.name` reads a field inside of another."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from streams.connectors.base import RejectedRow
from streams.connectors.opening import BROKEN

_MOST_COLUMNS = 1000
# Field names that the parser's models cannot hold.
_UNREADABLE = re.compile(r'["\\\x00-\x1f]')


def read_columns(stream: io.BufferedReader) -> tuple[str, ...]:
    """Return the fields of all lines, in the order of their first appearance, nested ones with a dot.

    Exports leave out what is empty, so a field may appear for the first time anywhere. Of a file that uses values as
    names the first thousand are returned, and of one that breaks off those before.
    """
    columns: dict[str, None] = {}
    with suppress(*BROKEN):  # the rows before it are good, and reading them will say where it breaks
        for item in _objects(stream, dict[str, Any]):
            if not isinstance(item, RejectedRow):
                columns.update(dict.fromkeys(_names_in(item[1])))
            if len(columns) >= _MOST_COLUMNS:
                break
    return tuple(name for name in columns if not _UNREADABLE.search(name))


def _names_in(record: dict[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from (f"{name}.{part}" for part in value)
        else:
            yield name


def read_rows(
    stream: io.BufferedReader, columns: Sequence[str], *, lenient: bool = False
) -> Iterator[tuple[int, tuple[str | None, ...]] | RejectedRow]:
    """Yield each line's number and its values of `columns`. `lenient` takes what is not text for missing."""
    outer = [name.partition(".")[0] for name in columns if "." in name]
    places = {name: place for place, name in enumerate(dict.fromkeys([*columns, *outer]))}
    nested = [(places[name], places[name.partition(".")[0]], name.partition(".")[2]) for name in columns if "." in name]
    pick = itemgetter(*[places[name] for name in columns], 0)
    writers = _WRITERS
    for item in _objects(stream, _shape(list(places))):
        if isinstance(item, RejectedRow):
            yield item
            continue
        line, record = item
        found = astuple(record)
        if nested:
            found = _with_nested(list(found), nested)
        values = pick(found)[:-1]
        try:
            yield line, tuple([writers[type(value)](value) for value in values])
        except KeyError:
            if lenient:
                yield line, tuple([value if isinstance(value, str) else None for value in values])
            else:
                bad = next(name for name, value in zip(columns, values, strict=True) if not _is_words(value))
                yield RejectedRow(line, "wrong_type", f"column '{bad}' holds an object or a nested list")


def _with_nested(found: list[Any], nested: list[tuple[int, int, str]]) -> tuple[Any, ...]:
    """Fill `user.name` from what `user` holds, where no field has the whole name."""
    for place, outer, inner in nested:
        if found[place] is None and isinstance(found[outer], dict):
            found[place] = found[outer].get(inner)
    return tuple(found)


def _shape(columns: Sequence[str]) -> type[msgspec.Struct]:
    """Return a model of just these columns: the parser then steps over all others without making values of them."""
    fields = {f"c{place}": name for place, name in enumerate(columns)}
    return msgspec.defstruct("Row", [(name, Any, None) for name in fields], rename=fields)


def _objects(stream: io.BufferedReader, shape: Any) -> Iterator[tuple[int, Any] | RejectedRow]:
    decode = msgspec.json.Decoder(shape).decode
    for number, line in enumerate(stream, 1):
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if text.isspace():
            continue
        try:
            yield number, decode(text)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            yield _refusal(number, text, error)


def _refusal(number: int, text: bytes, error: Exception) -> RejectedRow:
    try:
        text.decode()
    except UnicodeDecodeError:
        return RejectedRow(number, "bad_encoding", "bytes that are not UTF-8")
    deep = isinstance(error, RecursionError)
    return RejectedRow(number, "bad_json", "nested too deeply" if deep else "not one JSON object on the line")


def _list(value: list[Any]) -> str | None:
    if any(type(part) is list for part in value):
        raise KeyError(list)
    return ",".join([_words(part) or "" for part in value]) or None


def _float(value: float) -> str:
    return str(int(value)) if value.is_integer() else str(value)


# How a JSON value is written as text: whole numbers without a point, lists of words with commas.
_WRITERS: dict[type, Callable[[Any], str | None]] = {
    str: lambda value: value or None,
    int: str,
    type(None): lambda value: value,
    float: _float,
    bool: lambda value: "true" if value else "false",
    list: _list,
}


def _words(value: Any) -> str | None:
    """Write a JSON value as text. Raises `KeyError` for objects, and for lists of lists."""
    return _WRITERS[type(value)](value)


def _is_words(value: Any) -> bool:
    try:
        _words(value)
    except KeyError:
        return False
    return True

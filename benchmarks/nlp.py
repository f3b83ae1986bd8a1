"""How well Suara understands texts, and at what cost: `python -m benchmarks.nlp TASK ...`, each with its `--help`.

Tasks take any labelled CSV or JSON-lines file, plain or gzip, and print a table or, with `--json`, the figures. What is
drawn is drawn by `--seed`, so that a figure can be had again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from benchmarks.understanding import cut, pairs, pii, scan, search, themes
from kernel.errors import SuaraError


class Task(Protocol):
    """A module of `benchmarks.understanding`."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the task."""
        ...

    def measure(self, options: argparse.Namespace) -> list[dict[str, Any]]:
        """Return rows of figures."""
        ...


TASKS: Mapping[str, Task] = {
    "cut": cut,
    "pairs": pairs,
    "pii": pii,
    "scan": scan,
    "search": search,
    "themes": themes,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlp", description=__doc__.split("\n\n")[0])
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    for name, task in TASKS.items():
        own = tasks.add_parser(name, help=task.HELP, description=task.HELP)
        task.arguments(own)
        own.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one task."""
    wanted = _parser().parse_args(arguments)
    try:
        figures = TASKS[wanted.task].measure(wanted)
    except SuaraError as error:
        sys.exit(str(error))
    if wanted.json:
        print(json.dumps(figures, indent=2))
        return
    columns = list(dict.fromkeys(column for row in figures for column in row))
    table = Table(*(column.replace("_", " ") for column in columns))
    for row in figures:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()

"""How well Suara understands texts, and at what cost: `python -m benchmarks.nlp TASK ...`, each with its `--help`.

Tasks take any labelled CSV or JSON-lines file, plain or gzip, and print a table or, with `--json`, the figures. What is
drawn is drawn by `--seed`, so that a figure can be had again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from benchmarks import theme_continuity, theme_edits
from benchmarks.understanding import cut, day, heads, language, pairs, pii, scan, search, size, themes
from kernel.errors import SuaraError
from suara.cli.output import print_rows


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
    "continuity": theme_continuity,
    "cut": cut,
    "day": day,
    "edits": theme_edits,
    "head": heads,
    "language": language,
    "pairs": pairs,
    "pii": pii,
    "scan": scan,
    "search": search,
    "size": size,
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
    columns = list(dict.fromkeys(column for row in figures for column in row))
    print_rows(figures, columns, json=wanted.json, empty="Nothing was measured.")


if __name__ == "__main__":
    main()

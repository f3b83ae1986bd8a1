"""The questions of a report, one SQL file each, asked of its frozen rows.

A file reads only `mart.report`, `mart.report_post`, `mart.report_thread` and `mart.report_theme`, so that an answer
never moves. Its parameters are `input_id` (the report that holds the frozen rows), `week` (its Monday) and `area` (null
or empty for the whole community); its header says the grain and every column. A parameter is written as psql takes it,
so that a person can ask the same: `suara psql -v input_id=1 -v week=2026-11-09 -v area= -f reports/queries/NAME.sql`.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

from kernel.errors import InputError


def names() -> tuple[str, ...]:
    """Return the names of all queries, in alphabetical order."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql")))


def load(name: str) -> str:
    """Return the SQL of a query. Raises `InputError` naming the queries there are."""
    if name not in names():
        message = f"there is no query '{name}'"
        raise InputError(message, remedy=f"There are: {', '.join(names())}.")
    return path(name).read_text("utf-8")


def path(name: str) -> Traversable:
    """Return where the SQL of a query is."""
    return resources.files(__name__) / f"{name}.sql"

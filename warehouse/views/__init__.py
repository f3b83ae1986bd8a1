"""Views as SQL files: header with grain, owner and meaning, then the view, then a comment on each column.

The header becomes the comment on the view. Views are dropped and made anew, in the order of `VIEWS`, whenever a file
has changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, text

from warehouse.bulk import driver_of

VIEWS = (
    "core.member_person",
    "mart.dim_source",
    "mart.dim_member",
    "mart.dim_theme",
    "mart.weekly_theme_trends",
    "mart.unanswered_threads",
    "mart.member_activity",
    "ops.ingest_lag",
    "ops.freshness",
    "ops.rejected_digest",
)


def create(connection: Connection) -> None:
    """Make every view, each after those that it reads."""
    for name in VIEWS:
        driver = driver_of(connection)
        driver.execute(_source(name).encode())
        said = header(name)
        meaning = f"{said['Meaning']} Grain: {said['Grain']}"
        driver.execute(SQL("comment on view {} is {}").format(Identifier(*name.split(".")), meaning))
    connection.execute(
        text("insert into ops.setting values ('views', :mark) on conflict (name) do update set value = excluded.value"),
        {"mark": " ".join([_fingerprint(), *VIEWS])},
    )


def drop(connection: Connection) -> None:
    """Drop the views that were made here last, also ones that have no file any more; views of others stay."""
    made = _made(connection)
    if made:
        connection.execute(text(f"drop view if exists {', '.join(made[1:])}"))
        connection.execute(text("delete from ops.setting where name = 'views'"))


def are_current(connection: Connection) -> bool:
    """Say whether the views were made from the files as they are."""
    return _made(connection) == [_fingerprint(), *VIEWS]


def header(name: str) -> dict[str, str]:
    """Return what the head of a view's file says: `Grain`, `Owner` and `Meaning`."""
    said: dict[str, str] = {}
    key = ""
    for line in _source(name).splitlines():
        if not line.startswith("--"):
            break
        words = line.removeprefix("--").strip()
        first, colon, rest = words.partition(": ")
        if colon and not line.startswith("--   "):
            key, words = first, rest
        said[key] = f"{said[key]} {words}" if key in said else words
    return said


def _made(connection: Connection) -> list[str]:
    """Return the mark of the files that the views were made from, and the views' names; empty when none were made."""
    if connection.execute(text("select to_regclass('ops.setting')")).scalar() is None:
        return []
    mark = connection.execute(text("select value from ops.setting where name = 'views'")).scalar()
    return mark.split() if mark else []


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")


def _fingerprint() -> str:
    return hashlib.sha256("\0".join(map(_source, VIEWS)).encode()).hexdigest()

"""What readers see that holds no rows, as SQL files: views, and functions with the type of the rows they return.

A file has a header with grain, owner and meaning, then the view or function, then a comment on each column. The header
becomes the comment on the whole. All are dropped and made anew, in the order of `MADE`, whenever a file has changed.
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
    "mart.quotable_post",
    "ops.ingest_lag",
    "ops.freshness",
    "ops.rejected_digest",
)
TYPES = ("mart.found_post",)
FUNCTIONS = ("mart.chosen_posts", "mart.search_posts", "mart.posts_near", "mart.similar_posts")
MADE = {**dict.fromkeys(VIEWS, "view"), **dict.fromkeys(TYPES, "type"), **dict.fromkeys(FUNCTIONS, "function")}


def create(connection: Connection) -> None:
    """Make everything, each after what it reads."""
    for name, kind in MADE.items():
        driver = driver_of(connection)
        driver.execute(_source(name).encode())
        said = header(name)
        comment = SQL("comment on {} {} is {}").format(
            SQL(kind), Identifier(*name.split(".")), f"{said['Meaning']} Grain: {said['Grain']}"
        )
        driver.execute(comment)
    connection.execute(
        text("insert into ops.setting values ('views', :mark) on conflict (name) do update set value = excluded.value"),
        {"mark": " ".join([_fingerprint(), *_marks()])},
    )


def drop(connection: Connection) -> None:
    """Drop what was made here last, also what has no file any more; views and functions of others stay."""
    made = [mark.rpartition(":") for mark in _made(connection)[1:]]
    for kind in ("function", "type", "view"):
        names = [name for of, _, name in made if (of or "view") == kind]
        if names:
            connection.execute(text(f"drop {kind} if exists {', '.join(names)}"))
    if made:
        connection.execute(text("delete from ops.setting where name = 'views'"))


def are_current(connection: Connection) -> bool:
    """Say whether everything was made from the files as they are."""
    return _made(connection) == [_fingerprint(), *_marks()]


def header(name: str) -> dict[str, str]:
    """Return what the head of a file says: `Grain`, `Owner` and `Meaning`."""
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
    """Return the mark of the files that all was made from, then each kind and name; empty when none was made."""
    if connection.execute(text("select to_regclass('ops.setting')")).scalar() is None:
        return []
    mark = connection.execute(text("select value from ops.setting where name = 'views'")).scalar()
    return mark.split() if mark else []


def _marks() -> list[str]:
    return [name if kind == "view" else f"{kind}:{name}" for name, kind in MADE.items()]


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")


def _fingerprint() -> str:
    return hashlib.sha256("\0".join(map(_source, MADE)).encode()).hexdigest()

"""Views as SQL files: header with grain, owner and meaning, then the view, then a comment on each column.

They are dropped and made anew in the order of `VIEWS` whenever a file has changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

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
        driver_of(connection).execute(_source(name).encode())
    connection.execute(
        text("insert into ops.setting values ('views', :mark) on conflict (name) do update set value = excluded.value"),
        {"mark": _fingerprint()},
    )


def drop(connection: Connection) -> None:
    """Drop every view in our schemas that exists, also ones that have no file any more."""
    names = connection.execute(
        text("""
            select format('%I.%I', schemaname, viewname) from pg_views
            where viewowner = 'suara_owner' and schemaname in ('core', 'mart', 'ops')
        """)
    ).scalars()
    if found := ", ".join(names):
        connection.execute(text(f"drop view {found}"))


def are_current(connection: Connection) -> bool:
    """Say whether the views were made from the files as they are."""
    stored = connection.execute(text("select value from ops.setting where name = 'views'")).scalar()
    return stored == _fingerprint()


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")


def _fingerprint() -> str:
    return hashlib.sha256("\0".join(map(_source, VIEWS)).encode()).hexdigest()

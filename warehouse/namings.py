"""How runs came to the names of themes: read from the events of their births and of later renamings by a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# A theme's own keywords gave its name, and no model.
KEYWORDS = "keywords"


@dataclass(frozen=True)
class Naming:
    """The keywords of a theme when a run named it, and who gave the name: `KEYWORDS`, or a model by its name."""

    keywords: tuple[str, ...]
    namer: str


@dataclass(frozen=True)
class Namings:
    """By theme: how it was named when it was born, and how last; themes that people made are in neither."""

    first: dict[int, Naming]
    last: dict[int, Naming]


def read_namings(connection: Connection) -> Namings:
    """Return how runs named all themes; `named_by` of a birth are the keywords of the one that gave the name."""
    rows = connection.execute(
        text("""
            select theme_id, kind = 'born' as is_birth, coalesce(detail->'named_by', detail->'keywords') as keywords,
                   coalesce(detail->>'namer', :keywords) as namer
            from core.theme_event where week is not null and kind in ('born', 'renamed')
            order by kind = 'renamed', event_id
        """),
        {"keywords": KEYWORDS},
    )
    found = Namings({}, {})
    for theme_id, is_birth, keywords, namer in rows:
        found.last[theme_id] = Naming(tuple(keywords), namer)
        if is_birth:
            found.first[theme_id] = found.last[theme_id]
    return found


def renewable(connection: Connection) -> dict[int, str]:
    """Return the names that a run may change, by theme: not by a person, of what is no part of another theme."""
    rows = connection.execute(
        text("""
            select theme_id, name from core.theme
            where name_source = 'machine' and merged_into is null and status <> 'retired' order by theme_id
        """)
    )
    return dict(rows.all())


def rename(connection: Connection, theme_id: int, *, old: str, new: str) -> bool:
    """Give a theme another name by machine, unless a person has named it meanwhile."""
    renamed = connection.execute(
        text("update core.theme set name = :new where theme_id = :theme and name = :old and name_source = 'machine'"),
        {"theme": theme_id, "old": old, "new": new},
    )
    return renamed.rowcount == 1


def quotable(connection: Connection, posts: Sequence[int]) -> set[int]:
    """Return those of the posts whose words may be shown at this moment."""
    query = text("select post_id from mart.quotable_post where post_id = any(:posts)")
    return set(connection.execute(query, {"posts": list(posts)}).scalars())

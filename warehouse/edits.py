"""People's edits of themes in the warehouse: the events, and what follows from them in `core` and the marts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, text

from warehouse import marts
from warehouse.registry import add_event
from warehouse.tables.themes import theme


def read_edits(connection: Connection) -> list[dict[str, Any]]:
    """Return the events by people, oldest first: event_id, theme_id, kind, detail, actor, created_at."""
    rows = connection.execute(
        text("""
            select event_id, theme_id, kind, detail, actor, created_at from core.theme_event
            where week is null order by event_id
        """)
    )
    return [dict(row) for row in rows.mappings()]


def lock_registry(connection: Connection) -> None:
    """Let no other edit or run write the registry before this transaction ends."""
    connection.execute(text("lock table core.theme in share row exclusive mode"))


def append(connection: Connection, theme_id: int, kind: str, *, by: str, detail: Mapping[str, Any]) -> int:
    """Append an edit and return its number."""
    return add_event(connection, theme_id, kind, actor=by, week=None, detail=detail)


def places_of(connection: Connection, posts: Sequence[int]) -> dict[int, tuple[date, int | None]]:
    """Return the week and the theme, if any, of posts that are in the marts; others are missing."""
    rows = connection.execute(
        text("""
            select f.post_id, f.week, n.theme_id from mart.fct_post f left join core.mention n using (post_id)
            where f.post_id = any(:posts)
        """),
        {"posts": list(posts)},
    )
    return {post: (week, theme_id) for post, week, theme_id in rows}


def make_theme(connection: Connection, *, name: str, week: date) -> int:
    """Make the theme that a person splits off and return its id; `week` is the Monday of its oldest post."""
    made = insert(theme).values(name=name, name_source="person", born_week=week).returning(theme.c.theme_id)
    return int(connection.execute(made).scalar_one())


def write_decisions(connection: Connection, decided: Sequence[Mapping[str, Any]]) -> None:
    """Write what people decided about themes, one mapping each: theme_id and the fields of `nlp.edits.Decided`."""
    if decided:
        connection.execute(_DECIDED, [dict(one) for one in decided])


# A name or a place that a person took back is the machine's again; the next run may choose another area.
_DECIDED = text("""
    update core.theme set
        name = coalesce(cast(:name as text), case when name_source = 'person' then :machine_name end, name),
        name_source = case when cast(:name as text) is null then 'machine' else 'person' end,
        merged_into = cast(:merged_into as bigint),
        status = case when cast(:merged_into as bigint) is not null then 'merged' when :retired then 'retired'
                      when status in ('merged', 'retired') then 'active' else status end,
        area = case when cast(:area as text) is not null then :area when area_source = 'person' then null
                    else area end,
        area_source = case when cast(:area as text) is not null then 'person' when area_source = 'person' then null
                           else area_source end,
        owner = case when cast(:owner as text) is not null then :owner when owner_source = 'person' then null
                     else owner end,
        owner_source = case when cast(:owner as text) is not null then 'person' when owner_source = 'person' then null
                            else owner_source end
    where theme_id = :theme_id
""")


def move_posts(connection: Connection, posts: Mapping[int, int | None], *, pinned: Sequence[int]) -> None:
    """Put posts where people want them, None for no theme; `pinned` are those that an edit still holds.

    A post that none holds any longer goes back to where it was; one that a run has placed since stays where it is.
    """
    rows = {"posts": list(posts), "themes": list(posts.values()), "pinned": list(pinned)}
    freed = connection.execute(
        text("""
            delete from core.mention where method = 'person' and post_id = any(:posts)
              and not post_id = any(:pinned)
            returning post_id
        """),
        rows,
    ).scalars()
    connection.execute(
        text("""
            insert into core.mention (post_id, theme_id, week, confidence, method)
            select w.post_id, w.theme_id, f.week, 1,
                   case when w.post_id = any(cast(:pinned as bigint[])) then 'person' else 'known' end
            from unnest(cast(:posts as bigint[]), cast(:themes as bigint[])) w(post_id, theme_id)
            join mart.fct_post f using (post_id)
            where w.theme_id is not null and w.post_id = any(cast(:moving as bigint[]))
            on conflict (post_id) do update set theme_id = excluded.theme_id, confidence = 1, method = 'person'
            where excluded.method = 'person'
        """),
        {**rows, "moving": [*pinned, *freed]},
    )


def refresh(connection: Connection, themes: Sequence[int], posts: Sequence[int]) -> None:
    """Refresh the marts of the weeks in which these themes or posts were spoken of."""
    weeks = connection.execute(
        text("""
            select week from mart.fct_post where post_id = any(:posts)
            union select week from core.mention where theme_id = any(:themes) order by week
        """),
        {"themes": list(themes), "posts": list(posts)},
    )
    for week in weeks.scalars().all():
        marts.refresh_themes_of_posts(connection, week)
        marts.refresh_theme_week(connection, week)

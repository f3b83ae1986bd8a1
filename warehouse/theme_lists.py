"""What people are shown of themes: all of them, the weeks and the life of one, and posts that stand for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, text

from warehouse.tables.themes import theme_event


def list_themes(connection: Connection) -> list[dict[str, Any]]:
    """Return all themes with their size and the weeks they were seen in, largest first."""
    rows = connection.execute(
        text("""
            select t.theme_id, t.name, t.name_source, t.status, t.area, t.owner, t.born_week, t.merged_into,
                   coalesce(sum(w.posts), 0)::bigint as posts, max(w.week) filter (where w.posts > 0) as last_week,
                   coalesce(max(w.people), 0) as most_people
            from core.theme t left join mart.fct_theme_week w using (theme_id)
            group by t.theme_id order by posts desc, t.theme_id
        """)
    )
    return [dict(row) for row in rows.mappings()]


def theme_weeks(connection: Connection, theme_id: int) -> list[dict[str, Any]]:
    """Return a theme week by week, oldest first."""
    rows = connection.execute(
        text("""
            select w.week, w.people, w.posts, w.negative_posts, w.sentiment_posts, v.keywords, v.exemplars
            from mart.fct_theme_week w left join core.theme_version v using (theme_id, week)
            where w.theme_id = :theme order by w.week
        """),
        {"theme": theme_id},
    )
    return [dict(row) for row in rows.mappings()]


def shown_by(connection: Connection, theme_id: int, *, chars: int) -> list[dict[str, Any]]:
    """Return the posts that stand for a theme in its newest week with posts, most central first.

    Those that may not be shown are left out. Each has its week, key and first `chars` characters of masked words.
    """
    rows = connection.execute(
        text(r"""
            select q.week, q.post_id, left(regexp_replace(q.masked, '\s+', ' ', 'g'), :chars) as words
            from (
                select exemplars from core.theme_version
                where theme_id = :theme and size > 0 order by week desc limit 1
            ) newest, unnest(exemplars) with ordinality shown(post_id, place)
            join mart.quotable_post q using (post_id) order by place
        """),
        {"theme": theme_id, "chars": chars},
    )
    return [dict(row) for row in rows.mappings()]


def theme_events(connection: Connection, theme_id: int) -> list[dict[str, Any]]:
    """Return the life of a theme, oldest first."""
    query = select(theme_event).where(theme_event.c.theme_id == theme_id).order_by(theme_event.c.event_id)
    return [dict(row) for row in connection.execute(query).mappings()]

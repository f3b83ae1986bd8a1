"""Posts that say the same in the warehouse: the links between them, the original that each points to, and decisions.

`core.post_annotation.duplicate_of` is what the links give, by `nlp.duplicates.originals`. It is made anew for all posts
that hang together with one whose links may have changed, so that it always leads to a live post that repeats none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, text

from kernel.calendar import Span
from kernel.errors import InputError
from warehouse.bulk import copy_rows
from warehouse.tables.duplicates import duplicate_event, duplicate_link


class Place(NamedTuple):
    """Where a live post stands: when it was written, what it repeats, and whether any other post says the same."""

    created_at: datetime
    duplicate_of: int | None
    is_linked: bool


def lock(connection: Connection) -> None:
    """Let nobody else link posts before this transaction ends."""
    connection.execute(text("lock table core.duplicate_link in share row exclusive mode"))


def read_said(connection: Connection, span: Span, zone: ZoneInfo) -> list[tuple[int, date, str]]:
    """Return (post, its day, encoded text) of the annotated live posts written in `span`, oldest first."""
    rows = connection.execute(
        text("""
            select p.post_id, (p.created_at at time zone :zone)::date, a.encoded
            from core.post p join core.post_annotation a using (post_id)
            where p.created_at >= :start and p.created_at < :end and p.status = 'live' and not a.is_spam
            order by p.created_at, p.post_id
        """),
        {"start": span.start, "end": span.end, "zone": zone.key},
    )
    return [(post, day, encoded) for post, day, encoded in rows]


def replace_links(connection: Connection, span: Span, links: Sequence[tuple[int, int]]) -> set[int]:
    """Replace the links of the posts written in `span`; return who is or was part of one."""
    gone = connection.execute(
        text("""
            delete from core.duplicate_link l using core.post p
            where p.post_id = l.post_id and p.created_at >= :start and p.created_at < :end
            returning l.post_id, l.earlier_id
        """),
        {"start": span.start, "end": span.end},
    )
    found = set[int]().union(*gone.all(), *links)
    copy_rows(connection, duplicate_link, ["post_id", "earlier_id"], links)
    return found


def read_groups(connection: Connection, posts: Iterable[int]) -> dict[int, bool]:
    """Return all posts that hang together with these, oldest first, and whether each may be an original."""
    rows = connection.execute(
        text("""
            with recursive reached(post_id) as (
                select unnest(cast(:posts as bigint[]))
                union
                select next.post_id from reached r cross join lateral (
                    select earlier_id as post_id from core.duplicate_link where post_id = r.post_id
                    union all select post_id from core.duplicate_link where earlier_id = r.post_id
                ) next
            )
            select p.post_id, p.status = 'live' and not a.is_spam
            from reached join core.post p using (post_id) join core.post_annotation a using (post_id)
            order by p.created_at, p.post_id
        """),
        {"posts": list(posts)},
    )
    return dict(rows.all())


def read_links(connection: Connection, posts: Iterable[int]) -> list[tuple[int, int]]:
    """Return the links of these posts with earlier ones."""
    query = text("select post_id, earlier_id from core.duplicate_link where post_id = any(:posts)")
    return [(post, earlier) for post, earlier in connection.execute(query, {"posts": list(posts)})]


def write_originals(connection: Connection, posts: Iterable[int], originals: Mapping[int, int]) -> None:
    """Let each of `posts` point to its original, or to none, in `core` and in the marts."""
    every = list(posts)
    connection.execute(
        text("""
            with found as (
                select * from unnest(cast(:posts as bigint[]), cast(:originals as bigint[])) f(post_id, original)
            ), marts as (
                update mart.fct_post f set duplicate_of = original, is_duplicate = original is not null
                from found where f.post_id = found.post_id and f.duplicate_of is distinct from original
            )
            update core.post_annotation a set duplicate_of = original
            from found where a.post_id = found.post_id and a.duplicate_of is distinct from original
        """),
        {"posts": every, "originals": [originals.get(post) for post in every]},
    )


def read_apart(connection: Connection) -> set[int]:
    """Return the posts of which people said that they stand for themselves."""
    rows = connection.execute(
        text("""
            select post_id from (
                select distinct on (post_id) post_id, kind from core.duplicate_event order by post_id, event_id desc
            ) newest where kind = 'split'
        """)
    )
    return {*rows.scalars()}


def append(
    connection: Connection, post: int, kind: str, *, by: str, reason: str | None, duplicate_of: int | None = None
) -> None:
    """Append a decision about a post."""
    values = {"post_id": post, "kind": kind, "actor": by, "reason": reason, "duplicate_of": duplicate_of}
    connection.execute(insert(duplicate_event).values(values))


def place_of(connection: Connection, post: int) -> Place:
    """Return where a post stands. Raises `InputError` when no live post with this number has been read."""
    row = connection.execute(
        text("""
            select p.created_at, a.duplicate_of,
                   exists (select from core.duplicate_link where :post in (post_id, earlier_id))
            from core.post p join core.post_annotation a using (post_id)
            where p.post_id = :post and p.status = 'live'
        """),
        {"post": post},
    ).first()
    if row is None:
        message = f"there is no post {post} that has been read"
        raise InputError(message, remedy="`suara duplicates list` shows what is repeated.")
    return Place(*row)


def list_groups(connection: Connection, week: date | None) -> list[dict[str, Any]]:
    """Return what is said several times, by most people first; with a week only what is said in it.

    Words are those of the original, masked, and None where they may not be shown. People are those of the community.
    """
    rows = connection.execute(
        text("""
            select g.*, left(q.masked, 160) as words from (
                select coalesce(duplicate_of, post_id) as post_id,
                       count(distinct person_id) filter (where is_counted) as people,
                       count(*) as posts, count(distinct source_id) as sources,
                       min(created_date) as first_day, max(created_date) as last_day
                from mart.fct_post group by 1
                having count(*) > 1 and coalesce(bool_or(week = cast(:week as date)), true)
            ) g left join mart.quotable_post q using (post_id)
            order by people desc, posts desc, post_id
        """),
        {"week": week},
    )
    return [dict(row) for row in rows.mappings()]


def list_group(connection: Connection, post: int) -> list[dict[str, Any]]:
    """Return the posts that say the same as this one, itself included, oldest first."""
    rows = connection.execute(
        text("""
            select f.post_id, f.duplicate_of as original_id, f.created_date as day, s.name as source, f.person_id,
                   left(q.masked, 160) as words
            from mart.fct_post f
            join core.source s using (source_id)
            left join mart.quotable_post q using (post_id)
            where coalesce(f.duplicate_of, f.post_id) = (
                select coalesce(duplicate_of, post_id) from mart.fct_post where post_id = :post
            )
            order by f.created_at, f.post_id
        """),
        {"post": post},
    )
    return [dict(row) for row in rows.mappings()]


def list_events(connection: Connection, post: int | None) -> list[dict[str, Any]]:
    """Return people's decisions about one post, or about all, oldest first."""
    rows = connection.execute(
        text("""
            select event_id, created_at, post_id, kind, duplicate_of as original_id, actor, reason
            from core.duplicate_event
            where post_id = coalesce(cast(:post as bigint), post_id) order by event_id
        """),
        {"post": post},
    )
    return [dict(row) for row in rows.mappings()]

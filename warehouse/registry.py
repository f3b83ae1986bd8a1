"""The theme registry in the warehouse: what a weekly run reads, and what it writes in one transaction.

A run of a week rests on the weeks before it and on people's edits, never on later weeks, so that running a week again
gives the same. Its births keep their ids when it is run again, by the posts they share; and a week that runs late
shares those of the later weeks, by where their posts lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text

from kernel.calendar import Span
from kernel.errors import InputError
from kernel.model import Mention
from warehouse.bulk import upsert
from warehouse.tables.themes import mention, theme, theme_event, theme_run, theme_version
from warehouse.vectors import Vectors, array, speak_vectors


@dataclass(frozen=True)
class Candidate:
    """A post that could be in a theme; `duplicate_of` follows the theme of the post it repeats."""

    post_id: int
    person_id: int
    thread_id: int
    author: str
    text: str
    language: str
    text_sha256: bytes
    duplicate_of: int | None


class EncodedText(NamedTuple):
    """The text of a post as it was encoded; `number` is what the reader asked for beside it."""

    number: int
    text_sha256: bytes
    language: str
    text: str


@dataclass(frozen=True)
class Remembered:
    """A theme as the newest run before this week left it."""

    theme_id: int
    centroid: Vectors
    threshold: float


@dataclass(frozen=True)
class ThemeRow:
    """What a run found out about one theme, ready to be stored."""

    theme_id: int
    centroid: Vectors
    threshold: float
    keywords: Sequence[str]
    exemplars: Sequence[int]
    size: int
    similarity: float | None


_CANDIDATES = """
    select p.post_id, mp.person_id, p.thread_id, coalesce(m.display_name, m.external_id) as author, a.encoded as text,
           a.language, a.text_sha256, a.duplicate_of
    from core.post p
    join core.post_annotation a using (post_id)
    join core.member m using (member_id)
    join core.member_person mp using (member_id)
"""


def read_candidates(connection: Connection, span: Span, languages: Sequence[str]) -> list[Candidate]:
    """Return the posts of a week that are clustered: live, by people, not spam, in an analysed language."""
    rows = connection.execute(
        text(f"""
            {_CANDIDATES}
            where p.created_at >= :start and p.created_at < :end and p.status = 'live'
              and m.role in ('member', 'moderator') and not a.is_spam and a.language = any(:languages)
              and a.words > 0
            order by p.post_id
        """),
        {"start": span.start, "end": span.end, "languages": list(languages)},
    )
    return [Candidate(**row) for row in rows.mappings()]


def read_theme_posts(connection: Connection, theme_id: int) -> list[Candidate]:
    """Return the posts in the marts that are shown under a theme, of themes merged into it too, without copies."""
    rows = connection.execute(
        text(f"""
            {_CANDIDATES}
            join core.mention n using (post_id)
            join mart.dim_theme d using (theme_id)
            join mart.fct_post f using (post_id)
            where d.current_theme_id = :theme and p.status = 'live' and a.duplicate_of is null
            order by p.post_id
        """),
        {"theme": theme_id},
    )
    return [Candidate(**row) for row in rows.mappings()]


def read_remembered(connection: Connection, week: date, *, per_theme: int) -> list[tuple[int, Candidate]]:
    """Return (theme, post) for up to `per_theme` posts of each theme of a week: its newest and surest until then.

    A post counts under the theme in which its own lives on.
    """
    shown = connection.execute(
        text("""
            select post_id, theme_id from (
                select post_id, current_theme_id as theme_id, bool_or(week = :week) over theme as is_of_week,
                       row_number() over (theme order by week desc, confidence desc, post_id) as place
                from core.mention join mart.dim_theme using (theme_id)
                where week <= :week window theme as (partition by current_theme_id)
            ) remembered
            where is_of_week and place <= :per_theme
        """),
        {"week": week, "per_theme": per_theme},
    )
    themes: dict[int, int] = dict(shown.all())
    where = "where p.post_id = any(:posts) and p.status = 'live' and a.duplicate_of is null order by p.post_id"
    rows = connection.execute(text(f"{_CANDIDATES} {where}"), {"posts": list(themes)})
    return [(themes[row["post_id"]], Candidate(**row)) for row in rows.mappings()]


def read_known(connection: Connection, week: date, *, model: str) -> list[Remembered]:
    """Return the themes that were known before `week`, in the order of their ids.

    Merged and retired ones go on taking posts: else these would bear the same themes again, and people's edits be lost.
    """
    speak_vectors(connection)
    rows = connection.execute(
        text("""
            select distinct on (t.theme_id) t.theme_id, v.centroid, v.threshold
            from core.theme t join core.theme_version v using (theme_id)
            where v.week < :week and v.model = :model
            order by t.theme_id, v.week desc
        """),
        {"week": week, "model": model},
    )
    return [Remembered(theme_id, array(centroid), threshold) for theme_id, centroid, threshold in rows]


def read_memory(connection: Connection, week: date, *, per_theme: int) -> list[EncodedText]:
    """Return up to `per_theme` posts of each theme, numbered by it, newest weeks and surest first."""
    rows = connection.execute(
        text("""
            select theme_id, text_sha256, language, encoded from (
                select m.theme_id, a.text_sha256, a.language, a.encoded, row_number() over (
                    partition by m.theme_id order by m.week desc, m.confidence desc, m.post_id) as place
                from core.mention m
                join core.post_annotation a using (post_id)
                where m.week < :week and a.duplicate_of is null
            ) remembered
            where place <= :per_theme order by theme_id, place
        """),
        {"week": week, "per_theme": per_theme},
    )
    return [EncodedText(theme_id, bytes(sha), language, said) for theme_id, sha, language, said in rows]


def read_later(connection: Connection, week: date, *, model: str) -> list[Remembered]:
    """Return the themes that later weeks bore and no earlier week knows, as they were born."""
    speak_vectors(connection)
    rows = connection.execute(
        text("""
            select distinct on (v.theme_id) v.theme_id, v.centroid, v.threshold
            from core.theme_version v join core.theme t using (theme_id)
            where v.model = :model and t.born_week > :week
              and not exists (select from core.theme_version e where e.theme_id = v.theme_id and e.week <= :week)
            order by v.theme_id, v.week
        """),
        {"week": week, "model": model},
    )
    return [Remembered(theme_id, array(centroid), threshold) for theme_id, centroid, threshold in rows]


def read_texts(connection: Connection, posts: Sequence[int]) -> list[EncodedText]:
    """Return annotated posts, numbered by their ids and in that order."""
    rows = connection.execute(
        text("""
            select post_id, text_sha256, language, encoded from core.post_annotation
            where post_id = any(:posts) order by post_id
        """),
        {"posts": list(posts)},
    )
    return [EncodedText(post, bytes(sha), language, said) for post, sha, language, said in rows]


def posts_of_week(connection: Connection, week: date) -> dict[int, set[int]]:
    """Return the posts that the last run of this week put into each theme."""
    rows = connection.execute(select(mention.c.theme_id, mention.c.post_id).where(mention.c.week == week))
    found: dict[int, set[int]] = {}
    for theme_id, post_id in rows:
        found.setdefault(theme_id, set()).add(post_id)
    return found


def clear_week(connection: Connection, week: date) -> None:
    """Take back what the last run of this week wrote, but no name: themes born in it stay, and so do its renamings."""
    for table in (mention, theme_version, theme_run):
        connection.execute(delete(table).where(table.c.week == week))
    connection.execute(delete(theme_event).where(theme_event.c.week == week, theme_event.c.kind != "renamed"))


def bear(connection: Connection, week: date, *, name: str) -> int:
    """Give a new theme its identity and a name; return its id."""
    made = insert(theme).values(name=name, born_week=week).returning(theme.c.theme_id)
    return int(connection.execute(made).scalar_one())


def bear_again(connection: Connection, week: date, theme_id: int) -> None:
    """Let a theme that the last run of this week, or a later week, bore be born in it; its name stays."""
    connection.execute(
        text("""
            update core.theme set born_week = :week,
                status = case when status = 'dormant' then 'active' else status end
            where theme_id = :theme
        """),
        {"week": week, "theme": theme_id},
    )


def drop_stillborn(connection: Connection, week: date) -> int:
    """Delete the themes born in this week that its last run did not find again and that no person has touched."""
    return connection.execute(
        text("""
            with gone as (
                select t.theme_id from core.theme t where born_week = :week and name_source = 'machine'
                  and not exists (select from core.theme_version v where v.theme_id = t.theme_id)
                  and not exists (select from core.mention m where m.theme_id = t.theme_id)
                  and not exists (select from core.theme_event e where e.theme_id = t.theme_id and e.week is null)
                  and not exists (select from core.theme o where o.merged_into = t.theme_id)
            ), forgotten as (delete from core.theme_event where theme_id in (table gone))
            delete from core.theme where theme_id in (table gone)
        """),
        {"week": week},
    ).rowcount


def write_week(
    connection: Connection, week: date, *, model: str, rows: Sequence[ThemeRow], mentions: Sequence[Mention]
) -> None:
    """Store the shapes of themes and the posts in them."""
    speak_vectors(connection)
    columns = [
        "theme_id",
        "week",
        "model",
        "centroid",
        "threshold",
        "keywords",
        "exemplars",
        "size",
        "similarity_to_previous",
    ]
    shapes = [
        (r.theme_id, week, model, r.centroid, r.threshold, list(r.keywords), list(r.exemplars), r.size, r.similarity)
        for r in rows
    ]
    upsert(connection, theme_version, columns, shapes, key=["theme_id", "week"])
    places = [(m.post_id, m.theme_id, week, m.confidence, m.method) for m in mentions]
    upsert(connection, mention, ["post_id", "theme_id", "week", "confidence", "method"], places, key=["post_id"])


def write_run(connection: Connection, week: date, **values: Any) -> None:
    """Store the quality of a run: columns of `core.theme_run`."""
    connection.execute(insert(theme_run).values(week=week, **values))


def add_event(
    connection: Connection, theme_id: int, kind: str, *, actor: str, week: date | None, detail: Mapping[str, Any]
) -> int:
    """Append to the life of a theme and return the number of the event; `week` is null for a person's edit."""
    values = {"theme_id": theme_id, "kind": kind, "week": week, "actor": actor, "detail": dict(detail)}
    return int(connection.execute(insert(theme_event).values(values).returning(theme_event.c.event_id)).scalar_one())


def set_area(connection: Connection, theme_id: int, area: str | None) -> None:
    """Place a theme in an area by rule, unless a person has placed it."""
    connection.execute(
        text("""
            update core.theme set area = :area,
                area_source = case when cast(:area as text) is null then null else 'rule' end
            where theme_id = :theme and area_source is distinct from 'person'
        """),
        {"area": area, "theme": theme_id},
    )


def set_owner(connection: Connection, owners: Mapping[str, str]) -> None:
    """Let the owner of its area answer for each theme that no person gave an owner; `owners` are by area."""
    connection.execute(
        text("""
            update core.theme t set owner = o.owner, owner_source = case when o.owner is null then null else 'rule' end
            from core.theme old
            left join unnest(cast(:areas as text[]), cast(:owners as text[])) o(area, owner) on o.area = old.area
            where old.theme_id = t.theme_id and t.owner_source is distinct from 'person'
              and t.owner is distinct from o.owner
        """),
        {"areas": list(owners), "owners": list(owners.values())},
    )


def has_begun(connection: Connection) -> bool:
    """Say whether any run has looked for themes."""
    query = "select exists (select from core.theme_run) or exists (select from core.theme_version)"
    return bool(connection.execute(text(query)).scalar_one())


def newest_week(connection: Connection) -> date | None:
    """Return the Monday of the newest theme run, or None before the first."""
    return connection.execute(select(func.max(theme_run.c.week))).scalar()


def themes_of(connection: Connection, posts: Sequence[int]) -> dict[int, int]:
    """Return the theme that each post was put into; posts in none are missing."""
    query = text("select post_id, theme_id from core.mention where post_id = any(:posts)")
    return dict(connection.execute(query, {"posts": list(posts)}).all())


def run_of(connection: Connection, week: date) -> dict[str, Any] | None:
    """Return the run of a week with the number of themes that have posts in it, or None when it never ran."""
    row = connection.execute(
        text("""
            select r.*, (select count(distinct theme_id) from core.mention m where m.week = r.week) as themes
            from core.theme_run r where r.week = :week
        """),
        {"week": week},
    )
    found = row.mappings().first()
    return dict(found) if found else None


def theme_row(connection: Connection, theme_id: int) -> dict[str, Any]:
    """Return the columns of a theme as it stands. Raises `InputError` when there is none with this id."""
    found = connection.execute(select(theme).where(theme.c.theme_id == theme_id)).mappings().first()
    if found is None:
        message = f"there is no theme {theme_id}"
        raise InputError(message, remedy="`suara themes list` shows them all.")
    return dict(found)


def require_theme(connection: Connection, theme_id: int) -> str:
    """Return the name of a theme. Raises `InputError` when there is none with this id."""
    return str(theme_row(connection, theme_id)["name"])

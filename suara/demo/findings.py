"""What the warehouse says about the posts of the demo, read by their own ids at their own sources."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from warehouse.engine import connect


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One post in the warehouse; `key` and `duplicate_of` are the warehouse's own ids."""

    key: int
    version: int
    status: str
    language: str | None
    sentiment: str | None
    feedback_type: str | None
    is_spam: bool
    duplicate_of: int | None
    masked: str | None
    theme: int | None


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """One theme of the registry; `born` is the ordinal of the Monday on which its first week began."""

    name: str
    born: int


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is graded. Posts and threads are keyed by source and their id there.

    `people` holds the accounts counted in a week, by the ordinal of its Monday; `answered` whether a thread was.
    """

    posts: dict[tuple[str, str], Finding]
    themes: dict[int, Theme]
    people: dict[int, set[tuple[str, str]]]
    answered: dict[tuple[str, str], bool]
    accepted: int
    rejected: int
    reactions: int
    decisions: int


_POSTS = """
    select s.name as source, p.external_id, p.post_id as key, p.version, p.status, a.language, a.sentiment,
           a.feedback_type, coalesce(a.is_spam, false) as is_spam, a.duplicate_of, a.masked,
           coalesce(t.merged_into, t.theme_id) as theme
    from core.post p
    join core.source s using (source_id)
    left join core.post_annotation a using (post_id)
    left join core.mention n using (post_id)
    left join core.theme t on t.theme_id = n.theme_id
"""
_PEOPLE = """
    select distinct f.week, s.name as source, m.external_id
    from mart.fct_post f
    join core.member m using (member_id)
    join core.source s on s.source_id = m.source_id
    where f.is_counted
"""
_ANSWERS = """
    select s.name as source, t.external_id, r.first_response_at is not null as answered
    from mart.fct_thread_response r
    join core.thread t using (thread_id)
    join core.source s on s.source_id = t.source_id
"""
# The same event delivered twice is one event.
_COUNTS = """
    select (select count(distinct event_id) from raw.event) as accepted,
           (select count(distinct payload) from raw.rejected_event) as rejected,
           (select count(*) from core.reaction) as reactions,
           (select count(*) from core.moderation_decision) as decisions
"""


def read_findings(warehouse_url: str) -> Findings:
    """Read all that is graded, in one transaction."""
    with connect(warehouse_url, role="pipeline").begin() as connection:
        return _read(connection)


def _read(connection: Connection) -> Findings:
    def rows(query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(text(query)).mappings()]

    posts = {}
    for row in rows(_POSTS):
        key = (row.pop("source"), row.pop("external_id"))
        posts[key] = Finding(**row)
    people: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in rows(_PEOPLE):
        people[row["week"].toordinal()].add((row["source"], row["external_id"]))
    born = rows("select theme_id, name, born_week from core.theme")
    return Findings(
        posts=posts,
        themes={row["theme_id"]: Theme(name=row["name"], born=row["born_week"].toordinal()) for row in born},
        people=dict(people),
        answered={(row["source"], row["external_id"]): row["answered"] for row in rows(_ANSWERS)},
        **rows(_COUNTS)[0],
    )

"""Weeks of posts in a warehouse as the sink and the daily steps leave them, for measuring what comes after."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from warehouse import marts
from warehouse.partitions import ensure_months

ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Said:
    """A post: the Monday of its week, who wrote it, in which language, and its words."""

    week: date
    person: str
    language: str
    words: str


def load(connection: Connection, posts: Sequence[Said]) -> list[int]:
    """Write posts and their readings into `core` and the marts and return their keys; all lie on their week's Tuesday.

    The heads' verdicts stay unknown: nothing here asks for them.
    """
    rows = {
        "people": sorted({post.person for post in posts}),
        "numbers": list(range(1, len(posts) + 1)),
        "persons": [post.person for post in posts],
        "languages": [post.language for post in posts],
        "words": [post.words for post in posts],
        "hashes": [hashlib.sha256(post.words.encode()).digest() for post in posts],
        "moments": [datetime.combine(post.week + timedelta(days=1), time(12), ZONE) for post in posts],
    }
    for statement in _STATEMENTS:
        connection.execute(text(statement), rows)
    for week in sorted({post.week for post in posts}):
        day = week + timedelta(days=1)
        ensure_months(connection, day, day)
        marts.refresh_dates(connection, day, day)
        marts.refresh_posts(connection, day, ZONE)
    return list(connection.execute(text("select post_id from core.post order by external_id::int")).scalars())


_STATEMENTS = (
    "insert into core.source (name, kind) values ('forum', 'forum')",
    """
    insert into core.member (source_id, external_id)
    select source_id, person from core.source, unnest(cast(:people as text[])) person
    """,
    "insert into core.person (founding_member_id) select member_id from core.member",
    """
    insert into core.identity_link (member_id, person_id, reason, confidence, actor)
    select founding_member_id, person_id, 'own', 1, 'sink' from core.person
    """,
    """
    insert into core.thread (source_id, external_id)
    select source_id, number::text from core.source, unnest(cast(:numbers as int[])) number
    """,
    """
    insert into core.post (source_id, external_id, thread_id, member_id, version, created_at, body, last_event_id)
    select t.source_id, number::text, t.thread_id, m.member_id, 1, moment, words, 'event'
    from unnest(cast(:numbers as int[]), cast(:persons as text[]), cast(:words as text[]),
                cast(:moments as timestamptz[])) said(number, person, words, moment)
    join core.thread t on t.external_id = number::text
    join core.member m on m.external_id = person
    """,
    """
    insert into core.post_annotation (
        post_id, post_version, steps, language, language_confidence, masked, encoded, text_sha256, words, is_spam)
    select p.post_id, 1, 'given', language, 1, words, words, sha, cardinality(string_to_array(words, ' ')), false
    from unnest(cast(:numbers as int[]), cast(:languages as text[]), cast(:words as text[]), cast(:hashes as bytea[]))
         said(number, language, words, sha)
    join core.post p on p.external_id = number::text
    """,
)

"""Posts out of the warehouse, annotations and vectors into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from kernel.calendar import Span
from kernel.model import Annotation, Post
from warehouse.bulk import copy_rows, upsert
from warehouse.tables.core import post_annotation, post_embedding
from warehouse.tables.privacy import pii_span
from warehouse.vectors import Vectors, array, speak_vectors

# A post is due when it has no annotation, or one of another version of the post or of the steps.
_DUE = """
    from core.post p
    left join core.post_annotation a using (post_id)
    where p.created_at >= :start and p.created_at < :end and p.status = 'live'
      and (a.post_id is null or a.post_version <> p.version or a.steps <> :steps)
"""


_NO_VECTOR = """
      and not exists (
          select from core.post_embedding e
          where e.text_sha256 = a.text_sha256 and e.model = :model and a.post_version = p.version
      )
"""


def count_due(connection: Connection, span: Span, *, steps: str) -> int:
    """Return how many live posts written in `span` still need an annotation by `steps`."""
    return int(connection.execute(text(f"select count(*) {_DUE}"), _bounds(span, steps)).scalar_one())


def count_live(connection: Connection, span: Span) -> int:
    """Return how many live posts were written in `span`."""
    query = "select count(*) from core.post where created_at >= :start and created_at < :end and status = 'live'"
    return int(connection.execute(text(query), {"start": span.start, "end": span.end}).scalar_one())


def texts_to_encode(connection: Connection, span: Span, *, steps: str, chars: int, model: str) -> list[str]:
    """Return the first `chars` characters of the due posts whose text has no vector yet, to estimate the work ahead.

    A post that was read before counts as encoded with the text that it had then: new steps may clean it otherwise.
    """
    query = f"select left(concat_ws(' ', p.title, p.body), :chars) {_DUE} {_NO_VECTOR}"
    bounds = _bounds(span, steps) | {"chars": chars, "model": model}
    return list(connection.execute(text(query), bounds).scalars())


_POST = """
    select p.post_id, p.version, s.name as source, s.kind as source_kind, p.thread_id, p.member_id,
           mp.person_id, m.role, p.created_at, coalesce(p.body, '') as body, p.body_format, p.title,
           p.is_thread_start, p.rating, p.lang_hint
"""
_OF_POST = """
    from core.post p
    join core.source s using (source_id)
    join core.member m using (member_id)
    join core.member_person mp using (member_id)
    left join core.post_annotation a using (post_id)
"""


def read_due(connection: Connection, span: Span, *, steps: str, shard: int, shards: int) -> list[Post]:
    """Return the posts of `span` that are due, in the order of their keys: part `shard` of `shards`."""
    rows = connection.execute(
        text(f"""
            {_POST} {_OF_POST}
            where p.created_at >= :start and p.created_at < :end and p.status = 'live'
              and (a.post_id is null or a.post_version <> p.version or a.steps <> :steps)
              and p.post_id % :shards = :shard
            order by p.post_id
        """),
        _bounds(span, steps) | {"shard": shard, "shards": shards},
    )
    return [Post(**row) for row in rows.mappings()]


def count_reread(connection: Connection, span: Span, *, steps: str) -> int:
    """Return how many live posts written in `span` are due only because other steps have read them."""
    query = f"select count(*) {_DUE} and a.post_version = p.version"
    return int(connection.execute(text(query), _bounds(span, steps)).scalar_one())


_ANNOTATED = f"""
    {_POST}, a.language, a.text_sha256, a.sentiment, a.feedback_type, a.is_spam, a.masked
    {_OF_POST}
    where p.status = 'live' and a.post_version = p.version
    order by a.steps = :steps, md5(p.post_id::text) limit :number
"""


def read_annotated(connection: Connection, *, steps: str, number: int) -> list[tuple[Post, dict[str, Any]]]:
    """Return so many live posts with what is stored of them, those that other steps have read first.

    The sample is spread over all posts and is always the same one.
    """
    rows = connection.execute(text(_ANNOTATED), {"steps": steps, "number": number})
    found = []
    for row in rows.mappings():
        values = {name: row[name] for name in Post.__struct_fields__}
        stored = {name: row[name] for name in ("language", "sentiment", "feedback_type", "is_spam", "masked")}
        found.append((Post(**values), stored | {"text_sha256": bytes(row["text_sha256"])}))
    return found


def drop_stale(connection: Connection, span: Span) -> int:
    """Delete what was understood of posts in `span` that are no longer there, and return how many."""
    where = "p.created_at >= :start and p.created_at < :end"
    return connection.execute(text(_DROP.format(where=where)), {"start": span.start, "end": span.end}).rowcount


def drop_unreported(connection: Connection) -> int:
    """Delete what was understood of posts that are no longer there and that no day's run has put into the marts.

    Returns how many. What the marts hold goes when its day, which has changed, runs again.
    """
    where = "not exists (select from mart.fct_post f where f.post_id = p.post_id)"
    return connection.execute(text(_DROP.format(where=where))).rowcount


_DROP = """
    with gone as (
        select p.post_id from core.post p where p.status <> 'live' and {where}
    ), mentions as (delete from core.mention using gone where mention.post_id = gone.post_id),
       spans as (delete from privacy.pii_span using gone where pii_span.post_id = gone.post_id)
    delete from core.post_annotation using gone where post_annotation.post_id = gone.post_id
"""


def write_annotations(connection: Connection, annotations: Sequence[Annotation], *, steps: str, now: datetime) -> None:
    """Write annotations made by `steps` and the places of personal data, replacing what the posts had."""
    columns = [c.name for c in post_annotation.columns]
    rows = [
        tuple(
            {"post_version": a.version, "steps": steps, "annotated_at": now}.get(name, getattr(a, name, None))
            for name in columns
        )
        for a in annotations
    ]
    upsert(connection, post_annotation, columns, rows, key=["post_id"])
    keys = [annotation.post_id for annotation in annotations]
    connection.execute(text("delete from privacy.pii_span where post_id = any(:keys)"), {"keys": keys})
    spans = [(a.post_id, s.start, s.end, s.kind, a.version) for a in annotations for s in a.pii]
    names = ["post_id", "span_start", "span_end", "kind", "post_version"]
    copy_rows(connection, pii_span, names, list({(row[0], row[1]): row for row in spans}.values()))


def read_vectors(connection: Connection, hashes: Iterable[bytes], *, model: str) -> dict[bytes, Vectors]:
    """Return the stored vectors of texts, by sha256; texts never encoded are missing."""
    wanted = list(set(hashes))
    speak_vectors(connection)
    rows = connection.execute(
        text(
            "select text_sha256, embedding from core.post_embedding where model = :model and text_sha256 = any(:wanted)"
        ),
        {"model": model, "wanted": wanted},
    )
    return {bytes(sha): array(vector) for sha, vector in rows}


def write_vectors(connection: Connection, hashes: Sequence[bytes], vectors: Vectors, *, model: str) -> None:
    """Store vectors of distinct texts; a text that another process stored meanwhile keeps its vector."""
    speak_vectors(connection)
    rows = [(sha, model, vector) for sha, vector in zip(hashes, vectors, strict=True)]
    upsert(
        connection, post_embedding, ["text_sha256", "model", "embedding"], rows, key=["text_sha256", "model"], update=[]
    )


def _bounds(span: Span, steps: str) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "steps": steps}

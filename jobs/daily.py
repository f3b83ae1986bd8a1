"""A day, from posts to facts: gate, enrich by shard, then duplicates, marts and quality.

Each step is idempotent for its day. A day is complete when `facts` has written its row into `ops.pipeline_run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from jobs import duplicates, spaces
from jobs.context import Context, open_context
from jobs.quality import require
from kernel.calendar import Span, day_span, days_of_week, monday_of
from kernel.errors import StaleInputError
from kernel.model import Post
from nlp import annotate, space
from streams.offsets import waiting
from warehouse import marts, posts, runs
from warehouse.partitions import ensure_months

SHARD_POSTS = 2000


@dataclass(frozen=True)
class Gate:
    """What a day that may run holds: its fingerprint, and the shards that its due posts fall into."""

    fingerprint: str
    shards: list[dict[str, int]]


def gate(day: date) -> Gate:
    """Refuse a day that is not over or whose events are still on their way; return its fingerprint and its shards.

    There is one shard even when no post is due: a run without any would skip the rest of the day.
    """
    context = open_context()
    span = day_span(day, context.zone)
    if span.end > context.clock.now():
        message = f"{day} is not over yet in {context.zone.key}"
        raise StaleInputError(message, remedy=f"Run it after {span.end:%Y-%m-%d %H:%M} UTC.")
    if _is_behind(context, span):
        message = f"events up to the end of {day} are still waiting in Kafka"
        raise StaleInputError(message, remedy="Load them with: suara sink --until-idle")
    with context.begin() as connection:
        fingerprint = runs.day_fingerprints(connection, day, day, context.zone).get(day, runs.EMPTY)
        now = context.clock.now()
        runs.record(
            connection, "daily", day, state="running", fingerprint=fingerprint, code_version=context.steps, now=now
        )
        posts.drop_stale(connection, span)
        due = posts.count_due(connection, span, steps=context.steps)
    shards = max(1, -(-due // SHARD_POSTS))
    return Gate(fingerprint, [{"shard": shard, "of": shards} for shard in range(shards)])


def enrich(day: date, *, shard: int, of: int) -> int:
    """Annotate one shard of the day's due posts and return how many; texts seen before are not encoded again."""
    context = open_context()
    return _enrich(context, day_span(day, context.zone), shard=shard, of=of)


def read(context: Context, span: Span) -> int:
    """Annotate all due posts of a span, shard by shard, and return how many: what is known of them without a run."""
    with context.begin() as connection:
        posts.drop_stale(connection, span)
        due = posts.count_due(connection, span, steps=context.steps)
    shards = -(-due // SHARD_POSTS)
    return sum(_enrich(context, span, shard=shard, of=shards) for shard in range(shards))


def _enrich(context: Context, span: Span, *, shard: int, of: int) -> int:
    prepared = _prepare(context, span, shard=shard, of=of)
    vectors = encode(context, [(p.text_sha256, p.encoded) for p in prepared])
    annotations = annotate.judge(prepared, vectors, encoder=context.encoder_name, duplicates={})
    with context.begin() as connection:
        posts.write_annotations(connection, annotations, steps=context.steps, now=context.clock.now())
    return len(annotations)


def encode_ahead(day: date) -> int:
    """Encode what a run of the day will need, and return how many posts are due; its run then finds all vectors.

    Beside the run of another day it keeps all cores busy.
    """
    context = open_context()
    span = day_span(day, context.zone)
    with context.begin() as connection:
        due = posts.count_due(connection, span, steps=context.steps)
    shards = -(-due // SHARD_POSTS)
    for shard in range(shards):
        encode(context, [(p.text_sha256, p.encoded) for p in _prepare(context, span, shard=shard, of=shards)])
    return due


def _prepare(context: Context, span: Span, *, shard: int, of: int) -> list[annotate.Prepared]:
    """Read one shard of the due posts of a span."""
    with context.begin() as connection:
        due = posts.read_due(connection, span, steps=context.steps, shard=shard, shards=of)
    return prepare(context, due)


def prepare(context: Context, due: Sequence[Post]) -> list[annotate.Prepared]:
    """Return posts made ready by the settings of the community."""
    table = context.community.community
    return annotate.prepare(
        due,
        languages=table.languages,
        neighbours=table.language_neighbours,
        products=table.products,
        max_chars=context.settings.encoder.max_chars,
    )


def encode(context: Context, texts: Sequence[tuple[bytes, str]], *, keep: bool = True) -> NDArray[np.float32]:
    """Return one vector a text, encoding those that the warehouse does not hold yet, and storing them if `keep`."""
    model = context.encoder_name
    with context.begin() as connection:
        known = posts.read_vectors(connection, (sha for sha, _ in texts), model=model)
    missing = {sha: encoded for sha, encoded in texts if sha not in known}
    if missing:
        fresh = context.encoder.encode(list(missing.values()))
        if keep:
            lent = space.fit(fresh[:0], [], [], encoder=model)
            with context.begin() as connection:
                posts.write_vectors(connection, list(missing), fresh, model=model)
                # Vectors compare in a space only; the first weekly run puts the community's own in its place.
                spaces.freeze(connection, model, lent, posts=0)
        known |= dict(zip(missing, fresh, strict=True))
    if not texts:
        return np.empty((0, space.DIMENSIONS), dtype=np.float32)
    return np.stack([known[sha] for sha, _ in texts])


def facts(day: date, *, fingerprint: str) -> list[str]:
    """Mark duplicates, refresh the day in the marts, check it, and record that it is complete.

    Returns, as partition keys, all complete days of its week, and those of the week before while that one is complete
    and has no reports: its last days may have run where the schedule could not see them.
    """
    context = open_context()
    span = day_span(day, context.zone)
    with context.begin() as connection:
        duplicates.regroup(connection, day, context.zone)
        marts.set_timezone(connection, context.zone)
        for name, source in context.community.sources.items():
            marts.describe_source(connection, name, kind=source.kind, url=source.url)
        ensure_months(connection, day, day)
        marts.refresh_dates(connection, day, day)
        rows = marts.refresh_posts(connection, day, context.zone)
        threads = marts.refresh_threads(connection, day, context.zone)
    require(context, ("posts_day", "mart_day"), day, span)
    with context.begin() as connection:
        now, counts = context.clock.now(), {"posts": rows, "threads": threads}
        runs.record(
            connection, "daily", day, state="success", fingerprint=fingerprint, code_version=context.steps, now=now,
            metrics=counts,
        )  # fmt: skip
        complete = {*runs.successes(connection, "daily", days_of_week(monday_of(day)))}
        complete |= _unreported(connection, monday_of(day) - timedelta(weeks=1))
    return sorted(str(partition) for partition in complete)


def _unreported(connection: Connection, monday: date) -> set[date]:
    """Return the days of a week that is complete and never came to reports, else none."""
    days = runs.successes(connection, "daily", days_of_week(monday))
    return {*days} if len(days) == 7 and not runs.successes(connection, "weekly", [monday]) else set()


def _is_behind(context: Context, span: Span) -> bool:
    """Say whether records are waiting that may belong to the day: none is newer than the day's end yet."""
    with context.begin() as connection:
        if runs.loaded_through(connection, span.end, group=context.settings.kafka.group):
            return False
        return waiting(connection.engine, context.settings.kafka, before=span.end) > 0

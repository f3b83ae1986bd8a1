"""What is complete: fingerprints of days and weeks, and the newest run of each.

A partition is due when it never ran, when the rows it read have changed since, or when the code that reads them has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from kernel.calendar import Span, day_span
from warehouse.tables.ops import pipeline_run

Kind = Literal["daily", "weekly"]

EMPTY = "0"

# Everything of a post that a day's run reads: its version, who wrote it, whether their words may be quoted, how its
# thread stands, and how often people reacted.
_FINGERPRINTS = text("""
    select (p.created_at at time zone :zone)::date as day,
           count(*) || ':' || sum(hashtextextended(
               concat_ws(
                   ':', p.post_id, p.version, p.status, mp.person_id, m.role, m.opted_out, t.status,
                   coalesce(r.standing, 0)
               ), 0
           )::numeric)
    from core.post p
    join core.member m using (member_id)
    join core.member_person mp using (member_id)
    join core.thread t using (thread_id)
    left join (
        select source_id, post_external_id, count(*) as standing from core.reaction
        where removed_at is null group by 1, 2
    ) r on r.source_id = p.source_id and r.post_external_id = p.external_id
    where p.created_at >= :start and p.created_at < :end
    group by 1
""")


def day_fingerprints(connection: Connection, first: date, last: date, zone: ZoneInfo) -> dict[date, str]:
    """Return a hash of what each day with posts holds now, from `first` to `last`, both included."""
    span = Span(day_span(first, zone).start, day_span(last, zone).end)
    rows = connection.execute(_FINGERPRINTS, {"zone": zone.key, "start": span.start, "end": span.end})
    return dict(rows.all())


def days_with_posts(connection: Connection, zone: ZoneInfo) -> tuple[date, date] | None:
    """Return the first and the last day that holds a post, or None in an empty warehouse."""
    first, last = connection.execute(
        text(
            "select min(created_at at time zone :zone)::date, max(created_at at time zone :zone)::date from core.post"
        ),
        {"zone": zone.key},
    ).one()
    return (first, last) if first else None


def loaded_through(connection: Connection, instant: datetime, *, group: str = "suara-sink") -> bool:
    """Say whether every partition that the group reads has been loaded beyond `instant`, by the broker's clock."""
    query = text("select min(last_record_ts) from raw.ingest_offset where consumer_group = :group")
    oldest = connection.execute(query, {"group": group}).scalar()
    return oldest is not None and oldest >= instant


def successes(connection: Connection, kind: Kind, partitions: Iterable[date]) -> dict[date, tuple[str, str]]:
    """Return fingerprint and code version of each partition whose newest run succeeded."""
    wanted = list(partitions)
    rows = connection.execute(
        select(pipeline_run.c.partition, pipeline_run.c.input_fingerprint, pipeline_run.c.code_version).where(
            pipeline_run.c.kind == kind, pipeline_run.c.state == "success", pipeline_run.c.partition.in_(wanted)
        )
    )
    return {partition: (fingerprint, code) for partition, fingerprint, code in rows}


def record(
    connection: Connection,
    kind: Kind,
    partition: date,
    *,
    state: Literal["running", "success", "failed"],
    fingerprint: str,
    code_version: str,
    now: datetime,
    metrics: Mapping[str, Any] | None = None,
) -> None:
    """Write the state of a partition's newest run."""
    values = {
        "kind": kind,
        "partition": partition,
        "state": state,
        "input_fingerprint": fingerprint,
        "code_version": code_version,
        "metrics": dict(metrics or {}),
        "started_at": now,
        "finished_at": None if state == "running" else now,
    }
    statement = insert(pipeline_run).values(values)
    kept = {"kind", "partition"} | (set() if state == "running" else {"started_at"})
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "partition"],
            set_={name: statement.excluded[name] for name in values if name not in kept},
        )
    )


def week_fingerprint(connection: Connection, monday: date, earliest: date) -> str:
    """Return a hash of everything a week's report is made of: its days, the days before, what people decided.

    `earliest` is the first Monday that the report looks back to.
    """
    days = connection.execute(
        select(pipeline_run.c.partition, pipeline_run.c.input_fingerprint)
        .where(
            pipeline_run.c.kind == "daily",
            pipeline_run.c.state == "success",
            pipeline_run.c.partition >= earliest,
            pipeline_run.c.partition < monday + timedelta(weeks=1),
        )
        .order_by(pipeline_run.c.partition)
    ).all()
    before = connection.execute(
        text("""
            select (select count(*) || ':' || coalesce(max(event_id), 0) from core.theme_event where week is null),
                   (select concat_ws(':', week, model, posts, assigned, born, unassigned) from core.theme_run
                    where week < :monday order by week desc limit 1),
                   (select max(event_id) from core.duplicate_event)
        """),
        {"monday": monday},
    ).one()
    return hashlib.sha256(repr((days, tuple(before))).encode()).hexdigest()


def metrics_of(connection: Connection, kind: Kind, partition: date) -> dict[str, int]:
    """Return the counts that the newest run of a partition left; empty when it never ran."""
    query = select(pipeline_run.c.metrics).where(pipeline_run.c.kind == kind, pipeline_run.c.partition == partition)
    return dict(connection.execute(query).scalar() or {})

"""Where the sink stands: the offsets in the warehouse are the truth, and this compares them with what Kafka holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Engine, select

from kernel.errors import StreamError, TopicRecreatedError
from kernel.settings import KafkaSettings
from streams.broker import Place, logs
from streams.topics import INGESTED
from warehouse.tables.raw import ingest_offset


class Position(NamedTuple):
    """The first offset of a partition that is not in the warehouse yet, the topic that it belongs to, the last load."""

    next_offset: int
    topic_id: UUID
    last_record_ts: datetime | None = None


def positions(engine: Engine, *, group: str, topics: Collection[str]) -> dict[Place, Position]:
    """Return where each partition stands; partitions never read are missing."""
    table = ingest_offset.c
    query = select(table.topic, table.kafka_partition, table.next_offset, table.topic_id, table.last_record_ts).where(
        table.consumer_group == group, table.topic.in_(sorted(topics))
    )
    with engine.connect() as connection:
        return {Place(topic, part): Position(*rest) for topic, part, *rest in connection.execute(query)}


def waiting(
    engine: Engine, settings: KafkaSettings, *, topics: Collection[str] = INGESTED, before: datetime | None = None
) -> int:
    """Return how many records in Kafka are not in the warehouse yet, neither as rows nor as rejected events.

    With `before`, partitions that were loaded up to that instant of the broker's clock or beyond do not count. Raises
    `PartUnavailableError` when Kafka does not answer, `TopicRecreatedError` when a topic is another one by now, and
    `StreamError` when a log ends before what was loaded of it.
    """
    known = positions(engine, group=settings.group, topics=topics)
    ends = logs(settings, topics)  # after the positions: a log that grows meanwhile must not seem to have gone back
    require_same_topics({place.topic: log.topic_id for place, log in ends.items()}, known)
    require_whole_logs({place: log.end for place, log in ends.items()}, known)
    return sum(
        max(0, log.end - max(log.begin, known[place].next_offset if place in known else 0))
        for place, log in ends.items()
        if before is None or _may_hold(known.get(place), before)
    )


def _may_hold(position: Position | None, before: datetime) -> bool:
    """Say whether what follows in a partition may be older than an instant: records stand in the order of arrival."""
    return position is None or position.last_record_ts is None or position.last_record_ts < before


def require_whole_logs(ends: Mapping[Place, int], known: Mapping[Place, Position]) -> None:
    """Raise `StreamError` when a log has lost its end: what is sent next would take the places of loaded records."""
    for place, end in sorted(ends.items()):
        if place in known and end < known[place].next_offset:
            at = known[place].next_offset
            message = f"{place.topic}, partition {place.partition}, went back: it ends at {end}, and {at} was loaded"
            command = (
                f"update raw.ingest_offset set next_offset = {end} "  # noqa: S608 - shown, never run
                f"where topic = '{place.topic}' and kafka_partition = {place.partition}"
            )
            raise StreamError(
                message,
                remedy=f'Restore the log, or read on from where it ends: suara psql -c "{command}"',
            )


def require_same_topics(found: Mapping[str, UUID], known: Mapping[Place, Position]) -> None:
    """Raise `TopicRecreatedError` when a topic was made anew: the old offsets would skip the start of the new log."""
    changed = sorted({place.topic for place, at in known.items() if found.get(place.topic, at.topic_id) != at.topic_id})
    if changed:
        names = ", ".join(changed)
        message = f"{names} was deleted and made again; what the warehouse remembers of it belongs to another log"
        quoted = ", ".join(f"'{name}'" for name in changed)
        command = f"delete from raw.ingest_offset where topic in ({quoted})"  # noqa: S608 - shown, never run
        raise TopicRecreatedError(
            message, remedy=f'If that was meant, read the new one from its start: suara psql -c "{command}"'
        )

"""Where the sink stands: the offsets in the warehouse are the truth, and this compares them with what Kafka holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Engine, select

from kernel.errors import TopicRecreatedError
from kernel.settings import KafkaSettings
from streams.broker import Place, logs
from streams.topics import INGESTED
from warehouse.tables.raw import ingest_offset


class Position(NamedTuple):
    """The first offset of a partition that is not in the warehouse yet, and the topic that it belongs to."""

    next_offset: int
    topic_id: UUID


def positions(engine: Engine, *, group: str, topics: Collection[str]) -> dict[Place, Position]:
    """Return where each partition stands; partitions never read are missing."""
    table = ingest_offset.c
    query = select(table.topic, table.kafka_partition, table.next_offset, table.topic_id).where(
        table.consumer_group == group, table.topic.in_(sorted(topics))
    )
    with engine.connect() as connection:
        return {Place(topic, part): Position(offset, owner) for topic, part, offset, owner in connection.execute(query)}


def waiting(engine: Engine, settings: KafkaSettings, *, topics: Collection[str] = INGESTED) -> int:
    """Return how many records in Kafka are not in the warehouse yet, neither as rows nor as rejected events.

    Raises `PartUnavailableError` when Kafka does not answer, `TopicRecreatedError` when a topic is another one by now.
    """
    ends = logs(settings, topics)
    known = positions(engine, group=settings.group, topics=topics)
    require_same_topics({place.topic: log.topic_id for place, log in ends.items()}, known)
    return sum(
        max(0, log.end - max(log.begin, known[place].next_offset if place in known else 0))
        for place, log in ends.items()
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

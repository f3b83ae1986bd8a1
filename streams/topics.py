"""The topics of the house: their names, sizes and how long they keep what is in them."""

from __future__ import annotations

from enum import StrEnum

from kernel.settings import KafkaSettings
from streams.broker import MAX_RECORD_BYTES, create_topics


class Topic(StrEnum):
    """A topic; its value is its name. The major version of the events is part of the name."""

    POSTS = "community.posts.v1"
    DLQ = "community.posts.v1.dlq"
    BACKFILL = "community.backfill.v1"
    ERASURE = "community.erasure.v1"


# What the sink reads. Dead letters are read by people, and by their replay.
INGESTED = (Topic.POSTS, Topic.BACKFILL, Topic.ERASURE)
# What has `SUARA_KAFKA__PARTITIONS` partitions; the others hold little, and have one.
SPREAD = (Topic.POSTS, Topic.BACKFILL)

_DAY_MS = 24 * 60 * 60 * 1000
_ROOM_FOR_HEADERS = 256 * 1024


def ensure_topics(settings: KafkaSettings, *, log_days: int, prefix: str = "") -> list[str]:
    """Create what is missing of the topics, set their retention, and return the names of the new ones.

    `prefix` is put before each name, so that several communities (or tests) can share a cluster. The partitions of a
    topic that exists are left alone; `streams.partitions` raises their number.
    """
    return create_topics(
        settings,
        {prefix + topic: partitions(topic, settings) for topic in Topic},
        configs={prefix + topic: configuration(topic, settings, log_days=log_days) for topic in Topic},
    )


def partitions(topic: Topic, settings: KafkaSettings) -> int:
    """Return the number of partitions that a topic is created with."""
    return settings.partitions if topic in SPREAD else 1


def configuration(topic: Topic, settings: KafkaSettings, *, log_days: int) -> dict[str, str]:
    """Return the topic's configuration. Segments close daily, so that words are gone a day after their retention."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(log_days * _DAY_MS),
        "segment.ms": str(_DAY_MS),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_RECORD_BYTES + _ROOM_FOR_HEADERS * (4 if topic is Topic.DLQ else 1)),
        "min.insync.replicas": "2" if settings.replication_factor >= 3 else "1",
    }

"""Why sinks have no static membership: what kafka-python does with it on a real broker.

Should it fail, the client has been mended, and a setting for it can be made.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import FencedInstanceIdError

from streams.broker import Producer
from tests.streams.conftest import Stream

pytestmark = pytest.mark.failure


def member(stream: Stream, name: str) -> Any:
    """Return a static member of the group, set up as the sink's consumer is."""
    consumer = KafkaConsumer(
        bootstrap_servers=stream.settings.bootstrap_servers,
        group_id=stream.settings.group,
        group_instance_id=name,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
        partition_assignment_strategy=[CooperativeStickyAssignor],
    )
    consumer.subscribe(topics=[stream.posts])
    return consumer


def poll(*members: Any, seconds: float) -> list[int]:
    """Poll by turns, and return how many records each read."""
    found, end = [0] * len(members), time.monotonic() + seconds
    while time.monotonic() < end:
        for number, consumer in enumerate(members):
            found[number] += sum(map(len, consumer.poll(timeout_ms=100).values()))
    return found


def owned(*members: Any) -> list[int]:
    return [len(consumer.assignment() or ()) for consumer in members]


def test_of_two_with_one_name_the_older_reads_on_and_is_told_nothing_unless_it_commits(stream: Stream) -> None:
    older = member(stream, "a")
    poll(older, seconds=3)
    newer = member(stream, "a")
    poll(older, newer, seconds=10)
    assert owned(older, newer) == [3, 3]
    with Producer(stream.settings) as producer:
        for number in range(30):
            producer.send(stream.posts, key=b"%d" % number, value=b"x")
    assert poll(older, newer, seconds=4) == [30, 30]
    with pytest.raises(FencedInstanceIdError):
        older.commit({TopicPartition(stream.posts, 0): OffsetAndMetadata(0, "", -1)}, timeout_ms=3_000)
    for consumer in (older, newer):
        with suppress(FencedInstanceIdError):
            consumer.close(autocommit=False)

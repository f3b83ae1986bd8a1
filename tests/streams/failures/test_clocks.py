"""Clocks that are wrong: the sink's own, and those of producers whose timestamps the broker keeps."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from streams.events import encode
from tests.streams.failures.conftest import Scene
from tests.streams.histories import town

pytestmark = pytest.mark.failure

YEAR = 366 * 24 * 3600


@pytest.mark.parametrize("ahead", [-YEAR, 2 * YEAR], ids=["a year behind", "two years ahead"])
def test_a_sink_whose_clock_is_wrong(scene: Scene, ahead: int) -> None:
    worker = scene.begin(CLOCK_AHEAD=ahead)
    worker.works(more=500)
    scene.stand_trial(f"the sink's clock was {ahead / 86400:+.0f} days off")


@pytest.mark.brief
def test_timestamps_from_anywhere_are_read_alike_each_time(scene: Scene) -> None:
    stream = scene.stream
    topic = ConfigResource(
        ConfigResourceType.TOPIC,
        stream.posts,
        {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(2**62), "retention.ms": "-1"},
    )
    with closing(KafkaAdminClient(bootstrap_servers=stream.settings.bootstrap_servers)) as admin:
        admin.alter_configs([topic])
    instants = [0, 1, 1_700_000_000_000, 3_999_999_999_999, 4_000_000_000_000, 2**53, 2**62]
    with closing(KafkaProducer(bootstrap_servers=stream.settings.bootstrap_servers)) as producer:
        for number, event in enumerate(town(seed=scene.seed, changes=140)):
            at = instants[number % len(instants)]
            producer.send(stream.posts, key=event.partitionkey.encode(), value=encode(event), timestamp_ms=at)
        producer.flush()
    total = stream.drain()
    assert total.loaded > 0
    with psycopg.connect(stream.url) as server:  # all of it comes again, as after a restored backup
        server.execute("update raw.ingest_offset set next_offset = 0")
    stream.drain()
    scene.conclude(f"timestamps between 1970 and the year 146 million, read twice: {total}")

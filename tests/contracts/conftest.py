"""Kafka, real and in memory, for the contract that both keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from kafka import TopicPartition

from kernel.clock import Clock, SystemClock
from kernel.settings import KafkaSettings
from streams import broker
from streams.broker import Consumer, Place, Producer, create_topics
from tests.memory_broker.cluster import MemoryBroker


@dataclass
class Cluster:
    """Kafka, with a topic name and a group of the test's own."""

    settings: KafkaSettings
    clock: Clock
    drop: Callable[[Place, int], None]
    topic: str
    closing: ExitStack

    @property
    def place(self) -> Place:
        """The only partition of a topic that has one."""
        return Place(self.topic, 0)

    def make(self, *, partitions: int = 1, **configs: str) -> None:
        """Make the topic. Option names have underscores for dots."""
        wanted = {"message.timestamp.type": "LogAppendTime"} | {
            name.replace("_", "."): value for name, value in configs.items()
        }
        assert create_topics(self.settings, {self.topic: partitions}, configs={self.topic: wanted}) == [self.topic]

    def send(self, *values: bytes, key: bytes = b"k") -> None:
        """Send values under one key."""
        with Producer(self.settings) as producer:
            for value in values:
                producer.send(self.topic, key=key, value=value)

    def consumer(self, *, group: str | None = None, max_records: int = 100) -> Consumer:
        """Return a member that leaves at the end of the test."""
        member = Consumer(self.settings, [self.topic], group=group or self.settings.group, max_records=max_records)
        self.closing.callback(member.close)
        return member


@pytest.fixture(params=["kafka", "memory"])
def cluster(request: pytest.FixtureRequest, topic: str) -> Iterator[Cluster]:
    with ExitStack() as stack:
        if request.param == "memory":
            memory = MemoryBroker()
            stack.enter_context(memory.in_place_of_kafka())
            settings = memory.settings.model_copy(update={"group": topic})
            yield Cluster(settings, memory.clock, lambda place, at: memory.drop(place, before=at), topic, stack)
        else:
            settings = KafkaSettings(bootstrap_servers=request.getfixturevalue("kafka"), group=topic)

            def drop(place: Place, before: int) -> None:
                with broker.admin(settings) as client:
                    client.delete_records({TopicPartition(*place): before})

            yield Cluster(settings, SystemClock(), drop, topic, stack)

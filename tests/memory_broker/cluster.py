"""Kafka in memory with a clock of the test's own, for what real Kafka does slowly, or never when asked to.

It takes the place of the three clients of kafka-python below `streams.broker`, so that everything above runs as it is.
`tests/contracts/test_broker_contract.py` holds it to what real Kafka does: where they differ, this one is wrong.

Left out: compression, logins, compaction, transactions, `streams.past`, and members of one group with unlike topics.
Two things are simpler than in Kafka, and nobody may rely on either: records are appended when they are flushed, and a
member learns of its group only while it polls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from threading import Event as Flag
from threading import RLock
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from kafka import TopicPartition
from kafka import errors as kafka_errors

from kernel.clock import FixedClock
from kernel.settings import KafkaSettings
from streams import broker
from streams.broker import Consumer, Place
from streams.reach import Obstacle
from tests.memory_broker.clients import MemoryAdmin, MemoryConsumer, MemoryProducer
from tests.memory_broker.logs import MemoryLog, MemoryRecord, MemoryTopic

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class MemoryGroup:
    """What each member owns, in the order in which they joined, and where the group says that it stands."""

    owned: dict[MemoryConsumer, set[TopicPartition]] = field(default_factory=dict)
    committed: dict[TopicPartition, int] = field(default_factory=dict)

    def shares(self, places: set[TopicPartition]) -> dict[MemoryConsumer, set[TopicPartition]]:
        """Return who should own what: as evenly as it goes, and as little as it takes to get there changes hands."""
        members = sorted(self.owned, key=lambda member: -len(self.owned[member] & places))
        least, more = divmod(len(places), len(members))
        quotas = {member: least + (rank < more) for rank, member in enumerate(members)}
        kept = {member: set(sorted(self.owned[member] & places)[: quotas[member]]) for member in members}
        rest = iter(sorted(places.difference(*kept.values())))
        return {
            member: kept[member] | {next(rest) for _ in range(quotas[member] - len(kept[member]))} for member in members
        }


class MemoryBroker:
    """A cluster of one test. While `is_away` nothing of it answers; an idle poll takes its time from `clock`."""

    def __init__(self, clock: FixedClock | None = None) -> None:
        self.clock = clock or FixedClock(NOON)
        self.settings = KafkaSettings(bootstrap_servers="memory:9092", partitions=3, group="sinks")
        self.is_away = False
        self.lock = RLock()
        self.topics: dict[str, MemoryTopic] = {}
        self._groups: dict[str, MemoryGroup] = {}
        self._failures: dict[str, deque[tuple[Exception, bool]]] = {}
        self._made = 0

    @contextmanager
    def in_place_of_kafka(self) -> Iterator[None]:
        """Let `streams.broker` find this cluster, and no other, for the length of a block."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(broker, "KafkaProducer", partial(MemoryProducer, self))
            patch.setattr(broker, "KafkaConsumer", partial(MemoryConsumer, self))
            patch.setattr(broker, "KafkaAdminClient", partial(MemoryAdmin, self))
            patch.setattr(broker, "closed_door", lambda settings: (self._obstacle(settings) or (None, None))[1])
            patch.setattr(broker, "obstacle", self._obstacle)
            patch.setattr(broker, "time", SimpleNamespace(sleep=self.clock.advance))
            yield

    def fail(self, topic: str, error: Exception, *, times: int = 1, written: bool = False) -> None:
        """Let the next records for a topic not be acknowledged; with `written`, only the acknowledgement is lost."""
        self._failures.setdefault(topic, deque()).extend([(error, written)] * times)

    def drop(self, place: Place, *, before: int) -> None:
        """Drop the records of a partition before an offset, as retention does."""
        with self.lock:
            self.topics[place.topic].logs[place.partition].drop(before)

    def cut_off(self, consumer: Consumer) -> None:
        """Let a consumer neither hear of its group nor be heard there; what it owns it reads on."""
        consumer._kafka.silent_since = self.clock.monotonic()

    def reconnect(self, consumer: Consumer) -> None:
        """Let a consumer that was cut off learn at its next poll what became of it."""
        consumer._kafka.silent_since = None

    def log(self, place: TopicPartition | Place) -> MemoryLog | None:
        """Return the log of a partition, where there is one."""
        topic = self.topics.get(place.topic)
        return topic.logs[place.partition] if topic and place.partition < len(topic.logs) else None

    def places(self, names: Collection[str]) -> set[TopicPartition]:
        """Return the partitions of those topics that exist."""
        found = {name: self.topics[name] for name in names if name in self.topics}
        return {TopicPartition(name, number) for name, topic in found.items() for number in range(len(topic.logs))}

    def partitions_for_topic(self, topic: str) -> set[int]:
        """Return the numbers of a topic's partitions; the partitioner asks for them."""
        return set(range(len(self.topics[topic].logs)))

    def group(self, name: str) -> MemoryGroup:
        """Return a group, without the members that were silent for too long."""
        group = self._groups.setdefault(name, MemoryGroup())
        for member in [member for member in group.owned if member.is_given_up()]:
            del group.owned[member]
        return group

    def make(self, name: str, *, partitions: int, replicas: int, configs: Mapping[str, str]) -> None:
        """Make a topic, with an id that no topic had before."""
        if name in self.topics:
            raise kafka_errors.TopicAlreadyExistsError
        self._made += 1
        logs = [MemoryLog() for _ in range(partitions)]
        self.topics[name] = MemoryTopic(UUID(int=self._made), logs, dict(configs), replicas, in_sync=replicas)

    def append(self, partitioner: Any, topic: str, key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
        """Write a record at the end of the partition of its key. Raises Kafka's errors."""
        self.require_answer()
        if topic not in self.topics:
            raise kafka_errors.UnknownTopicOrPartitionError
        failures = self._failures.get(topic)
        error, written = failures.popleft() if failures else (None, True)
        if written:
            place = partitioner.partition(topic, key, key, value, value, self)
            log = self.topics[topic].logs[place]
            now = int(self.clock.now().timestamp() * 1000)
            record = MemoryRecord(topic, place, log.end, now, key, value, headers)
            if refusal := self.topics[topic].refusal(record):
                raise refusal
            log.records.append(record)
        if error:
            raise error

    def require_answer(self) -> None:
        """Raise what the clients do after they tried for long enough."""
        if self.is_away:
            raise kafka_errors.KafkaTimeoutError

    def _obstacle(self, settings: KafkaSettings) -> Obstacle | None:
        if settings.bootstrap_servers == self.settings.bootstrap_servers and not self.is_away:
            return None
        return Obstacle("TCP", f"{settings.bootstrap_servers}: connection refused", "`suara status` shows what is up.")


class PassingTime(Flag):
    """A sink's stop flag whose waiting lets time pass at once; it is set after it was waited on `limit` times."""

    def __init__(self, clock: FixedClock, *, limit: int = 1000) -> None:
        super().__init__()
        self._clock = clock
        self._left = limit

    def wait(self, timeout: float | None = None) -> bool:
        """Let `timeout` seconds pass on the clock, and none for the test."""
        self._clock.advance(timeout or 0.0)
        self._left -= 1
        if not self._left:
            self.set()
        return self.is_set()

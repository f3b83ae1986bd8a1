"""The three clients of kafka-python, as far as the house uses them, on a cluster in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kafka import ConsumerRebalanceListener, OffsetAndMetadata, OffsetSpec, TopicPartition
from kafka import errors as kafka_errors

from streams.broker import Header
from tests.memory_broker.logs import MemoryRecord

if TYPE_CHECKING:
    from tests.memory_broker.cluster import MemoryBroker


class _Sent:
    """A record that was handed over, and what became of it."""

    def __init__(self, record: tuple[Any, ...]) -> None:
        self.record = record
        self.error: Exception | None = None
        self.is_done = False

    def succeeded(self) -> bool:
        return self.is_done and self.error is None

    def get(self, timeout: float) -> None:
        """Raise why it was not acknowledged, if it was not."""
        if self.error:
            raise self.error


class MemoryProducer:
    def __init__(self, cluster: MemoryBroker, **options: Any) -> None:
        self._cluster = cluster
        self._options = options
        self._waiting: deque[_Sent] = deque()

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: list[Header]) -> _Sent:
        if key is None and value is None:
            raise ValueError(topic)
        if MemoryRecord(topic, 0, 0, 0, key, value, headers).size > self._options["max_request_size"]:
            raise kafka_errors.MessageSizeTooLargeError
        self._waiting.append(_Sent((topic, key, value, headers)))
        return self._waiting[-1]

    def flush(self, timeout: float) -> None:
        with self._cluster.lock:
            while self._waiting:
                sent = self._waiting.popleft()
                try:
                    self._cluster.append(self._options["partitioner"], *sent.record)
                except kafka_errors.KafkaError as error:
                    sent.error = error
                sent.is_done = True

    def close(self, timeout: float) -> None:
        self._waiting.clear()


class MemoryConsumer:
    def __init__(self, cluster: MemoryBroker, **options: Any) -> None:
        self._cluster = cluster
        self._options = options
        self._positions: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._polls = 0
        self._polled_at = cluster.clock.monotonic()
        self._coordinator = SimpleNamespace(
            need_rejoin=lambda: self not in cluster.group(options["group_id"]).owned,
            rebalance_in_progress=lambda: False,  # a join is done at once, and none is lost
        )
        self.silent_since: float | None = None

    def subscribe(self, topics: list[str], listener: ConsumerRebalanceListener) -> None:
        self._topics, self._listener = topics, listener

    def is_given_up(self) -> bool:
        """Say whether the cluster has heard nothing of it for a session, or its owner has not polled for too long."""
        now = self._cluster.clock.monotonic()
        silent = self.silent_since is not None and now - self.silent_since > self._options["session_timeout_ms"] / 1000
        return silent or now - self._polled_at > self._options["max_poll_interval_ms"] / 1000

    def poll(self, timeout_ms: int, max_records: int | None = None) -> dict[TopicPartition, list[MemoryRecord]]:
        with self._cluster.lock:
            self._cluster.require_answer()
            if self.silent_since is None:
                self._follow_group()
            self._polled_at = self._cluster.clock.monotonic()
            found = self._fetch(max_records or self._options["max_poll_records"])
            if not found:
                self._cluster.clock.advance(timeout_ms / 1000)
            return found

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._require(place, ValueError)
        self._positions[place] = offset

    def seek_to_beginning(self, place: TopicPartition) -> None:
        self.seek(place, 0)

    def highwater(self, place: TopicPartition) -> int | None:
        self._require(place, kafka_errors.IllegalStateError)
        return self._ends.get(place)

    def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], timeout_ms: int) -> None:
        with self._cluster.lock:
            self._cluster.require_answer()
            group = self._cluster.group(self._options["group_id"])
            if self not in group.owned or self.silent_since is not None:
                raise kafka_errors.CommitFailedError
            group.committed.update({place: at.offset for place, at in offsets.items()})

    def close(self, *, autocommit: bool, timeout_ms: int) -> None:
        with self._cluster.lock:
            self._cluster.group(self._options["group_id"]).owned.pop(self, None)
            self._leave(set(self._positions))

    def _follow_group(self) -> None:
        """Give up what others should own, and take what nobody owns any more: two steps, as in Kafka."""
        group = self._cluster.group(self._options["group_id"])
        if self not in group.owned:
            self._leave(set(self._positions))  # given up meanwhile
            self._polled_at = self._cluster.clock.monotonic()
            group.owned[self] = set()
        mine = group.shares(self._cluster.places(self._topics))[self]
        self._leave(group.owned[self] - mine)
        group.owned[self] &= mine
        free = mine.difference(*group.owned.values())
        if free:
            group.owned[self] |= free
            self._positions |= {place: group.committed.get(place, 0) for place in free}
            self._listener.on_partitions_assigned(free)

    def _leave(self, places: set[TopicPartition]) -> None:
        for place in places:
            del self._positions[place]
            self._ends.pop(place, None)
        if places:
            self._listener.on_partitions_revoked(places)

    def _fetch(self, left: int) -> dict[TopicPartition, list[MemoryRecord]]:
        """Return the next records, another partition first each time. Where the log has none, it begins again."""
        self._polls += 1
        found = {}
        places = sorted(self._positions)
        turn = self._polls % max(1, len(places))
        for place in places[turn:] + places[:turn]:
            log = self._cluster.log(place)
            if log is None:
                continue
            if not log.begin <= self._positions[place] <= log.end:
                self._positions[place] = log.begin
            self._ends[place] = log.end
            at = self._positions[place] - log.begin
            if records := log.records[at : at + left]:
                found[place] = records
                self._positions[place] += len(records)
                left -= len(records)
        return found

    def _require(self, place: TopicPartition, error: type[Exception]) -> None:
        if place not in self._positions:
            raise error(place)


class MemoryAdmin:
    def __init__(self, cluster: MemoryBroker, **_: Any) -> None:
        self._cluster = cluster

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        return [self._description(name) for name in names]

    def list_partition_offsets(self, wanted: Mapping[TopicPartition, OffsetSpec]) -> dict[TopicPartition, Any]:
        logs = {place: self._cluster.log(place) for place in wanted}
        return {
            place: SimpleNamespace(offset=log.begin if wanted[place] is OffsetSpec.EARLIEST else log.end)
            for place, log in logs.items()
            if log is not None
        }

    def create_topics(self, wanted: Mapping[str, Mapping[str, Any]], *, wait_for_metadata: bool) -> None:
        for name, topic in wanted.items():
            partitions, replicas = topic["num_partitions"], topic["replication_factor"]
            self._cluster.make(name, partitions=partitions, replicas=replicas, configs=topic["configs"])

    def alter_configs(self, resources: list[Any]) -> None:
        for resource in resources:
            self._cluster.topics[resource.name].configs = dict(resource.configs)

    def delete_topics(self, names: list[str]) -> None:
        for name in names:
            if self._cluster.topics.pop(name, None) is None:
                raise kafka_errors.UnknownTopicOrPartitionError

    def wait_for_topics(self, names: list[str]) -> None:
        pass

    def close(self) -> None:
        pass

    def _description(self, name: str) -> dict[str, Any]:
        topic = self._cluster.topics.get(name)
        partitions = [{"partition_index": number} for number in range(len(topic.logs))] if topic else []
        return {
            "name": name,
            "error_code": 0 if topic else kafka_errors.UnknownTopicOrPartitionError.errno,
            "topic_id": topic.topic_id if topic else None,
            "partitions": partitions,
        }

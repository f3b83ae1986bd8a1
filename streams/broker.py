"""Kafka, and nothing else in this house knows it: producer, consumer and the few questions to the cluster.

Promises: an idempotent producer whose every acknowledgement is checked, a consumer whose `poll` never raises because
brokers are away, and errors of the house's own tree that name what does not answer. Where a partition is read from is
decided by the caller (the warehouse), never by Kafka's own commits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    OffsetAndMetadata,
    OffsetSpec,
)
from kafka import TopicPartition as _TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.partitioner.default import DefaultPartitioner, murmur2
from kafka.record import util as _record_util

from kernel.errors import PartUnavailableError, StreamError
from kernel.log import logger
from kernel.settings import KafkaSettings
from streams.acknowledged import Acknowledgement, FlushedAtTheEnd, OnTheWay, reason_of, require_size
from streams.reach import closed_door, connect_options, obstacle

MAX_RECORD_BYTES = 1024 * 1024
MAX_IN_FLIGHT = 20_000
MAX_SILENCE_SECONDS = 300.0
PATIENCE_SECONDS = 60.0
_DENIED = (29, 30, 31)  # Kafka's codes for what a user may not do with a topic, a group, the cluster
_GRANT = "Let an administrator grant what docs/how-to/use-your-own-servers.md lists."

Header = tuple[str, bytes]
_log = logger("streams")
# The client logs every attempt to reach a broker that is away as an error; what matters of it is raised or logged here.
logging.getLogger("kafka").setLevel(logging.CRITICAL)


class DeniedError(StreamError):
    """Kafka does not permit this user what was asked of it."""


class Place(NamedTuple):
    """One partition of one topic; equal to Kafka's own pair."""

    topic: str
    partition: int


class Record(Protocol):
    """What the rest of the house reads of a Kafka record. `timestamp` is in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]


_murmur2 = lru_cache(maxsize=65_536)(murmur2)


class _RememberingPartitioner(DefaultPartitioner):  # type: ignore[misc]  # kafka-python has no types
    """Kafka's own choice for a key, remembered, for its hash is slow in Python; without a key the first partition."""

    def partition(self, topic: str, key: Any, serialized_key: bytes | None, *rest: Any) -> int:
        partitions = len(rest[-1].partitions_for_topic(topic))  # Kafka numbers them from 0 on
        return (_murmur2(serialized_key) & 0x7FFF_FFFF) % partitions if serialized_key else 0


class Producer(FlushedAtTheEnd):
    """Sends records so that each is written once, in the order of its key, or its loss is an error at `flush`."""

    def __init__(
        self, settings: KafkaSettings, *, max_record_bytes: int = MAX_RECORD_BYTES, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._settings = settings
        self._limit = max_record_bytes
        self._known: set[str] = set()
        self._sent = 0
        warn_without_crc32c()
        with reaching(settings, first=True):
            self._kafka = KafkaProducer(
                **connect_options(settings),
                partitioner=_RememberingPartitioner(),
                compression_type="lz4",
                linger_ms=20,
                batch_size=512 * 1024,
                max_request_size=max_record_bytes + 64 * 1024,
                delivery_timeout_ms=int(patience * 1000),
                request_timeout_ms=int(patience * 500),
                max_block_ms=15_000,
            )
        self._way = OnTheWay(self._kafka, patience=patience)

    def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[Header] = ()
    ) -> Acknowledgement:
        """Hand one record over; it is safe only after `flush`. Raises `InputError` when it is too large."""
        self._sent += 1
        require_size(self._sent, topic, key, value, limit=self._limit)
        if len(self._way) >= MAX_IN_FLIGHT:
            self._way.require_oldest()
        if topic not in self._known:
            self._require(topic)
        try:
            # A plain name: the client shows it in its errors as it would be written in Python.
            sent: Acknowledgement = self._kafka.send(str(topic), key=key, value=value, headers=list(headers))
        except KafkaError as error:
            raise _ours(self._settings, error) from error
        self._way.add(self._sent, topic, sent)
        return sent

    def flush(self) -> None:
        """Wait until all records are acknowledged. Raises for the first that was not, by its number since the start."""
        self._way.require_all()

    def close(self) -> None:
        """Give up what was not flushed, and disconnect."""
        self._way.close()

    def _require(self, topic: str) -> None:
        if topic not in topic_ids(self._settings, [topic]):
            message = f"Kafka at {self._settings.bootstrap_servers} has no topic {topic}"
            raise StreamError(message, remedy="`suara up` creates the topics.")
        self._known.add(topic)


class Change(NamedTuple):
    """A rebalance gave partitions to this consumer or took them away."""

    kind: Literal["assigned", "revoked"]
    places: frozenset[Place]


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Writes rebalances down. It runs on kafka-python's IO thread, where blocking would stop the heartbeats."""

    def __init__(self) -> None:
        self.changes: SimpleQueue[Change] = SimpleQueue()

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        self.changes.put(Change("assigned", _places(assigned)))

    def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        self.changes.put(Change("revoked", _places(revoked)))

    def on_partitions_lost(self, lost: Collection[Any]) -> None:
        self.changes.put(Change("revoked", _places(lost)))


class Consumer:
    """A member of a consumer group that reads from where it is told to and commits only as a hint.

    There is no `pause`: kafka-python 3.0 forgets records that were fetched before it, and the partition stands still
    for ever. Not polling does the same job, since heartbeats have a thread of their own; it may last as long as
    `MAX_SILENCE_SECONDS`, after which the partitions go to other members.
    """

    def __init__(self, settings: KafkaSettings, topics: Collection[str], *, group: str, max_records: int) -> None:
        self._listener = _Listener()
        self.poll_errors = 0
        warn_without_crc32c()
        with reaching(settings, first=True):
            self._kafka = KafkaConsumer(
                **connect_options(settings),
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_poll_records=max_records,
                max_poll_interval_ms=int(MAX_SILENCE_SECONDS * 1000),
                session_timeout_ms=6_000,
                heartbeat_interval_ms=2_000,
                metadata_max_age_ms=30_000,  # how soon partitions that were added to a topic are read
                partition_assignment_strategy=[CooperativeStickyAssignor],
            )
            self._kafka.subscribe(topics=sorted(topics), listener=self._listener)

    def poll(self, *, seconds: float, max_records: int | None = None) -> dict[Place, list[Record]]:
        """Return records by partition, or nothing; brokers that are away are counted in `poll_errors`, never raised.

        Raises `DeniedError` when the user may not read, which no waiting helps.
        """
        self._join_again_if_lost()
        try:
            found = self._kafka.poll(timeout_ms=int(seconds * 1000), max_records=max_records)
        except KafkaError as error:
            if getattr(error, "errno", None) in _DENIED:  # not all of the client's errors are Kafka's answers
                message = f"Kafka does not let this user read on: {reason_of(error)}"
                raise DeniedError(message, remedy=_GRANT) from error
            self.poll_errors += 1
            _log.warning("poll failed", error=reason_of(error), times=self.poll_errors)
            time.sleep(min(seconds, 0.2))
            return {}
        if found:
            self.poll_errors = 0
        return {Place(*place): records for place, records in found.items()}

    def _join_again_if_lost(self) -> None:
        """Begin a join anew that kafka-python 3.0 has lost: it is amid one, and no longer knows that it must finish it.

        Seen on a busy machine. Such a consumer polls for ever, owns nothing and sends no heartbeat.
        """
        coordinator = self._kafka._coordinator
        if coordinator.rebalance_in_progress() and not coordinator.need_rejoin():
            _log.warning("a join was lost, joining again")
            coordinator.request_rejoin()

    def changes(self) -> Iterator[Change]:
        """Yield the rebalances since the last call, oldest first."""
        while True:
            try:
                yield self._listener.changes.get_nowait()
            except Empty:
                return

    def is_joining(self) -> bool:
        """Say whether it must poll, and go on polling, to be a member: what is agreed on in between is given up."""
        return bool(self._kafka._coordinator.need_rejoin())  # kafka-python 3.0 tells it nowhere else

    def assignment(self) -> set[Place]:
        """Return the partitions that this consumer owns now."""
        return set(_places(self._kafka.assignment() or ()))

    def seek(self, place: Place, offset: int | None) -> None:
        """Read `place` from `offset` on, or from its beginning when None."""
        with suppress(ValueError):  # taken away meanwhile
            if offset is None:
                self._kafka.seek_to_beginning(_TopicPartition(*place))
            else:
                self._kafka.seek(_TopicPartition(*place), offset)

    def highwater(self, place: Place) -> int | None:
        """Return the end of a partition as of the last fetch, where there was one."""
        try:
            found: int | None = self._kafka.highwater(_TopicPartition(*place))
        except KafkaError:  # taken away meanwhile
            return None
        return found

    def commit(self, offsets: Mapping[Place, int]) -> bool:
        """Tell Kafka where we are, for tools that show lag. A failure is only logged: the warehouse holds the truth."""
        wanted = {_TopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()}
        try:
            self._kafka.commit(wanted, timeout_ms=5_000)
        except KafkaError as error:
            _log.info("offset hint not taken", error=reason_of(error))
            return False
        return True

    def close(self) -> None:
        """Leave the group at once, so that others take over without waiting for a timeout."""
        self._kafka.close(autocommit=False, timeout_ms=5_000)


def topic_ids(settings: KafkaSettings, topics: Collection[str]) -> dict[str, UUID]:
    """Return Kafka's own id of each topic that exists; another id under the same name is another log."""
    with admin(settings) as client:
        found = client.describe_topics(sorted(topics))
    return {topic["name"]: UUID(str(topic["topic_id"])) for topic in found if topic["error_code"] == 0}


class Log(NamedTuple):
    """One partition's log: whose it is, the first offset that is kept, and the offset its next record will have."""

    topic_id: UUID
    begin: int
    end: int


def logs(settings: KafkaSettings, topics: Collection[str]) -> dict[Place, Log]:
    """Return the log of each partition of the topics that exist."""
    with admin(settings) as client:
        found = [topic for topic in client.describe_topics(sorted(topics)) if topic["error_code"] == 0]
        owners = {
            _TopicPartition(t["name"], p["partition_index"]): t["topic_id"] for t in found for p in t["partitions"]
        }
        if not owners:
            return {}
        begins = client.list_partition_offsets(dict.fromkeys(owners, OffsetSpec.EARLIEST))
        ends = client.list_partition_offsets(dict.fromkeys(owners, OffsetSpec.LATEST))
    return {
        Place(*place): Log(UUID(str(owner)), begins[place].offset, ends[place].offset)
        for place, owner in owners.items()
    }


def create_topics(
    settings: KafkaSettings, partitions: Mapping[str, int], *, configs: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Create the topics that are missing, configure all of them, and return the names of the new ones."""
    with admin(settings) as client:
        there = {topic["name"] for topic in client.describe_topics(sorted(partitions)) if topic["error_code"] == 0}
        missing = [name for name in partitions if name not in there]
        if missing:
            _create(client, settings, {name: partitions[name] for name in missing}, configs)
        old = [
            ConfigResource(ConfigResourceType.TOPIC, name, dict(configs[name])) for name in partitions if name in there
        ]
        if old:
            client.alter_configs(old)
    return missing


def delete_topics(settings: KafkaSettings, topics: Collection[str]) -> None:
    """Delete topics with everything in them."""
    with admin(settings) as client:
        client.delete_topics(sorted(topics))


def _create(
    client: Any, settings: KafkaSettings, partitions: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]
) -> None:
    wanted = {
        name: {
            "num_partitions": count,
            "replication_factor": settings.replication_factor,
            "configs": dict(configs[name]),
        }
        for name, count in partitions.items()
    }
    try:
        client.create_topics(wanted, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        _log.info("another process created a topic first", topics=sorted(partitions))
        client.wait_for_topics(list(partitions))


@contextmanager
def admin(settings: KafkaSettings) -> Iterator[Any]:
    """Open a connection for questions to the cluster. Kafka's errors inside the block leave it as ours."""
    with reaching(settings, first=True):
        client = KafkaAdminClient(**connect_options(settings), request_timeout_ms=15_000)
        try:
            yield client
        finally:
            client.close()


@contextmanager
def reaching(settings: KafkaSettings, *, first: bool = False) -> Iterator[None]:
    """Turn the client's errors into ours. `first` knocks before, so that a closed door is told at once."""
    address = settings.bootstrap_servers
    closed = closed_door(settings) if first and address else None
    if closed is not None:
        message = f"Kafka at {address} does not answer: {closed}"
        raise PartUnavailableError(message, remedy="`suara status` shows what is up.")
    try:
        yield
    except KafkaError as error:
        raise _ours(settings, error) from error


def _ours(settings: KafkaSettings, error: KafkaError) -> StreamError | PartUnavailableError:
    """Return the client's error as one of ours."""
    address = settings.bootstrap_servers
    if getattr(error, "retriable", False):
        found = obstacle(settings)
        reason = found.message if found else f"it lets us in, and then: {reason_of(error)}"
        remedy = found.remedy if found else "`suara status` shows what is up."
        return PartUnavailableError(f"Kafka at {address} does not answer: {reason}", remedy=remedy)
    message = f"Kafka at {address} refused: {reason_of(error)}"
    return DeniedError(message, remedy=_GRANT) if getattr(error, "errno", None) in _DENIED else StreamError(message)


def _places(partitions: Collection[Any]) -> frozenset[Place]:
    return frozenset(Place(*partition) for partition in partitions)


def warn_without_crc32c() -> None:
    """Say when the fast checksum is missing."""
    if _record_util.crc32c_c is None:
        _log.warning("crc32c is missing: Kafka will be up to 9 times slower", remedy="install kafka-python[crc32c]")

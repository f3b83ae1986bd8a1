"""What the tests of the sink share: a loader on a fresh warehouse, and a sink on topics of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from typing import Any
from uuid import UUID, uuid4

import pytest
from kafka import KafkaAdminClient, TopicPartition
from sqlalchemy import Engine, text

from kernel.clock import SystemClock
from kernel.settings import KafkaSettings
from streams.backfill import Pace
from streams.broker import MAX_RECORD_BYTES, Consumer, Header, Place, Producer, logs
from streams.decode import Rejection, decode
from streams.events import Event, encode
from streams.load import Batch, Loader, Outcome, Reach
from streams.sink import Sink, SinkTotals
from streams.stage import Arrival
from streams.topics import INGESTED, Topic, ensure_topics
from suara.local import guardian
from suara.local.processes import Identity
from tests.memory_broker.cluster import MemoryBroker
from warehouse.engine import connect

PLACE = Place("posts", 0)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def end_offsets(settings: KafkaSettings, topics: Collection[str]) -> dict[Place, int]:
    """Return the end of each partition of the topics that exist: the offset that its next record will have."""
    return {place: log.end for place, log in logs(settings, topics).items()}


@dataclass
class Sent:
    """A record as Kafka would hand it over."""

    value: bytes | None
    offset: int = 0
    topic: str = "posts"
    partition: int = 0
    timestamp: int = int(NOW.timestamp() * 1000)
    key: bytes | None = b"key"
    headers: Sequence[Header] = ()


@dataclass
class Log:
    """One partition that grows: makes batches whose offsets follow on."""

    loader: Loader
    place: Place = PLACE
    topic_id: UUID = field(default_factory=uuid4)
    end: int = 0

    def load(self, events: Iterable[Event], *, at: int | None = None, **options: Any) -> Outcome:
        """Load events as one batch at the end of the log, or at an offset."""
        return self.loader.load(self.batch(events, at=at), **options)

    def batch(self, events: Iterable[Event], *, at: int | None = None) -> Batch:
        """Return events as records that follow on."""
        start = self.end if at is None else at
        records = [Sent(encode(event), start + i, *self.place) for i, event in enumerate(events)]
        self.end = max(self.end, start + len(records))
        if not records:
            return Batch({}, [], [])
        reach = Reach(start, start + len(records), self.topic_id, NOW, None)
        return Batch({self.place: reach}, [arrival(record) for record in records], [])


def arrival(record: Sent) -> Arrival:
    """Return a record that must be valid, decoded."""
    event = decode(record.value, record_ts=NOW)
    assert not isinstance(event, Rejection), event
    return Arrival(record, NOW, event)


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[Engine]:
    """The warehouse, as the sink may use it."""
    engine = connect(warehouse_url, role="ingest")
    yield engine
    engine.dispose()


@pytest.fixture
def log(engine: Engine) -> Iterator[Log]:
    """A partition with a loader behind it."""
    loader = Loader(engine, group="sinks", owner="test")
    yield Log(loader)
    loader.close()


@dataclass
class Stream:
    """Topics and a warehouse of a test's own."""

    settings: KafkaSettings
    prefix: str
    url: str
    engine: Engine

    @property
    def topics(self) -> list[str]:
        """What a sink reads here."""
        return [self.prefix + topic for topic in INGESTED]

    @property
    def posts(self) -> str:
        """The topic of posts."""
        return self.prefix + Topic.POSTS

    @property
    def dead_letters(self) -> str:
        """The topic of dead letters."""
        return self.prefix + Topic.DLQ

    def send(self, *values: Event | bytes | None) -> None:
        """Send events by their keys, or bytes as they are."""
        with Producer(self.settings, max_record_bytes=2 * MAX_RECORD_BYTES) as producer:
            for value in values:
                if value is None or isinstance(value, bytes):
                    producer.send(self.posts, key=b"poison", value=value, headers=[("from", b"a test")])
                else:
                    producer.send(self.posts, key=value.partitionkey.encode(), value=encode(value))

    def sink(self, *, backfill_rate: int = 0, **options: Any) -> Sink:
        """Return a sink on these topics."""
        return Sink(
            self.settings,
            self.url,
            clock=SystemClock(),
            topics=self.topics,
            dead_letters=self.dead_letters,
            pace=Pace(self.prefix + Topic.BACKFILL, backfill_rate),
            **options,
        )

    def drain(self, **options: Any) -> SinkTotals:
        """Run a sink until nothing waits."""
        return self.sink(**options).run(Flag(), until_idle=True)

    def letters(self) -> list[Any]:
        """Return all records of the dead letter topic."""
        return read_all(self.settings, self.dead_letters)

    def cut(self, begin: int) -> Place:
        """Drop the log before an offset, as its retention does, in the one partition of posts that holds records."""
        (place,) = [place for place, end in end_offsets(self.settings, [self.posts]).items() if end]
        admin = KafkaAdminClient(bootstrap_servers=str(self.settings.bootstrap_servers))
        admin.delete_records({TopicPartition(*place): begin})
        admin.close()
        return place

    def scalar(self, query: str) -> Any:
        """Ask the warehouse for one value."""
        return scalar(self.engine, query)


@pytest.fixture
def stream(kafka: str, warehouse_url: str, engine: Engine, topic: str) -> Stream:
    """Fresh topics of three partitions, and a fresh warehouse."""
    settings = KafkaSettings(bootstrap_servers=kafka, partitions=3, group=topic)
    ensure_topics(settings, log_days=7, prefix=f"{topic}.")
    return Stream(settings, f"{topic}.", warehouse_url, engine)


@pytest.fixture
def memory() -> Iterator[MemoryBroker]:
    """A cluster in memory that the house takes for Kafka, for the length of a test."""
    cluster = MemoryBroker()
    with cluster.in_place_of_kafka():
        yield cluster


def read_all(settings: KafkaSettings, topic: str) -> list[Any]:
    """Return all records that a topic holds now."""
    wanted = sum(end_offsets(settings, [topic]).values())
    consumer = Consumer(settings, [topic], group=f"{topic}.{uuid4()}", max_records=1000)
    found: list[Any] = []
    while len(found) < wanted:
        found += [record for records in consumer.poll(seconds=1).values() for record in records]
    consumer.close()
    return found


def scalar(engine: Engine, query: str) -> Any:
    """Return the one value that a query gives."""
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


@contextmanager
def own_home() -> Iterator[tuple[Path, Identity]]:
    """Give a home for servers that a test stops; whatever runs there ends with the block."""
    with tempfile.TemporaryDirectory(prefix="suara-away-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with guardian.guarded(home) as owner:
            yield home, owner

"""Readers on a broker in memory: whatever comes between, no kept record is passed over, in any interleaving."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kernel.errors import PartUnavailableError, TopicRecreatedError
from kernel.settings import KafkaSettings
from streams.backfill import LiveFirst, Pace
from streams.broker import Consumer, Place, Producer, create_topics, delete_topics, logs
from streams.load import Batch, Loader, Reach
from streams.metrics import Metrics
from streams.offsets import Position
from streams.progress import Progress
from streams.reader import CHECK_SECONDS, Reader
from tests.memory_broker.cluster import MemoryBroker

TOPICS = {"posts": 2, "erasure": 1, "history": 1}
PACE = Pace("history", rate=5)
PLACES = [Place(topic, number) for topic, count in TOPICS.items() for number in range(count)]
KEYS = [b"a", b"b", b"c"]
SINKS = 3
NOTHING = Batch({}, [], [])


def reader_on(cluster: MemoryBroker, stored: Any, *, batch: int = 3, pace: Pace = Pace()) -> Reader:  # noqa: B008 - a value
    progress = Progress(cluster.clock, stuck_seconds=120)
    return Reader(
        cluster.settings, TOPICS, clock=cluster.clock, batch=batch, stored=stored, metrics=Metrics(cluster.clock),
        progress=progress, pace=pace,
    )  # fmt: skip


def make(settings: KafkaSettings, *topics: str) -> None:
    create_topics(settings, {name: TOPICS[name] for name in topics}, configs={name: {} for name in topics})


class Warehouse(Loader):
    """Offsets in memory, moved by the loader's own rules, and the values of the records that were loaded with them."""

    def __init__(self, cluster: MemoryBroker) -> None:
        self._cluster = cluster
        self.stored: dict[Place, Position] = {}
        self.loaded: set[bytes | None] = set()

    def load(self, batch: Batch, *, accept_gaps: frozenset[Place] = frozenset()) -> Any:
        """Write what is news, and return the gaps. Raises as the loader does; then nothing was written."""
        before = dict(self.stored)
        try:
            starts, gaps = self._claim(batch.reaches, accept_gaps)
        except TopicRecreatedError:
            self.stored = before
            raise
        for place, start in starts.items():
            reach = batch.reaches[place]
            self._require_that_none_is_passed_over(place, start, reach)
            mine = [
                refusal.record
                for refusal in batch.refusals
                if (refusal.record.topic, refusal.record.partition) == place
            ]
            assert [record.offset for record in mine] == list(range(reach.start, reach.end))
            self.loaded |= {record.value for record in mine if record.offset >= start}
            self.stored[place] = Position(reach.end, reach.topic_id)
        return gaps

    def positions(self) -> dict[Place, Position]:
        return dict(self.stored)

    def copy(self) -> tuple[Any, ...]:
        return dict(self.stored), set(self.loaded)

    def set_back(self, copy: tuple[Any, ...]) -> None:
        self.stored, self.loaded = dict(copy[0]), set(copy[1])

    def _lock(self, reaches: Mapping[Place, Reach]) -> dict[Place, Position]:
        for place, reach in reaches.items():
            self.stored.setdefault(place, Position(0 if reach.follows else reach.start, reach.topic_id))
        return {place: self.stored[place] for place in reaches}

    def _require_that_none_is_passed_over(self, place: Place, start: int, reach: Reach) -> None:
        topic = self._cluster.topics.get(place.topic)
        if topic is not None and topic.topic_id == reach.topic_id:
            assert reach.start <= max(start, topic.logs[place.partition].begin), "a record that is kept was passed over"


class OneSink:
    """A sink's loop around its reader, cut into the steps between which anything may happen."""

    def __init__(self, cluster: MemoryBroker, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.reader = reader_on(cluster, warehouse.positions, pace=PACE)
        self.hears = True
        self._steps = self._loop()

    @property
    def consumers(self) -> list[Consumer]:
        assert isinstance(self.reader._consumer, LiveFirst)
        return self.reader._consumer.members

    def step(self) -> None:
        next(self._steps)

    def _loop(self) -> Generator[None]:
        """As `Sink._loop`: while a batch is loaded the next one is read ahead."""
        batch = NOTHING
        while True:
            passed_over = self.reader.accepted_gaps(batch)
            coming = self._read()
            yield
            gaps = self._warehouse.load(batch, accept_gaps=passed_over)
            yield
            while coming is None:
                coming = self._read()
                yield
            self.reader.done(batch, gaps)
            batch = coming.without(gaps)

    def _read(self) -> Batch | None:
        try:
            return self.reader.read()
        except PartUnavailableError:
            return None


class Readers(RuleBasedStateMachine):
    """Anything that may happen to a few sinks, in any order; at last all is calm, and everything kept is loaded."""

    @initialize()
    def begin(self) -> None:
        self.ending = ExitStack()
        self.cluster = MemoryBroker()
        self.ending.enter_context(self.cluster.in_place_of_kafka())
        make(self.cluster.settings, *TOPICS)
        self.warehouse = Warehouse(self.cluster)
        self.copies = [self.warehouse.copy()]
        self.sinks: list[OneSink] = []
        self.sent = 0
        for key in KEYS:
            self.produce("posts", key, 7)
        self.start()
        self.start()

    @rule(topic=st.sampled_from(sorted(TOPICS)), key=st.sampled_from(KEYS), count=st.integers(1, 7))
    def produce(self, topic: str, key: bytes, count: int) -> None:
        if self.cluster.is_away:
            return
        with Producer(self.cluster.settings) as producer:
            for _ in range(count):
                self.sent += 1
                producer.send(topic, key=key, value=b"%d" % self.sent)

    @precondition(lambda self: len(self.sinks) < SINKS and not self.cluster.is_away)
    @rule()
    def start(self) -> None:
        self.sinks.append(OneSink(self.cluster, self.warehouse))

    @precondition(lambda self: self.sinks)
    @rule(which=st.integers(0, SINKS - 1), count=st.integers(1, 9))
    def go_on(self, which: int, count: int) -> None:
        for _ in range(count):
            if self.sinks:
                self.step(self.sinks[which % len(self.sinks)])

    @rule(rounds=st.integers(3, 30))
    def all_go_on(self, rounds: int) -> None:
        for _ in range(rounds):
            for sink in list(self.sinks):
                self.step(sink)

    @rule(topic=st.sampled_from(sorted(TOPICS)), rounds=st.integers(3, 30))
    def produce_and_go_on(self, topic: str, rounds: int) -> None:
        for key in KEYS:
            self.produce(topic, key, 3)
        self.all_go_on(rounds)

    def step(self, sink: OneSink) -> None:
        try:
            sink.step()
        except TopicRecreatedError as error:  # the sink ends, and somebody decides
            self.end(sink)
            for place in list(self.warehouse.stored):
                if f"'{place.topic}'" in str(error.remedy):
                    del self.warehouse.stored[place]

    @precondition(lambda self: self.sinks)
    @rule(which=st.integers(0, SINKS - 1))
    def stop(self, which: int) -> None:
        self.end(self.sinks[which % len(self.sinks)])

    def end(self, sink: OneSink) -> None:
        sink.reader.close()
        self.sinks.remove(sink)

    @precondition(lambda self: self.sinks)
    @rule(which=st.integers(0, SINKS - 1))
    def kill(self, which: int) -> None:
        for consumer in self.sinks.pop(which % len(self.sinks)).consumers:
            self.cluster.cut_off(consumer)

    @precondition(lambda self: self.sinks)
    @rule(which=st.integers(0, SINKS - 1))
    def cut_off_or_reconnect(self, which: int) -> None:
        sink = self.sinks[which % len(self.sinks)]
        sink.hears = not sink.hears
        for consumer in sink.consumers:
            (self.cluster.reconnect if sink.hears else self.cluster.cut_off)(consumer)

    @rule(seconds=st.sampled_from([1.0, 7.0, CHECK_SECONDS, 400.0]))
    def wait(self, seconds: float) -> None:
        self.cluster.clock.advance(seconds)

    @rule()
    def copy_the_warehouse(self) -> None:
        self.copies.append(self.warehouse.copy())

    @rule(which=st.integers(0, 9))
    def set_the_warehouse_back(self, which: int) -> None:
        self.warehouse.set_back(self.copies[which % len(self.copies)])

    @rule(place=st.sampled_from(PLACES), share=st.sampled_from([0.3, 0.7, 1.0]))
    def drop(self, place: Place, share: float) -> None:
        log = self.cluster.log(place)
        assert log is not None
        self.cluster.drop(place, before=log.begin + int(len(log.records) * share))

    @precondition(lambda self: not self.cluster.is_away)
    @rule(topic=st.sampled_from(sorted(TOPICS)))
    def make_again(self, topic: str) -> None:
        delete_topics(self.cluster.settings, [topic])
        make(self.cluster.settings, topic)

    @rule()
    def go_away_or_come_back(self) -> None:
        self.cluster.is_away = not self.cluster.is_away

    @invariant()
    def all_offsets_exist(self) -> None:
        for place, at in self.warehouse.stored.items() if hasattr(self, "warehouse") else ():
            topic = self.cluster.topics[place.topic]
            assert topic.topic_id != at.topic_id or at.next_offset <= topic.logs[place.partition].end

    def teardown(self) -> None:
        if not hasattr(self, "cluster"):
            return
        with self.ending:
            self.cluster.is_away = False
            for sink in self.sinks:
                for consumer in sink.consumers:
                    self.cluster.reconnect(consumer)
            for _ in range(400):
                if not self.sinks:
                    self.start()
                for sink in list(self.sinks):
                    self.step(sink)
                if self.is_all_loaded():
                    break
            assert self.is_all_loaded(), "it never ends"
            kept = [record.value for place in PLACES for record in self.cluster.log(place).records]  # type: ignore[union-attr]
            assert set(kept) <= self.warehouse.loaded

    def is_all_loaded(self) -> bool:
        found = self.warehouse.stored
        return all(
            log.begin == log.end or (place in found and found[place][:2] == (log.end, log.topic_id))
            for place, log in logs(self.cluster.settings, TOPICS).items()
        )


def test_in_any_interleaving_every_kept_record_is_read_and_none_is_passed_over() -> None:
    checks = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Readers, settings=checks)


def test_a_broker_that_is_away_is_counted_and_read_on_from_when_it_is_back(memory: MemoryBroker) -> None:
    make(memory.settings, *TOPICS)
    reader = reader_on(memory, dict)
    reader.read()  # joins
    reader.read()  # takes up what it was given
    memory.is_away = True
    for times in (1, 2):
        assert reader.read() == NOTHING
        assert reader._consumer.poll_errors == times
    memory.is_away = False
    with Producer(memory.settings) as producer:
        producer.send("posts", key=b"a", value=b"1")
    assert [refusal.record.value for refusal in reader.read().refusals] == [b"1"]
    assert reader._consumer.poll_errors == 0


def test_while_too_few_nodes_hold_a_topic_its_records_are_not_acknowledged(memory: MemoryBroker) -> None:
    two = memory.settings.model_copy(update={"replication_factor": 2})
    create_topics(two, {"posts": 1}, configs={"posts": {"min.insync.replicas": "2"}})
    memory.topics["posts"].in_sync = 1
    with closing(Producer(two)) as producer:
        producer.send("posts", key=b"a", value=b"1")
        with pytest.raises(PartUnavailableError, match="record 1 for posts was not acknowledged"):
            producer.flush()
        memory.topics["posts"].in_sync = 2
        producer.send("posts", key=b"a", value=b"1")
        producer.flush()
    assert logs(two, ["posts"])[Place("posts", 0)].end == 1

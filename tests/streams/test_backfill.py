"""History beside live records: they go first, it keeps its pace, and all of both arrives once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

from kernel.clock import FixedClock
from streams.backfill import Budget, LiveFirst, Pace
from streams.broker import Place, Producer, create_topics
from streams.events import Event, encode
from streams.offsets import waiting
from streams.sink import SinkTotals
from streams.topics import Topic
from tests.memory_broker.cluster import NOON, MemoryBroker
from tests.streams.conftest import Stream
from tests.streams.test_load import post

LIVE, HISTORY = Place("live", 0), Place("history", 0)


def test_a_budget_fills_by_its_rate_and_holds_a_second_of_it() -> None:
    clock = FixedClock(NOON)
    budget = Budget(10, clock)
    budget.take(10)
    assert budget.left() == 0
    clock.advance(0.5)
    assert budget.left() == 5
    clock.advance(3600)
    assert budget.left() == 10


def test_a_budget_without_a_rate_has_no_end() -> None:
    budget = Budget(0, FixedClock(NOON))
    budget.take(1_000_000)
    assert budget.left() > 1_000_000


@contextmanager
def reading(memory: MemoryBroker, *, live: int, history: int, batch: int, rate: int = 0) -> Iterator[LiveFirst]:
    """Give consumers that have joined both groups, when so many records wait for them."""
    create_topics(memory.settings, {LIVE.topic: 1, HISTORY.topic: 1}, configs={LIVE.topic: {}, HISTORY.topic: {}})
    pace = Pace(HISTORY.topic, rate)
    topics = [LIVE.topic, HISTORY.topic]
    with closing(LiveFirst(memory.settings, topics, pace=pace, batch=batch, clock=memory.clock)) as consumer:
        while consumer.assignment() != {LIVE, HISTORY}:
            consumer.poll(seconds=0.5)
        memory.clock.advance(60)
        send(memory, LIVE, live)
        send(memory, HISTORY, history)
        yield consumer


def send(memory: MemoryBroker, place: Place, count: int) -> None:
    with Producer(memory.settings) as producer:
        for number in range(count):
            producer.send(place.topic, key=b"k", value=b"%d" % number)


def poll(consumer: LiveFirst) -> tuple[int, int]:
    """Return how many live records and how many of history one poll brings."""
    found = consumer.poll(seconds=0.5)
    return len(found.get(LIVE, [])), len(found.get(HISTORY, []))


def test_history_takes_no_place_of_live_records_but_a_twentieth_once_a_second(memory: MemoryBroker) -> None:
    with reading(memory, live=140, history=100, batch=40) as consumer:
        assert poll(consumer) == (38, 2)
        assert poll(consumer) == (40, 0)
        memory.clock.advance(1)
        assert poll(consumer) == (38, 2)
        assert poll(consumer) == (24, 16)
        assert poll(consumer) == (0, 40)
        assert poll(consumer) == (0, 40)
        assert poll(consumer) == (0, 0)


def test_live_records_that_are_known_to_wait_keep_their_place(
    memory: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(memory, live=60, history=100, batch=40) as consumer:
        fetch = consumer._live.poll  # one that brings less than it may, because of its bytes
        monkeypatch.setattr(consumer._live, "poll", lambda seconds, max_records: fetch(seconds=seconds, max_records=15))
        assert [poll(consumer) for _ in range(4)] == [(15, 2), (15, 0), (15, 10), (15, 25)]


def test_where_there_is_no_history_no_live_record_waits_for_it(memory: MemoryBroker) -> None:
    with reading(memory, live=0, history=0, batch=40) as consumer:
        poll(consumer)
        began = memory.clock.monotonic()
        for _ in range(10):
            send(memory, LIVE, 1)
            assert poll(consumer) == (1, 0)
        assert memory.clock.monotonic() == began


def test_history_goes_on_in_batches_of_one(memory: MemoryBroker) -> None:
    with reading(memory, live=3, history=1, batch=1) as consumer:
        assert [poll(consumer) for _ in range(4)] == [(0, 1), (1, 0), (1, 0), (1, 0)]


def test_history_keeps_its_rate_and_makes_up_for_no_pause(memory: MemoryBroker) -> None:
    with reading(memory, live=0, history=1000, batch=400, rate=10) as consumer:
        began, read = memory.clock.monotonic(), 0
        while memory.clock.monotonic() - began < 20:
            read += poll(consumer)[1]
        seconds = memory.clock.monotonic() - began
        assert 10 * (seconds - 1) <= read <= 10 * (seconds + 1)
        memory.clock.advance(60)
        assert poll(consumer) == (0, 10)


def test_without_a_rate_history_fills_whole_batches(memory: MemoryBroker) -> None:
    with reading(memory, live=0, history=1000, batch=400) as consumer:
        assert [poll(consumer) for _ in range(3)] == [(0, 400), (0, 400), (0, 200)]


def test_each_group_is_told_of_its_own_partitions(memory: MemoryBroker) -> None:
    with reading(memory, live=0, history=0, batch=1) as consumer:
        assert consumer.commit({LIVE: 1, HISTORY: 2})
        assert memory.group("sinks").committed == {LIVE: 1}
        assert memory.group("sinks-backfill").committed == {HISTORY: 2}


@pytest.fixture
def history(stream: Stream) -> list[Event]:
    """A history in Kafka: far more than a slow sink loads while the test runs."""
    sent: list[Event] = [post(1, post_id=f"old{number}", thread_id=f"t{number}") for number in range(3000)]
    with Producer(stream.settings) as producer:
        for event in sent:
            producer.send(stream.prefix + Topic.BACKFILL, key=event.partitionkey.encode(), value=encode(event))
    return sent


def test_live_records_land_amid_a_history_at_a_low_rate_and_all_arrive_once(
    stream: Stream, history: list[Event]
) -> None:
    totals: list[SinkTotals] = []
    stop = Flag()
    sink = stream.sink(backfill_rate=100)
    slow = Thread(target=lambda: totals.append(sink.run(stop)))
    slow.start()
    try:
        _until(slow, lambda: loaded(stream, Topic.BACKFILL) > 0)
        for number in range(3):
            stream.send(*[post(1, post_id=f"new{number}.{n}", thread_id=f"new{number}.{n}") for n in range(40)])
            _until(slow, lambda wanted=40 * (number + 1): loaded(stream, Topic.POSTS) == wanted)
        assert 0 < loaded(stream, Topic.BACKFILL) < len(history)
    finally:
        stop.set()
        slow.join()
    totals.append(stream.drain())
    assert sum(total.loaded for total in totals) == len(history) + 120
    assert sum(total.duplicates for total in totals) == 0
    assert (loaded(stream, Topic.BACKFILL), loaded(stream, Topic.POSTS)) == (len(history), 120)
    assert stream.scalar("select count(*) from core.post") == len(history) + 120
    assert waiting(stream.engine, stream.settings, topics=stream.topics) == 0
    assert stream.scalar("select count(distinct consumer_group) from raw.ingest_offset") == 1


def loaded(stream: Stream, topic: Topic) -> int:
    return int(stream.scalar(f"select count(*) from raw.event where topic = '{stream.prefix}{topic}'"))


def _until(sink: Thread, is_true: Any) -> None:
    while not is_true():
        assert sink.is_alive(), "the sink has ended"
        time.sleep(0.02)

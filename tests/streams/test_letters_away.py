"""While dead letters cannot be kept, nothing passes them: the sink waits or stops, and loses no record."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from threading import Event as Flag
from threading import Thread

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from kernel.errors import StreamError
from kernel.settings import KafkaSettings
from streams.broker import delete_topics
from streams.deadletters import DeadLetters, Refusal
from streams.events import Event
from streams.offsets import waiting
from streams.sink import SinkTotals
from streams.topics import ensure_topics
from tests.streams.conftest import Stream
from tests.streams.histories import town
from tests.streams.test_sink import _until, assert_warehouse_holds

GOOD = town(seed=21, changes=40)


def assert_not_passed(stream: Stream) -> None:
    """The bad record waits. Partitions without one may be in the warehouse by now, if they were polled first."""
    assert stream.scalar("select count(*) from raw.rejected_event") == 0
    assert waiting(stream.engine, stream.settings, topics=stream.topics) > 0


def assert_all_arrived(stream: Stream, history: list[Event], *, letters: int) -> None:
    assert_warehouse_holds(stream, history, records=len(history))
    assert stream.scalar("select count(*) from raw.rejected_event") == letters
    assert len(stream.letters()) == letters


def configure(stream: Stream, settings: Mapping[str, str]) -> None:
    """Change the topic of dead letters under the sink's feet."""
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=stream.settings.bootstrap_servers)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, stream.dead_letters, dict(settings))])


def test_a_missing_topic_stops_the_sink_and_nothing_is_lost(stream: Stream) -> None:
    delete_topics(stream.settings, [stream.dead_letters])
    stream.send(*GOOD, b"{")
    for _ in range(2):
        with pytest.raises(StreamError, match=r"has no topic .*\.dlq"):
            stream.drain()
    assert_not_passed(stream)
    ensure_topics(stream.settings, log_days=7, prefix=stream.prefix)
    assert stream.drain().rejected == 1
    assert_all_arrived(stream, GOOD, letters=1)


def test_a_topic_that_takes_no_letters_stops_the_sink_and_nothing_is_lost(stream: Stream) -> None:
    configure(stream, {"max.message.bytes": "100"})
    stream.send(*GOOD, b"{")
    with pytest.raises(StreamError, match=r"\.dlq was not acknowledged"):
        stream.drain()
    assert_not_passed(stream)
    configure(stream, {"max.message.bytes": "1000000"})
    assert stream.drain().rejected == 1
    assert_all_arrived(stream, GOOD, letters=1)


class Elsewhere(DeadLetters):
    """Dead letters whose brokers cannot be reached until they are back."""

    def __init__(self, settings: KafkaSettings, *, topic: str) -> None:
        super().__init__(settings, topic=topic)
        self.back = Flag()
        self.tries = 0
        self._nowhere = DeadLetters(KafkaSettings(bootstrap_servers="127.0.0.1:1"), topic=topic)

    def send(self, refusals: Sequence[Refusal]) -> None:
        self.tries += 1
        (super() if self.back.is_set() else self._nowhere).send(refusals)


# kafka-python leaves the sockets of refused connections to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_while_the_brokers_of_dead_letters_are_away_the_sink_waits(stream: Stream) -> None:
    stream.send(*GOOD, b"{")
    sink, stop = stream.sink(batch=1000), Flag()
    sink._letters = letters = Elsewhere(stream.settings, topic=stream.dead_letters)
    running = Thread(target=lambda: sink.run(stop), daemon=True)
    running.start()
    _until(lambda: letters.tries >= 3)
    assert_not_passed(stream)
    letters.back.set()
    _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
    stop.set()
    running.join()
    assert_all_arrived(stream, GOOD, letters=1)


@pytest.mark.failure
def test_a_topic_that_goes_away_under_a_running_sink_stops_it(stream: Stream) -> None:
    """It takes a minute: the client keeps trying, for a leader that is only slow comes back."""
    stream.send(b"{")
    failures: list[Exception] = []

    def run() -> None:
        try:
            stream.sink().run(Flag())
        except StreamError as error:
            failures.append(error)

    running = Thread(target=run, daemon=True)
    running.start()
    _until(lambda: stream.scalar("select count(*) from raw.rejected_event") == 1)
    delete_topics(stream.settings, [stream.dead_letters])
    stream.send(b"[]")
    running.join(150)
    assert "has no topic" in str(failures[0])
    assert stream.scalar("select count(*) from raw.rejected_event") == 1
    assert waiting(stream.engine, stream.settings, topics=stream.topics) == 1
    ensure_topics(stream.settings, log_days=7, prefix=stream.prefix)
    assert stream.drain() == SinkTotals(rejected=1)

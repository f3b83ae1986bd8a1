"""While dead letters cannot be kept, nothing passes them: the sink waits or stops, and loses no record."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError
from sqlalchemy import Engine

from kernel.errors import StreamError
from kernel.settings import KafkaSettings, read_settings
from streams.broker import create_topics, delete_topics
from streams.deadletters import DeadLetters, Refusal
from streams.events import Event
from streams.offsets import waiting
from streams.sink import SinkTotals
from streams.topics import ensure_topics
from suara.local import jars, ports
from suara.local import kafka as broker
from tests.fixtures.servers import say
from tests.streams.conftest import Stream, own_home
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


@contextlib.contextmanager
def second_broker(home: Path) -> Iterator[None]:
    """Run another node of the cluster whose first one lives in `home`; it is killed at the end."""
    folder = home / "second"
    ours = (home / "kafka" / "server.properties").read_text()
    port = ports.choose(home, "second")
    changes = {
        "process.roles": "broker",
        "node.id": "2",
        "listeners": f"BROKER://{ports.HOST}:{port}",
        "advertised.listeners": f"BROKER://{ports.HOST}:{port}",
        "log.dirs": str(folder),
    }
    kept = [line for line in ours.splitlines() if line.partition("=")[0] not in changes]
    properties = home / "second.properties"
    properties.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in changes.items())]))
    local = read_settings({"SUARA_HOME": str(home)}).local
    java = broker._java(jars.class_path(repository=local.maven_repository, say=say), heap_mb=local.kafka_heap_mb)
    if not folder.exists():
        cluster = (home / "kafka" / "formatted").read_text().strip()
        formatting = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties)]
        subprocess.run([*java, *formatting], check=True, capture_output=True)
    with (home / "second.log").open("a") as lines:
        child = subprocess.Popen([*java, "kafka.Kafka", str(properties)], stdout=lines, stderr=lines)
    try:
        _until(lambda: broker.answers(port))
        yield
    finally:
        child.kill()
        child.wait()


def in_sync(stream: Stream) -> int:
    """Return how many nodes hold all of the topic of dead letters; 0 while that cannot be told."""
    try:
        with contextlib.closing(KafkaAdminClient(bootstrap_servers=stream.settings.bootstrap_servers)) as admin:
            (found,) = admin.describe_topics([stream.dead_letters])
    except KafkaError:  # it may have asked the node that was just killed
        return 0
    return len(found["partitions"][0]["isr_nodes"]) if found["partitions"] else 0


@pytest.mark.failure
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_while_too_few_nodes_hold_the_letters_the_sink_waits(warehouse_url: str, engine: Engine, topic: str) -> None:
    with own_home() as (home, owner):
        record = broker.start(home, read_settings({"SUARA_HOME": str(home)}).local, owner=owner, say=say, login=False)
        settings = KafkaSettings(bootstrap_servers=broker.wait(home, record), partitions=3, group=topic)
        ensure_topics(settings, log_days=7)
        stream = Stream(settings, "", warehouse_url, engine)
        stream.send(*GOOD)
        stream.drain()  # everything but the dead letters belongs to the first node alone
        delete_topics(settings, [stream.dead_letters])
        with second_broker(home):
            two = settings.model_copy(update={"replication_factor": 2})
            wanted = {"min.insync.replicas": "2"}
            _until(lambda: create_topics(two, {stream.dead_letters: 1}, configs={stream.dead_letters: wanted}) == [])
            _until(lambda: in_sync(stream) == 2)
        _until(lambda: in_sync(stream) == 1)
        stream.send(b"{")
        stop = Flag()
        running = Thread(target=lambda: stream.sink().run(stop), daemon=True)
        running.start()
        time.sleep(5)  # long enough to try several times
        assert_not_passed(stream)
        with second_broker(home):
            _until(lambda: waiting(engine, settings, topics=stream.topics) == 0)
            stop.set()
            running.join()
            assert_all_arrived(stream, GOOD, letters=1)
    gc.collect()


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

"""The broker stops, crashes, loses the end of its log, gets more partitions, or has another topic of the same name."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from kafka import KafkaAdminClient

from kernel.errors import SuaraError
from kernel.settings import KafkaSettings
from streams.broker import delete_topics
from streams.topics import ensure_topics
from tests.streams.conftest import Stream
from tests.streams.failures.conftest import Scene
from tests.streams.failures.judge import until
from tests.streams.failures.servers import Server, own, stream_on
from tests.streams.histories import town

# kafka-python leaves the sockets of refused connections to the garbage collector.
pytestmark = [pytest.mark.failure, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]

brief = pytest.mark.brief


@pytest.fixture
def broker() -> Iterator[Server]:
    with own("kafka") as server:
        yield server


@pytest.fixture
def away(broker: Server, warehouse_url: str, topic: str, set_scene: Callable[[Stream], Scene]) -> Scene:
    """A scene whose broker is its own."""
    settings = KafkaSettings(bootstrap_servers=broker.address, partitions=3, group=topic)
    return set_scene(stream_on(settings, warehouse_url, prefix=""))


@pytest.mark.parametrize(
    ("how", "times"),
    [
        pytest.param(None, 3, id="in-order"),
        pytest.param(signal.SIGKILL, 1, id="kill-9-once", marks=brief),
        pytest.param(signal.SIGKILL, 3, id="kill-9"),
    ],
)
def test_stopped_or_killed_and_started_again(
    away: Scene, broker: Server, how: signal.Signals | None, times: int
) -> None:
    worker = away.begin()
    for _ in range(times):
        time.sleep(away.chance.random() * 2)
        if how is None:
            broker.stop()
        else:
            broker.crash(how)
        time.sleep(2)
        assert worker.alive, worker.said[-2000:]
        broker.start()
        worker.works(more=100)
    away.stand_trial(f"the broker was ended {times} times by {how.name if how else 'its orderly stop'}")


def test_a_log_that_lost_its_end_is_refused_with_the_remedy(away: Scene, broker: Server) -> None:
    worker = away.begin()
    away.traffic.stop()
    until(lambda: _held(away.stream) == away.traffic.records, but=lambda: worker.said)
    broker.stop()
    copy = broker.keep_copy()
    broker.start()
    away.stream.send(*[b"no event"] * 200)
    before = away.traffic.records + 200
    until(lambda: _held(away.stream) == before, but=lambda: worker.said)
    broker.stop()
    broker.put_back(copy)
    broker.start()
    until(lambda: not worker.alive, but=lambda: "a sink goes on with a log that lost its end")
    assert "went back" in worker.said
    assert "suara psql -c" in worker.said
    assert _held(away.stream) == before
    away.story = "the broker came back with an older log: the sink ended, said why and how, and wrote nothing"


def test_partitions_that_are_added_are_read_from_their_start(scene: Scene) -> None:
    scene.begin()
    with closing(KafkaAdminClient(bootstrap_servers=scene.stream.settings.bootstrap_servers)) as admin:
        admin.create_partitions({scene.stream.posts: 6})
    scene.stream.send(*town(seed=scene.seed, changes=300, instance="suburb"))  # by a producer that knows of them
    scene.stand_trial("partitions were raised from 3 to 6")
    used = scene.stream.scalar(
        "select count(*) from raw.ingest_offset where topic like '%community.posts.v1' and kafka_partition > 2"
    )
    assert used == 3


@pytest.mark.brief
def test_a_topic_made_again_stops_the_sink_before_it_writes(scene: Scene) -> None:
    worker = scene.begin()
    scene.traffic.stop()
    until(lambda: _held(scene.stream) == scene.traffic.records, but=lambda: worker.said)
    before = _held(scene.stream)
    delete_topics(scene.stream.settings, [scene.stream.posts])
    until(lambda: _made_again(scene.stream), but=lambda: "the topic is not made again")
    other = town(seed=3, changes=3 * before)
    scene.stream.send(*other)  # longer than the old one was
    until(lambda: not worker.alive, but=lambda: "a sink reads another log")
    assert "made again" in worker.said
    remedy = worker.said.split('psql -c "')[1].split('"')[0]
    assert _held(scene.stream) == before
    again = scene.crew.start()
    until(lambda: not again.alive, but=lambda: "a sink begins with another log")
    assert _held(scene.stream) == before
    with psycopg.connect(scene.stream.url) as server:
        server.execute(remedy)
    scene.crew.start().works(more=len(other))
    scene.story = f"a topic of {before} records was made again: refused twice, read after the remedy"


def _held(stream: Stream) -> int:
    """Return how many records the warehouse holds."""
    return int(stream.scalar("select (select count(*) from raw.event) + (select count(*) from raw.rejected_event)"))


def _made_again(stream: Stream) -> bool:
    try:
        return ensure_topics(stream.settings, log_days=7, prefix=stream.prefix) == [stream.posts]
    except SuaraError:
        return False

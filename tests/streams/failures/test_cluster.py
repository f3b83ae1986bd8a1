"""A cluster of three brokers: restarted one by one, short of one, and short of two."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pytest

from kernel.errors import PartUnavailableError
from kernel.settings import KafkaSettings
from tests.streams.conftest import Stream
from tests.streams.failures.conftest import Scene
from tests.streams.failures.judge import until
from tests.streams.failures.nodes import Node, addresses, nodes
from tests.streams.failures.servers import stream_on

pytestmark = [pytest.mark.failure, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[Node]]:
    """Three brokers; a test leaves all of them running."""
    with nodes(3) as started:
        yield started


@pytest.fixture
def spread(cluster: list[Node], warehouse_url: str, topic: str, set_scene: Callable[[Stream], Scene]) -> Scene:
    """A scene whose topics have three copies, of which two must have a record before it is acknowledged."""
    settings = KafkaSettings(bootstrap_servers=addresses(cluster), partitions=3, replication_factor=3, group=topic)
    return set_scene(stream_on(settings, warehouse_url, prefix=f"{topic}."))


def test_restarted_one_by_one(spread: Scene, cluster: list[Node]) -> None:
    worker = spread.begin()
    for node in cluster:
        node.end(signal.SIGTERM)
        worker.works(more=200)
        node.start()
        node.wait()
        time.sleep(6)  # to catch up, as one waits before the next
    spread.stand_trial("three brokers were restarted one by one")


def test_one_is_lost(spread: Scene, cluster: list[Node]) -> None:
    worker = spread.begin()
    lost = spread.chance.choice(cluster)
    lost.end(signal.SIGKILL)
    worker.works(more=1000)
    lost.start()
    lost.wait()
    spread.stand_trial("one broker of three was killed and came back later")


def test_too_few_copies_are_an_error_and_never_a_silent_loss(spread: Scene, cluster: list[Node]) -> None:
    worker = spread.begin()
    worker.works(more=200)
    for node in cluster[1:]:
        node.end(signal.SIGKILL)
    acknowledged = spread.traffic.records
    with pytest.raises(PartUnavailableError):
        spread.stream.send(*[b"not safe"] * 5)
    assert spread.traffic.records - acknowledged <= 64  # what was on its way when the others ended
    assert worker.alive, worker.said[-2000:]
    for node in cluster[1:]:
        node.start()
    for node in cluster[1:]:
        node.wait()
    more = spread.traffic.records
    until(lambda: spread.traffic.records > more + 300, but=lambda: "the producer does not go on")
    worker.works(more=200)
    spread.stand_trial("two brokers of three were killed: the producer got an error, and all went on after")

"""PostgreSQL stops, crashes, comes back, is slow, is locked, or is an older one than before."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from kernel.settings import KafkaSettings
from tests.streams.conftest import Stream
from tests.streams.failures.conftest import Scene
from tests.streams.failures.judge import until, until_loaded
from tests.streams.failures.servers import Server, own, stream_on

pytestmark = pytest.mark.failure

brief = pytest.mark.brief


@pytest.fixture
def database() -> Iterator[Server]:
    with own("postgres") as server:
        yield server


@pytest.fixture
def away(kafka: str, topic: str, database: Server, set_scene: Callable[[Stream], Scene]) -> Scene:
    """A scene whose PostgreSQL is its own."""
    settings = KafkaSettings(bootstrap_servers=kafka, partitions=3, group=topic)
    return set_scene(stream_on(settings, database.address, prefix=f"{topic}."))


@pytest.mark.parametrize(
    ("how", "times"),
    [
        pytest.param(None, 3, id="fast"),
        pytest.param(signal.SIGQUIT, 3, id="immediate"),
        pytest.param(signal.SIGKILL, 1, id="kill-9-once", marks=brief),
        pytest.param(signal.SIGKILL, 4, id="kill-9"),
    ],
)
def test_stopped_or_crashed_and_started_again(
    away: Scene, database: Server, how: signal.Signals | None, times: int
) -> None:
    worker = away.begin()
    for _ in range(times):
        time.sleep(away.chance.random() * 2)
        if how is None:
            database.stop()
        else:
            database.crash(how)
        worker.waits()
        database.start()
        worker.works()
    away.stand_trial(f"PostgreSQL was ended {times} times by {how.name if how else 'its fast stop'}")


def test_away_for_longer_than_kafka_lets_a_sink_be_silent(away: Scene, database: Server) -> None:
    worker = away.begin(SILENCE=8)
    database.stop()
    time.sleep(20)
    database.start()
    worker.works()
    away.stand_trial("PostgreSQL was away for 20 s, and a sink may be silent for 8 s")


def test_an_older_copy_of_the_warehouse_is_filled_again(away: Scene, database: Server) -> None:
    worker = away.begin()
    database.stop()
    copy = database.keep_copy()
    database.start()
    worker.works(more=500)
    away.traffic.stop()  # from here on all is quiet, and still the gap is seen
    until_loaded(away.stream)
    before = away.stream.scalar("select count(*) from raw.event")
    database.stop()
    database.put_back(copy)
    database.start()
    older = away.stream.scalar("select count(*) from raw.event")
    assert older < before
    away.stand_trial(f"the warehouse went back from {before} to {older} events")


@pytest.mark.parametrize("quiet", [False, True])
def test_a_copy_from_before_the_first_record_is_filled_from_the_start(
    away: Scene, database: Server, quiet: bool
) -> None:
    database.stop()
    copy = database.keep_copy()
    database.start()
    worker = away.begin()
    worker.works(more=500)
    if quiet:
        away.traffic.stop()
        until_loaded(away.stream)
    database.stop()
    database.put_back(copy)
    database.start()
    worker.works(more=200)
    away.stand_trial("the warehouse went back to an empty one" + " while all was quiet" * quiet)


@pytest.mark.parametrize(
    "setting", ["statement_timeout = '3ms'", "lock_timeout = '1ms'", "default_transaction_read_only = on",
                "transaction_timeout = '5ms'", "idle_in_transaction_session_timeout = '1ms'"],
    ids=lambda setting: setting.split()[0],
)  # fmt: skip
def test_a_setting_that_lets_nothing_through_for_a_while(scene: Scene, setting: str) -> None:
    worker = scene.begin()
    name, _, value = setting.partition(" = ")
    with psycopg.connect(scene.stream.url, autocommit=True) as server:
        _set_for_all(server, f"set {name} = {value}")
        time.sleep(5)
        _set_for_all(server, f"reset {name}")
    worker.works()
    scene.stand_trial(f"{setting} for 5 s; the sink waited {worker.said.count('a part is away')} times")


def _set_for_all(server: psycopg.Connection[tuple[object, ...]], change: str) -> None:
    """Change a setting of the database, and make everybody connect again."""
    name = server.info.dbname
    server.execute("set default_transaction_read_only = off")
    server.execute(f'alter database "{name}" {change}')
    server.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()", [name]
    )


@pytest.mark.parametrize("table", ["raw.ingest_offset", "core.post"])
def test_somebody_holds_a_lock_for_longer_than_anybody_waits(scene: Scene, table: str) -> None:
    worker = scene.begin()
    with psycopg.connect(scene.stream.url) as server:
        server.execute(f"lock table {table} in exclusive mode")
        before = worker.records
        worker.waits()
        time.sleep(5)
        assert worker.records - before <= 80  # the batch in flight, and the one before it
    worker.works()
    until(lambda: worker.alive, but=lambda: "the sink ended")
    scene.stand_trial(f"{table} was locked for {25} s")

"""The sink against real Kafka and PostgreSQL: nothing lost, nothing doubled, whatever happens on the way."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import psycopg
import pytest
from kafka import KafkaAdminClient, TopicPartition
from sqlalchemy import text

from kernel.errors import PartUnavailableError, StreamError, TopicRecreatedError, WarehouseError
from kernel.settings import KafkaSettings
from streams.broker import delete_topics
from streams.offsets import waiting
from streams.sink import SinkTotals
from streams.topics import ensure_topics
from tests.streams.conftest import Stream, end_offsets
from tests.streams.histories import shuffled, town
from tests.streams.poison import VALUE
from tests.streams.reducer import read_core, reduce
from tests.streams.test_load import post, unindexable
from warehouse.engine import connect

ROOT = Path(__file__).parents[2]


def assert_warehouse_holds(stream: Stream, history: list[Any], *, records: int) -> None:
    """Compare the warehouse with the oracle, and the archive with what was sent."""
    with stream.engine.connect() as connection:
        expected, found = reduce(history), read_core(connection, "town")
    for table, content in expected.items():
        assert found[table] == content, table
    assert stream.scalar("select count(*) from raw.event") == records
    assert waiting(stream.engine, stream.settings, topics=stream.topics) == 0


def test_a_history_arrives_whole(stream: Stream) -> None:
    history = town(seed=1, changes=800)
    sent = shuffled(history, seed=1)
    stream.send(*sent)
    assert waiting(stream.engine, stream.settings, topics=stream.topics) == len(sent)
    assert stream.drain(batch=97) == SinkTotals(loaded=len(sent))
    assert_warehouse_holds(stream, history, records=len(sent))
    assert stream.drain() == SinkTotals()


def test_the_archive_has_a_partition_of_the_month_that_events_arrive_in(stream: Stream) -> None:
    stream.send(*town(seed=4, changes=5))
    stream.drain()
    assert stream.scalar("select count(*) from raw.event_default") == 0


def test_a_dead_letter_says_where_it_came_from_and_stands_in_the_warehouse(stream: Stream) -> None:
    stream.send(VALUE[:-3])
    stream.drain()
    (letter,) = stream.letters()
    headers = {name: value.decode() for name, value in letter.headers if name != "from"}
    assert headers["__connect.errors.topic"] == stream.posts
    assert (headers["__connect.errors.stage"], headers["x-suara-attempt"]) == ("decode", "1")
    with stream.engine.connect() as connection:
        row = connection.execute(text("select * from raw.rejected_event")).mappings().one()
    assert (row["stage"], row["reason"], row["status"], row["attempts"]) == ("decode", "truncated", "open", 1)
    assert (bytes(row["payload"]), bytes(row["record_key"]), row["headers"]) == (VALUE[:-3], b"poison", headers)


def test_what_only_postgresql_refuses_becomes_a_dead_letter_and_the_rest_is_loaded(stream: Stream) -> None:
    good = [post(1, post_id=f"p{number}", thread_id=f"t{number}") for number in range(60)]
    stream.send(*good[:20], unindexable(1), *good[20:], unindexable(2))
    assert stream.drain() == SinkTotals(loaded=60, rejected=2)
    headers = [json.dumps({name: value.decode() for name, value in letter.headers}) for letter in stream.letters()]
    assert all('"load"' in line and "program_limit_exceeded" in line and "54000" in line for line in headers)
    assert not any("words" in line or "wide" in line for line in headers)
    assert stream.scalar("select count(*) from core.post") == 60


@pytest.fixture
def process(stream: Stream) -> Iterator[Any]:
    """Start sinks in processes of their own; none outlives the test."""
    started: list[subprocess.Popen[str]] = []
    environment = {"BROKER": str(stream.settings.bootstrap_servers), "WAREHOUSE": stream.url}

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.streams.run_sink", stream.prefix, stream.settings.group]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()  # type: ignore[union-attr]


def test_sigterm_ends_it_between_two_batches(stream: Stream, process: Any) -> None:
    history = town(seed=4, changes=1500)
    stream.send(*history)
    child = process()
    for line in child.stdout:
        if int(line) > 0:
            child.send_signal(signal.SIGTERM)
            break
    rest, _ = child.communicate()
    assert child.returncode == 0
    told = int((line + rest).split()[-1])
    assert stream.scalar("select count(*) from raw.event") == told
    assert stream.scalar("select sum(next_offset) from raw.ingest_offset") == told


def test_two_sinks_share_the_work(stream: Stream) -> None:
    history = town(seed=5, changes=1200)
    totals: list[SinkTotals] = []
    stream.send(*history)
    pair = [Thread(target=lambda: totals.append(stream.drain(batch=50))) for _ in range(2)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert sum(total.loaded for total in totals) == len(history)
    assert_warehouse_holds(stream, history, records=len(history))


def test_it_can_be_stopped_while_postgresql_is_away(stream: Stream, postgres_url: str) -> None:
    history = town(seed=10, changes=200)
    stream.send(*history[:100])
    running, stop = _in_background(stream)
    _until(lambda: stream.scalar("select count(*) from raw.event") == 100)
    name = stream.url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'alter database "{name}" allow_connections false')
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        stream.send(*history[100:])
        time.sleep(1)  # long enough to meet it away
        stop.set()
        running.join()
        server.execute(f'alter database "{name}" allow_connections true')
    stream.engine.dispose()
    assert stream.drain() == SinkTotals(loaded=len(history) - 100)
    assert_warehouse_holds(stream, history, records=len(history))


def test_a_warehouse_that_went_back_in_time_is_filled_again(stream: Stream) -> None:
    history = town(seed=7, changes=300)
    stream.send(*history[:-60])
    running, stop = _in_background(stream)
    _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
    as_owner(stream, "delete from raw.event where kafka_offset >= 20")
    as_owner(stream, "update raw.ingest_offset set next_offset = least(next_offset, 20)")
    stream.send(*history[-60:])
    _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
    stop.set()
    running.join()
    assert_warehouse_holds(stream, history, records=len(history))


def test_a_topic_that_was_made_again_is_refused_until_somebody_decides(stream: Stream) -> None:
    stream.send(*town(seed=8, changes=20))
    loaded = stream.drain().loaded
    delete_topics(stream.settings, [stream.posts])
    _until(lambda: ensure_topics(stream.settings, log_days=7, prefix=stream.prefix) == [stream.posts])
    stream.send(post(1))
    with pytest.raises(TopicRecreatedError, match="made again") as caught:
        stream.drain()
    assert stream.scalar("select count(*) from raw.event") == loaded
    remedy = str(caught.value.remedy).split('"')[1]
    as_owner(stream, remedy)
    assert stream.drain() == SinkTotals(loaded=1)


def test_records_that_the_log_has_dropped_are_looked_for_once_and_passed_over(stream: Stream) -> None:
    stream.send(*town(seed=12, changes=100))
    stream.drain()
    as_owner(stream, "update raw.ingest_offset set next_offset = next_offset - 5")
    ends = end_offsets(stream.settings, [stream.posts])
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=stream.settings.bootstrap_servers)) as admin:
        admin.delete_records({TopicPartition(*place): end for place, end in ends.items()})
    news = town(seed=13, changes=50, instance="suburb")
    stream.send(*news)
    assert stream.drain() == SinkTotals(loaded=len(news))


def test_what_cannot_work_is_said_at_the_start(stream: Stream, empty_url: str) -> None:
    for change, kind, words in (
        ({"url": empty_url}, WarehouseError, "not ready|is empty"),
        ({"prefix": "nowhere."}, StreamError, r"has no topic nowhere\."),
        ({"settings": KafkaSettings(bootstrap_servers="127.0.0.1:1")}, PartUnavailableError, "127.0.0.1:1"),
    ):
        broken = Stream(**{**vars(stream), **change})
        with pytest.raises(kind, match=words):
            broken.drain()


def as_owner(stream: Stream, statement: str) -> None:
    """Change the warehouse under the sink's feet, as a restored backup or a person would."""
    engine = connect(stream.url, role="owner")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _in_background(stream: Stream) -> tuple[Thread, Flag]:
    stop = Flag()
    running = Thread(target=lambda: stream.sink().run(stop), daemon=True)
    running.start()
    return running, stop


def _until(true: Any) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "waited for a minute"
        time.sleep(0.1)

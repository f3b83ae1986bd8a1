"""A running sink as its operator sees it: metrics, health, logs and lag, against real Kafka and PostgreSQL."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from threading import Event as Flag
from threading import Thread
from typing import Any, NamedTuple

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from kernel import log
from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError
from kernel.settings import KafkaSettings, read_settings
from streams.broker import Producer
from streams.decode import FREE_TEXT
from streams.events import (
    Author,
    Decision,
    Event,
    Maker,
    MemberErased,
    MemberState,
    PostCreated,
    PostState,
    Reaction,
    ReactionAdded,
    ThreadState,
    encode,
)
from streams.health import served
from streams.offsets import waiting
from streams.sink import Sink, SinkTotals
from streams.topics import Topic, ensure_topics
from suara.local import kafka as broker
from tests.fixtures.servers import say
from tests.streams.conftest import NOW, Stream, end_offsets, own_home
from tests.streams.histories import town
from tests.streams.poison import REFUSED, SECRET, VALUE
from tests.streams.test_load import post, unindexable
from tests.streams.test_sink import _until, as_owner

LABELS = {"topic", "partition", "outcome", "stage", "reason", "change", "part", "le", "version"}


class Answer(NamedTuple):
    status: int
    text: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.text))


class Watched(NamedTuple):
    """A sink that runs in the background, and the address of its pages."""

    sink: Sink
    address: str
    written: StringIO

    def get(self, page: str) -> Answer:
        try:
            with urllib.request.urlopen(f"http://{self.address}/{page}", timeout=60) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode())

    def health(self) -> tuple[int, str, str | None]:
        answer = self.get("health")
        return answer.status, answer.json["status"], answer.json["stage"]

    def value(self, name: str, **labels: Any) -> float:
        found = samples(self.get("metrics").text)
        return found[name, tuple(sorted((key, str(value)) for key, value in labels.items()))]


def samples(page: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


@contextmanager
def running(stream: Stream, *, stuck_seconds: float = 60, level: str = "WARNING", **options: Any) -> Iterator[Watched]:
    """Run a sink in the background, with its pages on a free port and its log in memory."""
    written, stop = StringIO(), Flag()
    log.configure(json=True, level=level, stream=written)
    sink = stream.sink(stuck_seconds=stuck_seconds, **options)
    thread = Thread(target=lambda: sink.run(stop), daemon=True)
    try:
        with served(sink.metrics, sink.stages, SystemClock(), port=0) as address:
            thread.start()
            yield Watched(sink, address, written)
            stop.set()
            thread.join()
    finally:
        stop.set()
        log.configure()


def test_the_metrics_tell_what_became_of_every_record(stream: Stream) -> None:
    history = town(seed=1, changes=300)
    stream.send(*history, b"not an event", None, unindexable(1), *history[:7])
    sink = stream.sink(batch=100)
    totals = sink.run(Flag(), until_idle=True)
    found = samples(sink.metrics.page("")[0].decode())
    count = len(history) + 7
    assert totals == SinkTotals(loaded=count, rejected=3)
    outcomes = {dict(labels)["outcome"]: value for (name, labels), value in found.items() if "_sink_records_" in name}
    assert outcomes == {"loaded": count, "rejected": 3, "duplicate": 0, "forgotten": 0}
    assert found["suara_sink_read_records_total", (("topic", stream.posts),)] == count + 3
    rejected = {labels: value for (name, labels), value in found.items() if name == "suara_sink_rejected_records_total"}
    assert rejected == {
        (("reason", "malformed_json"), ("stage", "decode")): 1,
        (("reason", "null_value"), ("stage", "decode")): 1,
        (("reason", "program_limit_exceeded"), ("stage", "load")): 1,
    }
    assert found["suara_sink_batch_records_sum", ()] == count + 3
    assert found["suara_sink_batch_records_count", ()] > 2
    timed = {dict(labels)["stage"]: value for (n, labels), value in found.items() if n.endswith("_stage_seconds_count")}
    assert timed.keys() == {"read", "decode", "dead_letters", "load"}
    assert all(timed.values())
    assert found["suara_sink_rebalances_total", (("change", "assigned"),)] >= 1
    assert found["suara_sink_last_record_timestamp_seconds", ()] > NOW.timestamp()
    assert found["suara_sink_freshness_seconds", ()] == found["suara_sink_stuck", ()] == 0
    assert found["process_resident_memory_bytes", ()] > 0


def test_no_label_can_be_made_larger_by_what_records_hold(stream: Stream) -> None:
    stream.send(*town(seed=2, changes=50), *[kind.value for kind in REFUSED if len(kind.value or b"") < 2**20])
    sink = stream.sink()
    sink.run(Flag(), until_idle=True)
    for family in text_string_to_metric_families(sink.metrics.page("")[0].decode()):
        if family.name.startswith("suara_"):
            assert family.documentation
            assert all(sample.labels.keys() <= LABELS for sample in family.samples), family.name
            reasons = {sample.labels["reason"] for sample in family.samples if "reason" in sample.labels}
            assert len(reasons) < 30
            assert all(re.fullmatch("[a-z0-9_]{1,40}", reason) for reason in reasons)


def test_the_lag_is_that_of_the_broker(stream: Stream) -> None:
    history = town(seed=3, changes=400)
    stream.send(*history[:300])
    with running(stream, batch=50) as watched:
        _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
        assert_lag_is_right(stream, watched)
        with locked(stream, "core.post"):
            stream.send(*history[300:])
            _until(lambda: watched.value("suara_sink_in_stage", stage="load") == 1)
            _until(lambda: watched.value("suara_sink_freshness_seconds") > 0)
            assert sum(lags(watched).values()) > 0
        _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
        assert_lag_is_right(stream, watched)
        _until(lambda: watched.value("suara_sink_freshness_seconds") == 0)


def assert_lag_is_right(stream: Stream, watched: Watched) -> None:
    """Compare the view, and the metric of those partitions that ever held records, with the broker."""
    ends = {place: end for place, end in end_offsets(stream.settings, [stream.posts]).items() if end}
    view = """
        select kafka_partition, next_offset, high_watermark, records_behind, last_record_ts is not null
        from ops.ingest_lag order by 1
    """
    with psycopg.connect(stream.url) as connection:
        rows = connection.execute(view).fetchall()
    assert rows == [(place.partition, end, end, 0, True) for place, end in sorted(ends.items())]
    _until(lambda: lags(watched) == {place.partition: 0 for place in ends})
    _until(lambda: watched.value("suara_sink_partitions") == 7)  # those of history come a moment later


def test_the_view_tells_a_quiet_partition_from_one_that_no_sink_looks_after(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.sink.SIGN_SECONDS", 0.2)
    stream.send(*town(seed=7, changes=60))
    stream.drain()
    signed = "select min(updated_at)::text from ops.ingest_lag"
    before = stream.scalar(signed)
    with running(stream):
        _until(lambda: stream.scalar(signed) > before)
    assert stream.scalar("select sum(records_behind) from ops.ingest_lag") == 0
    after = stream.scalar(signed)
    stream.send(*town(seed=8, changes=60))
    assert stream.scalar(signed) == after


def lags(watched: Watched) -> dict[int, float]:
    """Return the lag by partition, as the metric tells it."""
    found = samples(watched.get("metrics").text)
    return {
        int(dict(labels)["partition"]): n for (name, labels), n in found.items() if name == "suara_sink_lag_records"
    }


@contextmanager
def locked(stream: Stream, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold a lock that nobody can pass, as a forgotten psql would, until the connection rolls back."""
    with psycopg.connect(stream.url) as connection:
        connection.execute(f"lock table {table} in access exclusive mode")
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    ("table", "stage"), [("core.post", "load"), ("raw.ingest_offset", "read"), ("ops.alembic_version", "start")]
)
def test_a_sink_that_hangs_says_where_and_recovers(stream: Stream, table: str, stage: str) -> None:
    history = town(seed=4, changes=30)
    stream.send(*history)
    with locked(stream, table) as holder, running(stream, stuck_seconds=1) as watched:
        _until(lambda: watched.health() == (503, "stuck", stage))
        assert watched.get("health").json["seconds"] >= 1
        assert watched.value("suara_sink_stuck") == watched.value("suara_sink_in_stage", stage=stage) == 1
        assert watched.value("suara_sink_stage_quiet_seconds", stage=stage) >= 1
        _until(lambda: "the sink hangs" in watched.written.getvalue())
        holder.rollback()
        _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
        _until(lambda: watched.health()[:2] == (200, "ok"))
        _until(lambda: "the sink goes on" in watched.written.getvalue())
        lines = [json.loads(line) for line in watched.written.getvalue().splitlines()]
        assert [line["stage"] for line in lines if line["event"] == "the sink hangs"].count(stage) == 1
    assert stream.scalar("select count(*) from raw.event") == len(history)


def test_an_idle_sink_and_one_that_works_in_small_steps_are_never_stuck(stream: Stream) -> None:
    with running(stream, stuck_seconds=4, batch=20) as watched:
        polls = ("suara_sink_stage_seconds_count", (("stage", "read"),))
        _until(lambda: samples(watched.get("metrics").text)[polls] > 10)  # half a second each: longer than the limit
        stream.send(*town(seed=5, changes=600))
        _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
        assert watched.health()[:2] == (200, "ok")
        assert watched.written.getvalue() == ""


def test_a_warehouse_that_is_away_makes_it_degraded_and_after_a_while_stuck(stream: Stream, postgres_url: str) -> None:
    history = town(seed=6, changes=60)
    stream.send(*history[:30])
    name = stream.url.rpartition("/")[2]
    with running(stream, stuck_seconds=4) as watched, psycopg.connect(postgres_url, autocommit=True) as server:
        _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
        server.execute(f'alter database "{name}" allow_connections false')
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        stream.send(*history[30:])
        _until(lambda: watched.health() == (200, "degraded", "waiting"))
        assert watched.get("health").json["part"] == "warehouse"
        _until(lambda: watched.health() == (503, "stuck", "waiting"))
        assert watched.value("suara_sink_retries_total", part="warehouse") > 2
        server.execute(f'alter database "{name}" allow_connections true')
        _until(lambda: watched.health()[:2] == (200, "ok"))
    stream.engine.dispose()
    assert stream.scalar("select count(*) from raw.event") == len(history)


# kafka-python leaves the sockets of refused connections to the garbage collector, so they are collected here and now.
@pytest.mark.failure
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_broker_that_freezes_is_told_by_the_stage_that_needs_it(
    warehouse_url: str, engine: Engine, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.reader.CHECK_SECONDS", 1)
    with own_home() as (home, owner):
        local = read_settings({"SUARA_HOME": str(home)}).local
        record = broker.start(home, local, owner=owner, say=say, login=False)
        settings = KafkaSettings(bootstrap_servers=broker.wait(home, record), partitions=3, group=topic)
        ensure_topics(settings, log_days=7)
        stream = Stream(settings, "", warehouse_url, engine)
        stream.send(post(1))
        with running(stream, stuck_seconds=3) as watched:
            _until(lambda: waiting(engine, settings) == 0)
            with locked(stream, "core.post"):
                stream.send(post(2))
                _until(lambda: watched.value("suara_sink_in_stage", stage="load") == 1)
                read = watched.value("suara_sink_read_records_total", topic=Topic.POSTS)
                stream.send(b"not an event")
                _until(lambda: watched.value("suara_sink_read_records_total", topic=Topic.POSTS) > read)
                os.kill(record.identity.pid, signal.SIGSTOP)
            _until(lambda: watched.health() == (503, "stuck", "dead_letters"))
            _until(lambda: watched.get("health").json.get("part") == "kafka")
            os.kill(record.identity.pid, signal.SIGCONT)
            _until(lambda: watched.health()[:2] == (200, "ok") and waiting(engine, settings) == 0)
            os.kill(record.identity.pid, signal.SIGSTOP)
            _until(lambda: watched.health() in ((503, "stuck", "read"), (503, "stuck", "waiting")))
            os.kill(record.identity.pid, signal.SIGCONT)
            _until(lambda: watched.health()[:2] == (200, "ok"))
        assert [letter.value for letter in stream.letters()] == [b"not an event"]
    gc.collect()


def test_only_two_pages_are_served_and_a_taken_port_is_named(stream: Stream) -> None:
    sink = stream.sink()
    with served(sink.metrics, sink.stages, SystemClock(), port=0) as address:
        watched = Watched(sink, address, StringIO())
        assert address.startswith("127.0.0.1:")
        assert watched.get("").status == watched.get("metrics/x").status == 404
        assert watched.health() == (200, "ok", None)
        port = int(address.rpartition(":")[2])
        with (
            pytest.raises(PartUnavailableError, match=f"127.0.0.1:{port}: address already in use") as caught,
            served(sink.metrics, sink.stages, SystemClock(), port=port),
        ):
            pass
        assert "--metrics-port" in str(caught.value.remedy)


def marked(number: int) -> list[Event]:
    """Return an event of each kind with the secret in every string that a source fills in, ids included."""
    maker = Maker(kind="forum", instance="village")
    who = Author(id=f"{SECRET}-{number}", display_name=SECRET)
    at = {"post_id": f"{SECRET}-p{number}", "thread_id": f"{SECRET}-t"}
    post = PostState(
        **at, author=who, version=1, created_at=NOW, body=SECRET, title=SECRET, thread_title=SECRET, category=SECRET,
        tags=(SECRET,), url=f"https://example.org/{SECRET}", lang=SECRET, app_version=SECRET,
        reaction_counts={SECRET: 1}, parent_post_id=SECRET,
    )  # fmt: skip
    return [
        maker.post(PostCreated, post, at=NOW),
        maker.reaction(ReactionAdded, Reaction(**at, member=who, kind=SECRET, version=1), at=NOW),
        maker.thread(ThreadState(thread_id=at["thread_id"], version=1, title=SECRET, category=SECRET), at=NOW),
        maker.member(MemberState(member_id=who.id, version=1, display_name=SECRET), at=NOW),
        maker.decision(
            Decision(
                **at, decision_id=SECRET, version=1, action="hide", decided_by="human", decided_at=NOW,
                reason_code=SECRET, policy_ref=SECRET, appeal_of=SECRET,
            )
        ),
        maker.erased(MemberErased(member_id=f"{SECRET}-gone", requested_at=NOW)),
    ]  # fmt: skip


def test_no_word_of_a_record_is_in_a_log_a_metric_or_a_health_answer(stream: Stream) -> None:
    events = [*marked(1), *marked(2)]
    assert all(f'"{name}":'.encode() in b"".join(map(encode, events)) for name in FREE_TEXT)
    bad = [kind.value for kind in REFUSED if len(kind.value or b"") < 2_000_000]
    bad += [VALUE.replace(b'"data":', f'"{SECRET}":'.encode()), f'{{"{SECRET}": "{SECRET}"'.encode()]
    assert sum(SECRET.encode() in (value or b"") for value in bad) > 20
    with Producer(stream.settings) as producer:
        for event in events:
            headers = [(SECRET, SECRET.encode())]
            producer.send(stream.posts, key=SECRET.encode(), value=encode(event), headers=headers)
    stream.send(unindexable(1), *bad)
    with running(stream, level="DEBUG", stuck_seconds=1, batch=20) as watched:
        with locked(stream, "core.post"):
            _until(lambda: watched.health()[:2] == (503, "stuck"))
            health = watched.get("health").text
        _until(lambda: waiting(stream.engine, stream.settings, topics=stream.topics) == 0)
        as_owner(stream, "update raw.ingest_offset set next_offset = next_offset - 1")
        stream.send(*marked(3), *bad[:3])
        _until(lambda: "reading again" in watched.written.getvalue())
        page = watched.get("metrics").text
    assert "rejected_records_total" in page
    assert SECRET not in page + health + watched.written.getvalue()
    assert stream.scalar("select count(*) from raw.event") >= len(events) - 1

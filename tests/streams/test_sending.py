"""A broker that freezes, dies and comes back under a producer: every wait ends, and no record is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from kernel.errors import InputError, PartUnavailableError
from kernel.settings import KafkaSettings
from streams.broker import MAX_IN_FLIGHT, MAX_RECORD_BYTES, Producer
from streams.sending import PatientProducer
from streams.spool import Spool, SpoolFullError
from streams.topics import Topic, ensure_topics
from suara.cli.main import app
from suara.local import processes
from tests.streams.conftest import end_offsets, read_all
from tests.streams.failures.judge import until
from tests.streams.failures.servers import Server, own

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

PATIENCE = 1.5
POSTS = "post_id,topic_id,author,created_at,text\n" + "".join(
    f"{number},1,ana,2026-11-02T09:00:00Z,post {number}\n" for number in range(50)
)


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    """A broker for these tests alone, which each of them leaves running."""
    with own("kafka") as server:
        yield server


@pytest.fixture
def settings(broker: Server, topic: str) -> KafkaSettings:
    settings = KafkaSettings(bootstrap_servers=broker.address, partitions=3)
    ensure_topics(settings, log_days=7, prefix=f"{topic}.")
    return settings


@pytest.fixture
def posts(topic: str) -> str:
    return f"{topic}.{Topic.POSTS}"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", limit=10**6)


def values(settings: KafkaSettings, topic: str) -> list[int]:
    return [int(record.value) for record in read_all(settings, topic)]


def test_a_flush_ends_when_the_broker_freezes_and_what_waited_is_spooled(
    broker: Server, settings: KafkaSettings, posts: str, spool: Spool
) -> None:
    record = processes.find(broker.home, "kafka")
    assert record is not None
    plain, patient = Producer(settings, patience=PATIENCE), PatientProducer(settings, spool, patience=PATIENCE)
    posts = StrEnum("Name", {"POSTS": posts})(posts)  # as the topics of the house are
    for producer in (plain, patient):
        producer.send(posts, key=b"k", value=b"0")
        producer.flush()
    os.kill(record.identity.pid, signal.SIGSTOP)
    try:
        for number in range(1, 6):
            for producer in (plain, patient):
                producer.send(posts, key=b"k", value=b"%d" % number)
        with pytest.raises(
            PartUnavailableError, match=f"record 2 for {posts} was not acknowledged, nor were 4 others"
        ) as caught:
            plain.flush()
        assert "POSTS" not in str(caught.value)
        plain.close()
        patient.flush()
        patient.send(posts, key=b"k", value=b"6")
        patient.close()
    finally:
        os.kill(record.identity.pid, signal.SIGCONT)
    assert (patient.safe, patient.spooled, spool.held().records) == (7, 6, 6)
    with PatientProducer(settings, spool) as again:
        again.send(posts, key=b"k", value=b"7")
    assert (again.drained, again.spooled, spool.held().records) == (6, 0, 0)
    found = values(settings, posts)
    assert set(found) == set(range(8))
    assert found[-7:] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.failure
def test_a_broker_that_is_killed_between_send_and_flush_loses_nothing(
    broker: Server, settings: KafkaSettings, posts: str, spool: Spool
) -> None:
    told: list[PartUnavailableError] = []
    with PatientProducer(settings, spool, tell=told.append, patience=PATIENCE) as producer:
        producer.send(posts, key=b"k", value=b"0")
        producer.flush()
        producer.send(posts, key=b"k", value=b"1")
        broker.crash(signal.SIGKILL)
        for number in range(2, 30):
            producer.send(posts, key=b"k", value=b"%d" % number)
        producer.flush()
        with pytest.raises(InputError, match="record 31 for"):
            producer.send(posts, key=b"k", value=b"x" * MAX_RECORD_BYTES)
    assert len(told) == 1
    with PatientProducer(settings, spool) as away:
        away.send(posts, key=b"k", value=b"30")
    assert (away.spooled, away.safe) == (1, 1)
    broker.start()
    with Producer(settings) as sender:
        spool.send(sender)
    found = values(settings, posts)
    assert list(dict.fromkeys(found)) == list(range(31))


def test_a_full_spool_says_how_many_are_safe(settings: KafkaSettings, posts: str, tmp_path: Path) -> None:
    nobody = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    spool = Spool(tmp_path / "spool", limit=500)
    with PatientProducer(nobody, spool) as producer, pytest.raises(SpoolFullError, match="is full"):
        send_many(producer, posts)
    assert 0 < producer.safe == spool.held().records < 100
    with PatientProducer(settings, spool) as again:
        pass
    assert values(settings, posts) == list(range(again.drained)) == list(range(producer.safe))


def send_many(producer: PatientProducer, topic: str) -> None:
    for number in range(100):
        producer.send(topic, key=b"k", value=b"%d" % number)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


def test_an_import_without_kafka_waits_in_the_spool_and_is_sent_later(
    settings: KafkaSettings, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_topics(settings, log_days=7)
    monkeypatch.setenv("SUARA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUARA_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SUARA_WAREHOUSE__URL", warehouse_url)
    (tmp_path / "f.csv").write_text(POSTS)
    words = ["import", "csv", str(tmp_path / "f.csv"), "--source", "away", "--preset", "forum", "--no-wait"]
    first = run(*words)
    assert "Read 50 rows: sent 0, waiting 50, rejected 0, skipped 0" in first.stdout
    assert isinstance(first.exception, PartUnavailableError)
    assert (str(first.exception) + first.stderr).count("does not answer") == 1
    assert re.search(r"50 events wait in the spool(.|\n)*`suara spool send`", str(first.exception))
    assert json.loads(run("spool", "show", "--json").stdout)["events"] == 50
    assert isinstance(run("spool", "send").exception, PartUnavailableError)
    assert "50 events wait" in run("spool", "show").stdout
    monkeypatch.setenv("SUARA_KAFKA__BOOTSTRAP_SERVERS", str(settings.bootstrap_servers))
    second = run(*words)
    assert second.exit_code == 0, second.output
    assert "Sent 50 events that waited in the spool" in second.stderr
    assert "No event waits" in run("spool", "send").stdout
    assert len(read_all(settings, Topic.POSTS)) == 100
    run("down")


def test_an_import_that_needs_more_than_the_spool_names_the_rows_that_are_safe(
    warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUARA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUARA_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SUARA_WAREHOUSE__URL", warehouse_url)
    monkeypatch.setenv("SUARA_SPOOL__MAX_MB", "1")
    long = "word " * 10_000
    rows = "".join(f"{n},1,ana,2026-11-02T09:00:00Z,{long}{n}\n" for n in range(40))
    (tmp_path / "f.csv").write_text("post_id,topic_id,author,created_at,text\n" + rows)
    result = run("import", "csv", str(tmp_path / "f.csv"), "--source", "away", "--preset", "forum")
    assert isinstance(result.exception, SpoolFullError)
    safe = json.loads(run("spool", "show", "--json").stdout)["events"]
    assert 0 < safe < 40
    assert f"the first {safe} usable rows of" in str(result.exception)
    assert "Import the file again" in str(result.exception)


@pytest.mark.failure
def test_an_import_whose_broker_dies_in_the_middle_reports_what_waits_and_loses_no_row(
    broker: Server, settings: KafkaSettings, warehouse_url: str, tmp_path: Path
) -> None:
    ensure_topics(settings, log_days=7)
    total, file = 120_000, tmp_path / "f.csv"
    rows = "".join(f"{n},{n // 10},ana,2026-11-02T09:00:00Z,post {n}\n" for n in range(total))
    file.write_text("post_id,topic_id,author,created_at,text\n" + rows)
    environment = {**os.environ, "SUARA_HOME": str(tmp_path / "home"), "SUARA_WAREHOUSE__URL": warehouse_url}
    environment["SUARA_KAFKA__BOOTSTRAP_SERVERS"] = str(settings.bootstrap_servers)
    suara = [sys.executable, "-m", "suara"]
    words = ["import", "csv", str(file), "--source", "middle", "--preset", "forum", "--json"]
    begun = sum(end_offsets(settings, [Topic.POSTS]).values())
    child = subprocess.Popen([*suara, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    enough = begun + MAX_IN_FLIGHT + 5_000  # so that some are acknowledged for certain
    until(lambda: sum(end_offsets(settings, [Topic.POSTS]).values()) > enough, but=lambda: "nothing is sent")
    broker.crash(signal.SIGKILL)
    said, errors = (part.decode() for part in child.communicate())
    assert child.returncode == 1, errors
    assert "Traceback" not in errors
    outcome = json.loads(said)
    assert outcome["sent"] + outcome["waiting"] == total
    assert outcome["sent"] > 0
    assert f"{outcome['waiting']:,} events wait in the spool" in errors
    broker.start()
    sent = subprocess.run([*suara, "spool", "send"], env=environment, capture_output=True, text=True, check=True)
    assert f"Sent {outcome['waiting']:,} events" in sent.stdout
    subprocess.run([*suara, "sink", "--until-idle"], env=environment, capture_output=True, check=True)
    subprocess.run([*suara, "down"], env=environment, capture_output=True, check=True)
    with psycopg.connect(warehouse_url) as server:
        count = "select count(distinct external_id) from core.post join core.source s using (source_id)"
        assert server.execute(f"{count} where s.name = 'middle'").fetchone() == (total,)

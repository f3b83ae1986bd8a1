"""`suara sink` as it is typed, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kernel.settings import KafkaSettings
from streams.broker import Producer
from streams.events import encode
from streams.offsets import waiting
from streams.topics import Topic, ensure_topics
from tests.streams.conftest import scalar
from tests.streams.histories import town
from warehouse.engine import connect


@pytest.fixture
def environment(kafka: str, warehouse_url: str, topic: str, tmp_path: Path) -> dict[str, str]:
    """Settings that name running servers; the group is new, so everything in the topics is news to it."""
    ensure_topics(KafkaSettings(bootstrap_servers=kafka, partitions=3), log_days=7)
    return {
        **os.environ,
        "SUARA_HOME": str(tmp_path),
        "SUARA_KAFKA__BOOTSTRAP_SERVERS": kafka,
        "SUARA_KAFKA__GROUP": topic,
        "SUARA_WAREHOUSE__URL": warehouse_url,
        "NO_COLOR": "1",
    }


def start(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "suara", "sink", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def send(kafka: str, source: str) -> None:
    """Send a few events and one that is none to the topics that every sink reads."""
    with Producer(KafkaSettings(bootstrap_servers=kafka)) as producer:
        for event in town(seed=1, changes=50, instance=source):
            producer.send(Topic.POSTS, key=event.partitionkey.encode(), value=encode(event))
        producer.send(Topic.POSTS, key=b"poison", value=b"not an event")


def test_until_idle_loads_everything_and_says_so(environment: dict[str, str], kafka: str, topic: str) -> None:
    name = f"town-{topic.replace('.', '-')}"
    send(kafka, name)
    child = start(environment, "--until-idle")
    said, errors = child.communicate()
    assert (child.returncode, errors) == (0, "")
    assert "events loaded" in said
    assert "refused" in said
    assert "suara dlq list" in said
    settings = KafkaSettings(bootstrap_servers=kafka, group=topic)
    engine = connect(environment["SUARA_WAREHOUSE__URL"], role="ingest")
    assert waiting(engine, settings) == 0
    assert scalar(engine, f"select count(*) from core.source where name = '{name}'") == 1
    engine.dispose()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_tidily(environment: dict[str, str], kafka: str, number: signal.Signals) -> None:
    send(kafka, "town")
    engine = connect(environment["SUARA_WAREHOUSE__URL"], role="ingest")
    child = start(environment)
    while not scalar(engine, "select count(*) from raw.event"):
        assert child.poll() is None
        time.sleep(0.1)
    child.send_signal(number)
    said, errors = child.communicate()
    assert (child.returncode, errors) == (0, "")
    assert "Done:" in said
    engine.dispose()


def test_too_many_bad_records_end_it_with_a_remedy_that_works(environment: dict[str, str], kafka: str) -> None:
    with Producer(KafkaSettings(bootstrap_servers=kafka)) as producer:
        for _ in range(4):
            producer.send(Topic.POSTS, key=b"poison", value=b"{")
    environment |= {"SUARA_SINK__MAX_REFUSED_IN_A_ROW": "3"}
    child = start(environment, "--until-idle")
    _, errors = child.communicate()
    assert child.returncode == 1
    assert "Error: the sink stopped, because more than 3 records in a row" in errors
    assert "Traceback" not in errors
    remedy = re.search(r"`suara sink (--allow-dead-letters \d+)`", errors)
    assert remedy
    child = start(environment, "--until-idle", *remedy[1].split())
    said, errors = child.communicate()
    assert (child.returncode, errors) == (0, "")
    assert "refused" in said


def test_without_kafka_it_says_what_is_missing(environment: dict[str, str]) -> None:
    child = start({**environment, "SUARA_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}, "--until-idle")
    said, errors = child.communicate()
    assert (child.returncode, said) == (1, "")
    assert "Kafka cannot be reached, TCP: 127.0.0.1:1: connection refused" in errors
    assert "Traceback" not in errors

"""The page on dead letters: every command in it runs, in order, as it is written there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
from sqlalchemy import text

from kernel.clock import SystemClock
from kernel.settings import KafkaSettings
from streams.broker import Producer
from streams.events import Event, encode
from streams.sink import Sink
from streams.topics import Topic, ensure_topics
from tests.streams.conftest import scalar
from tests.streams.test_load import post
from warehouse.engine import connect

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "dead-letters.md").read_text("utf-8")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]  # fmt: skip
EXAMPLE = "community.posts.v1/3/1041"


def broken(event: Event, change: dict[str, Any]) -> bytes:
    found = json.loads(encode(event))
    found["data"] |= change
    return json.dumps({**found, "data": {name: part for name, part in found["data"].items() if part is not ...}},
                      separators=(",", ":")).encode()  # fmt: skip


@pytest.fixture
def environment(kafka: str, warehouse_url: str, topic: str, tmp_path: Path) -> dict[str, str]:
    """A shell where the page's commands find servers, and an editor that mends what the example's record lacks."""
    ensure_topics(KafkaSettings(bootstrap_servers=kafka, partitions=3), log_days=7)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nexec sed -i \'s/"version":"1"/"version":1/\' "$1"\n')
    editor.chmod(0o755)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "suara.toml").write_text("")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SUARA_", "AIRFLOW"))},
        "SUARA_HOME": str(tmp_path / "home"),
        "SUARA_KAFKA__BOOTSTRAP_SERVERS": kafka,
        "SUARA_KAFKA__GROUP": topic,
        "SUARA_WAREHOUSE__URL": warehouse_url,
        "EDITOR": str(editor),
    }


def test_every_command_runs_as_typed(environment: dict[str, str], tmp_path: Path) -> None:
    settings = KafkaSettings(
        bootstrap_servers=environment["SUARA_KAFKA__BOOTSTRAP_SERVERS"], group=environment["SUARA_KAFKA__GROUP"]
    )
    url = environment["SUARA_WAREHOUSE__URL"]
    name = settings.group.replace(".", "-")  # the topics are those of all tests, the post is not
    with Producer(settings) as producer:
        mistyped = broken(post(1, post_id=name), {"version": "1"})
        producer.send(Topic.POSTS, key=b"forum:mistyped", value=mistyped)
        producer.send(Topic.POSTS, key=b"forum:bodiless", value=broken(post(1), {"body": ...}))
        producer.send(Topic.POSTS, key=b"sandbox:t1", value=b"{")
    Sink(settings, url, clock=SystemClock()).run(Flag(), until_idle=True)
    engine = connect(url, role="ingest")
    place = "topic || '/' || kafka_partition || '/' || kafka_offset"
    with engine.connect() as connection:
        found = connection.execute(text(f"select {place} from raw.rejected_event where payload = :value"),
                                   {"value": mistyped}).scalar_one()  # fmt: skip
    assert scalar(engine, f"select count(*) from core.post where external_id = '{name}'") == 0

    script = "\n".join(f"printf '\\n$ %s\\n' {quote(line)}\n{line}" for line in LINES).replace(EXAMPLE, found)
    typed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = typed.stdout + typed.stderr
    assert typed.returncode == 0, said
    assert "Traceback" not in said
    assert scalar(engine, f"select count(*) from core.post where external_id = '{name}'") == 1
    sandbox = "convert_from(record_key, 'utf8') like 'sandbox:%'"
    assert scalar(engine, f"select distinct status from raw.rejected_event where {sandbox}") == "discarded"
    bodiless = "convert_from(record_key, 'utf8') = 'forum:bodiless'"
    assert scalar(engine, f"select max(attempts) from raw.rejected_event where {bodiless} and status = 'open'") == 2
    assert not (tmp_path / "event.json").exists()


def test_the_example_stands_in_the_page() -> None:
    assert any(EXAMPLE in line for line in LINES)
    assert sum(line.startswith("suara ") for line in LINES) > 12


def quote(line: str) -> str:
    return "'" + line.replace("'", "'\\''") + "'"

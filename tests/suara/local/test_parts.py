"""A home's life by the command line: up, down, killed parts, another account, and two homes side by side."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kernel.settings import read_settings
from streams.broker import Producer
from streams.topics import Topic
from suara.local import jars, processes, stack
from tests.streams.conftest import end_offsets
from tests.suara.local.other_users import NOBODY, not_as_root
from tests.suara.local.test_processes import until

PARTS = ("postgres", "kafka", "sink")


class Home:
    """A home in which commands are run as a person would."""

    def __init__(self, folder: Path, *, before: list[str] | None = None, cache: Path | None = None) -> None:
        self.folder = folder
        self._before = before or []
        self._environment = {**os.environ, "SUARA_HOME": str(folder)}
        if cache:
            self._environment |= {"XDG_CACHE_HOME": str(cache), "HOME": str(cache)}

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run a command and return what it printed."""
        done = subprocess.run(
            [*self._before, sys.executable, "-m", "suara", *arguments],
            env=self._environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if fails else done.stdout

    def states(self) -> dict[str, str]:
        return {row["part"]: row["state"] for row in self.status()}

    def pids(self) -> dict[str, int]:
        return {row["part"]: row["pid"] for row in self.status()}

    def status(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.run("status", "--json"))
        return rows

    def sql(self, statement: str) -> str:
        return self.run("psql", "-Atc", statement).strip()


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="suara tests "))
    found = Home(folder / "a höme 家 🏠")
    yield found
    found.run("down")
    shutil.rmtree(folder)


def test_up_starts_every_part_and_says_so(home: Home) -> None:
    said = home.run("up")
    assert "Starting PostgreSQL 18" in said
    assert "Starting Apache Kafka" in said
    assert home.states() == dict.fromkeys(PARTS, "running") | {"airflow": "stopped"}
    assert home.sql("select count(*) from core.post") == "0"


def test_status_tells_how_the_sink_is_and_where_to_look(home: Home) -> None:
    assert until(lambda: sink_of(home)["health"] == "ok")
    address = sink_of(home)["address"]
    with urllib.request.urlopen(f"http://{address}/metrics") as page:
        assert b"suara_sink_partitions" in page.read()
    pid = sink_of(home)["pid"]
    os.kill(pid, signal.SIGSTOP)
    assert sink_of(home)["health"] == "no answer"
    assert "no answer" in home.run("status")
    os.kill(pid, signal.SIGCONT)
    assert until(lambda: sink_of(home)["health"] == "ok")


def test_what_is_acknowledged_is_on_disk(home: Home) -> None:
    assert home.sql("show fsync") == "on"
    assert home.sql("show synchronous_commit") == "on"
    properties = (home.folder / "kafka" / "server.properties").read_text()
    assert "\nlog.flush.interval.messages=1\n" in properties


def test_up_again_leaves_what_runs_alone(home: Home) -> None:
    before = home.pids()
    assert "Starting" not in home.run("up")
    assert home.pids() == before


def test_psql_passes_its_output_through(home: Home) -> None:
    assert home.run("psql", "-c", "select 1 as one") == " one \n-----\n   1\n(1 row)\n\n"
    assert 'relation "nothing" does not exist' in home.run("psql", "-c", "select * from nothing", fails=True)


def test_killed_parts_come_back_with_their_data(home: Home) -> None:
    settings = read_settings({"SUARA_HOME": str(home.folder)})
    kafka = stack.addresses(settings).kafka
    home.sql("create table public.kept as select 42 as n")
    with Producer(kafka) as producer:
        producer.send(Topic.DLQ, key=b"k", value=b"kept")
    before = home.pids()
    for name in PARTS:
        os.kill(before[name], signal.SIGKILL)
    assert until(lambda: home.states() == dict.fromkeys(PARTS, "died") | {"airflow": "stopped"})
    said = home.run("up")
    assert "Starting PostgreSQL 18" in said
    after = home.pids()
    assert all(after[name] and after[name] != before[name] for name in PARTS)
    assert home.sql("select n from public.kept") == "42"
    assert sum(end_offsets(kafka, [Topic.DLQ]).values()) == 1


def test_data_outlive_down_and_up(home: Home) -> None:
    pids = [pid for pid in home.pids().values() if pid]
    assert "Stopping the sink, Apache Kafka" in home.run("down")
    assert [pid for pid in pids if processes.identity(pid)] == []
    assert set(home.states().values()) == {"stopped"}
    assert "Nothing was running" in home.run("down")
    home.run("up")
    assert home.sql("select n from public.kept") == "42"
    kafka = stack.addresses(read_settings({"SUARA_HOME": str(home.folder)})).kafka
    assert sum(end_offsets(kafka, [Topic.DLQ]).values()) == 1


def test_another_account_runs_a_home_of_its_own_beside_it(home: Home) -> None:
    """Root runs PostgreSQL under another account; everybody else under their own. Two homes do not meet."""
    folder = Path(tempfile.mkdtemp(prefix="suara-tests-"))
    cache = folder / "cache"
    shutil.copytree(jars.cache_folder() / f"kafka-{jars.VERSION}", cache / "suara" / f"kafka-{jars.VERSION}")
    before = not_as_root()
    if before and before[0].endswith("setpriv"):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    other = Home(folder / "home", before=before, cache=cache)
    try:
        said = other.run("up")
        assert "does not run as root" not in said
        assert other.sql("select 1") == "1"
        assert {row["address"] for row in other.status()}.isdisjoint(_addresses(home))
        assert home.sql("select n from public.kept") == "42"
    finally:
        other.run("down")
        shutil.rmtree(folder)


def test_a_killed_owner_leaves_no_part_running() -> None:
    folder = Path(tempfile.mkdtemp(prefix="suara-tests-"))
    code = """
import os, signal
from kernel.settings import read_settings
from suara.local import stack
with stack.owned(read_settings(), sink=True, say=print) as addresses:
    stack.export(addresses)
    assert read_settings().kafka == addresses.kafka
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "SUARA_HOME": str(folder)}, capture_output=True, cwd="/"
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert until(lambda: not processes.all_recorded(folder))
    shutil.rmtree(folder)


def sink_of(home: Home) -> dict[str, Any]:
    return next(row for row in home.status() if row["part"] == "sink")


def _addresses(home: Home) -> set[str]:
    return {row["address"] for row in home.status() if row["address"]}


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"SUARA_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"}, ["Kafka", "127.0.0.1:9", "connection refused"]),
        ({"SUARA_KAFKA__BOOTSTRAP_SERVERS": "nowhere.invalid:9092"}, ["the name nowhere.invalid is not known"]),
        ({"SUARA_KAFKA__BOOTSTRAP_SERVERS": "9092"}, ["'9092' is not host:port"]),
        ({"SUARA_WAREHOUSE__URL": "postgresql://u:p@127.0.0.1:9/db"}, ["PostgreSQL", "127.0.0.1:9", "refused"]),
        ({"SUARA_WAREHOUSE__URL": "nonsense"}, ["SUARA_WAREHOUSE__URL is not an address"]),
        ({"SUARA_KAFKA__BOOTSTRAP_SERVER": "x:1"}, ["did you mean SUARA_KAFKA__BOOTSTRAP_SERVERS?"]),
    ],
)
def test_a_wrong_address_is_named(tmp_path: Path, variables: Mapping[str, str], names: list[str]) -> None:
    other = Home(tmp_path)
    other._environment |= variables
    said = other.run("psql" if "SUARA_WAREHOUSE__URL" in variables else "up", fails=True)
    assert [name for name in names if name not in said] == []

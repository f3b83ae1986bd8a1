"""Airflow's homes, and the server: everything set, loopback only, nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from suara.local import processes
from suara.local.airflow import airflow_environment
from tests.suara.local.test_processes import until

# Seconds in which a server that has just started answers on a machine that does much else.
PATIENCE = 60
PREPARE = """
import sys, time
from pathlib import Path
from suara.local import airflow
airflow.prepare(Path(sys.argv[1]))
print("airflow" in sys.modules)
"""


def test_the_environment_keeps_airflow_in_its_home(tmp_path: Path) -> None:
    home = tmp_path / "airflow"
    found = airflow_environment(home, tmp_path / "dags")
    assert found["AIRFLOW_HOME"] == str(home)
    assert len(found["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    assert found == airflow_environment(home, tmp_path / "dags"), "the same secret each time"
    assert stat.S_IMODE((home / "jwt_secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_home_is_prepared_once_and_nothing_lands_elsewhere(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment["HOME"] = str(tmp_path / "person")
    (tmp_path / "person").mkdir()
    printed = [
        subprocess.run(
            [sys.executable, "-c", PREPARE, str(tmp_path / "a home")],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert printed == ["True\n", "False\n"], "the second call must not even import Airflow"
    assert (tmp_path / "a home" / "airflow.db").exists()
    assert list((tmp_path / "person").iterdir()) == []


class Server:
    """`suara airflow` as a person starts it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home.parent / "output"
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "suara", "airflow"],
                env={**os.environ, "SUARA_HOME": str(home)},
                cwd="/",
                stdout=file,
                stderr=file,
            )
        assert until(lambda: "Ctrl-C stops it" in self.printed() or self.process.poll() is not None, seconds=240)
        assert self.process.poll() is None, self.printed()

    def printed(self) -> str:
        return self.output.read_text()

    def word_after(self, words: str) -> str:
        return self.printed().split(words)[1].split()[0]

    def family(self) -> list[psutil.Process]:
        pids = [record.identity.pid for record in processes.all_recorded(self.home)]
        leaders = [psutil.Process(pid) for pid in pids]
        return [*leaders, *(child for leader in leaders for child in leader.children(recursive=True))]

    def end(self, number: signal.Signals) -> int:
        family = self.family()
        self.process.send_signal(number)
        code = self.process.wait(timeout=120)  # each part may take its time before it is ended by force
        assert until(lambda: not [one for one in family if one.is_running() and one.status() != "zombie"])
        assert until(lambda: not processes.all_recorded(self.home))
        return code


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="suara-tests-"))
    found.chmod(0o711)
    yield found
    shutil.rmtree(found)


def test_the_server_shows_the_dags_on_the_loopback_and_ends_at_ctrl_c(folder: Path) -> None:
    server = Server(folder / "home")
    page = server.word_after("Airflow is ready:")
    login = {"username": "admin", "password": server.word_after("with the password")}
    token = httpx.post(f"{page}/auth/token", json=login, timeout=PATIENCE).json()["access_token"]
    refused = httpx.post(f"{page}/auth/token", json={**login, "password": "guess"}, timeout=PATIENCE)
    assert refused.status_code == 401
    assert until(lambda: _dags(page, token) == DAGS), _dags(page, token)
    listening = {
        connection.laddr.ip
        for process in server.family()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}
    assert server.end(signal.SIGINT) == 0


DAGS = {("advocacy_weekly", False), ("community_daily", False), ("deliver", False), ("maintenance", False)}


def _dags(page: str, token: str) -> set[tuple[str, bool]]:
    """Return the id of each DAG that the server lists, and whether it is paused."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{page}/api/v2/dags", headers=headers, timeout=PATIENCE).json()
    return {(dag["dag_id"], dag["is_paused"]) for dag in answer["dags"]}


@pytest.mark.failure
def test_a_killed_server_leaves_nothing_running(folder: Path) -> None:
    server = Server(folder / "home")
    assert server.end(signal.SIGKILL) == -signal.SIGKILL

"""The Airflow server of one machine: page, scheduler, DAG processor and triggerer, all on the loopback.

`airflow standalone` would start the same four, but its log servers listen on every interface and a signal to it leaves
orphans. Here each is a recorded process of its own, without a log server: the page reads the logs from the disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError
from kernel.settings import Settings
from suara.local import ports, processes
from suara.local.airflow import airflow_environment, dags_folder
from suara.local.processes import Identity, Launch, Record, Say
from suara.local.secret import secret, write_secret

READY_SECONDS = 180.0
FIRST_PORT = 8080
USER = "admin"
PAGE = "airflow"
_COMMANDS = {
    PAGE: ["api-server"],
    "airflow-dags": ["dag-processor"],
    "airflow-scheduler": ["scheduler", "--skip-serve-logs"],
    "airflow-triggerer": ["triggerer", "--skip-serve-logs"],
}


def serve(settings: Settings, *, owner: Identity, port: int | None = None, say: Say) -> None:
    """Run the server until Ctrl-C, owned by `owner`, whose guard stops it.

    Raises `PartUnavailableError` when it does not start, or a part of it ends.
    """
    home = settings.home / "airflow" / "server"
    with processes.locked(settings.home, say):
        running = processes.find(settings.home, PAGE)
        if running:
            message = f"the Airflow server of this home already runs on {running.address}"
            raise PartUnavailableError(message, remedy=f"Its log: {running.log}")
        chosen = _port(port)
        environment = server_environment(settings, home, port=chosen)
        say("Preparing Airflow")
        _migrate(environment)
        say("Starting the Airflow server (about half a minute)")
        started = [_start(settings, name, environment, owner) for name in _COMMANDS]
    try:
        _wait(started, chosen)
        say(f"Airflow is ready: http://{ports.HOST}:{chosen}")
        say(f"Log in as '{USER}' with the password {_password(home)}")
        say("Ctrl-C stops it")
        while True:
            _require_alive(started)
            time.sleep(1)
    except KeyboardInterrupt:
        say("Stopping the Airflow server")


def server_environment(settings: Settings, home: Path, *, port: int) -> dict[str, str]:
    """Return the whole environment of the server's processes, and write the password of its one user."""
    passwords = home / "passwords.json"
    if not passwords.exists():
        write_secret(passwords, json.dumps({USER: _password(home)}))
    url = f"http://{ports.HOST}:{port}"
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        **airflow_environment(home, dags_folder()),
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
        **settings.places(),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": settings.community.community.timezone,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__HOST": ports.HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__INSTANCE_NAME": settings.community.community.name,
        "AIRFLOW__API__SECRET_KEY": secret(home / "page_secret"),
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }


def _password(home: Path) -> str:
    return secret(home / "password", size=12)


def _port(wanted: int | None) -> int:
    if wanted is not None:
        if not ports.free(wanted):
            message = f"port {wanted} is in use by another program"
            raise PartUnavailableError(message, remedy="Choose another one, or leave --port out.")
        return wanted
    free = (port for port in range(FIRST_PORT, FIRST_PORT + 200) if ports.free(port))
    found = next(free, None)
    if found is None:
        message = f"no free port between {FIRST_PORT} and {FIRST_PORT + 200}"
        raise PartUnavailableError(message, remedy="Name one with --port.")
    return found


def _migrate(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    result = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        message = f"Airflow cannot prepare its metadata:\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
        raise PartUnavailableError(message)


def _start(settings: Settings, name: str, environment: dict[str, str], owner: Identity) -> Record:
    launch = Launch(
        name=name,
        command=[sys.executable, "-m", "airflow", *_COMMANDS[name]],
        stop="SIGINT",
        environment=environment,
        address=environment["AIRFLOW__API__BASE_URL"] if name == PAGE else None,
    )
    return processes.start(settings.home, launch, owner=owner)


def _wait(running: list[Record], port: int) -> None:
    """Wait until all four report that they are well."""
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    while not _healthy(port):
        _require_alive(running)
        if clock.monotonic() > deadline:
            message = f"the Airflow server is not well after {READY_SECONDS:.0f} s"
            raise PartUnavailableError(message, remedy=f"Its logs: {Path(running[0].log).parent}/airflow*.log")
        time.sleep(0.5)


def _healthy(port: int) -> bool:
    import httpx

    try:
        answer = httpx.get(f"http://{ports.HOST}:{port}/api/v2/monitor/health", timeout=5, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return False
    return all(answer.get(part, {}).get("status") == "healthy" for part in ("scheduler", "dag_processor", "triggerer"))


def _require_alive(running: list[Record]) -> None:
    for record in running:
        if not processes.alive(record.identity):
            message = f"{record.name} has ended; the end of {record.log}:\n{processes.tail(Path(record.log))}"
            raise PartUnavailableError(message)

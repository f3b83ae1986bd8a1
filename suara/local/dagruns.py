"""The real DAGs, run in this process: no server, no port, and the outcome is ours to report.

`dag.test()` never raises on failure, so the state of the run decides. What its tasks and Airflow print goes to a file;
what failed is told in one message. Retries are for the scheduler: here a person waits, and a gate that refuses says
what to do.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from kernel.errors import RunFailedError, SuaraError


def run_dag(name: str, conf: Mapping[str, str], *, log: Path) -> None:
    """Run the DAG `name` with `conf` to its end; what is printed meanwhile is appended to `log`.

    AIRFLOW_HOME and the DAG folder must be in the environment before. Raises the error of the first task that failed
    where it is one of ours, else `RunFailedError` naming task and log.
    """
    failed: list[tuple[str, BaseException | None]] = []

    def remember(context: Any) -> None:
        failed.append((context["task_instance"].task_id, context.get("exception")))

    with _printing_to(log):
        dag = import_module(f"dags.{name}").DAG
        for task in dag.tasks:
            task.retries = 0
            task.on_failure_callback = [remember]
        state = dag.test(run_conf=dict(conf)).state
    if state == "success":
        return
    task_id, error = failed[0] if failed else ("?", None)
    if isinstance(error, SuaraError):
        raise error
    about = " ".join(conf.values())
    message = f"{name} {about}: task '{task_id}' failed ({type(error).__name__ if error else state})"
    raise RunFailedError(message, remedy=f"Its log: {log}") from error


@contextlib.contextmanager
def environment_of_python() -> Iterator[None]:
    """Keep what is written to `os.environ` from the C library: Airflow adds variables for each run and takes them away.

    The C library moves its list when one is added. A thread that reads it at that moment, as PostgreSQL's client does
    whenever it connects, crashes the process. Python's own copy, which Airflow reads, changes as ever. At the end, when
    no such thread is left, the C library learns what has changed, for the children of this process.
    """
    before = dict(os.environ)
    kept = {name: getattr(os, name) for name in ("putenv", "unsetenv")}
    for name in kept:
        setattr(os, name, lambda *_: None)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(os, name, function)
        for name in before.keys() - os.environ.keys():
            os.unsetenv(name)
        for name, value in os.environ.items() - before.items():
            os.putenv(name, value)


@contextlib.contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    """Send both output streams to `log`, at the level of file descriptors: Airflow keeps hold of the old ones."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(fd, os.dup(fd)) for fd in (1, 2)]
    try:
        with log.open("ab") as file:
            for fd, _ in kept:
                os.dup2(file.fileno(), fd)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for fd, copy in kept:
            os.dup2(copy, fd)
            os.close(copy)

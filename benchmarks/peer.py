"""Suara's sink beside Kafka Connect with the Debezium JDBC sink: same broker, database, bytes and stop rule.

Used by `sink.py --peer FOLDER`. The folder holds the peer's own benchmark (`peer_connect.py`), whose records, table and
measuring serve both sides.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.same_work import OFFSETS
from kernel.settings import read_settings
from suara.local import guardian, kafka, postgres, processes

BATCH = 4000
_SAME_WORK = Path(__file__).with_name("same_work.py")


class Workers:
    """Our workers behind the few calls by which the peer's benchmark drives its own."""

    boot = 0.0

    def __init__(self, address: str, url: str, topic: str, table: str, number: int) -> None:
        self._command = (sys.executable, str(_SAME_WORK), address, topic)
        self._table, self._number = table, number
        self._environment = {**os.environ, "PEER_URL": url}
        self._running: list[subprocess.Popen[bytes]] = []
        self._ended = 0.0

    def rest(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Start the workers where a connector would be posted, and stop them where it would be deleted."""
        if method == "POST" and body is not None:
            command = [*self._command, str(body["name"]), self._table, str(BATCH)]
            self._running = [subprocess.Popen(command, env=self._environment) for _ in range(self._number)]
        elif method == "DELETE":
            self._ended, ended = self.cpu(), self._running
            self._running = []
            for worker in ended:
                worker.terminate()
            for worker in ended:
                worker.wait(30)

    def tasks(self, _: str) -> list[tuple[str, str]]:
        """Say which workers failed."""
        return [("RUNNING" if w.poll() is None else "FAILED", f"exit code {w.poll()}") for w in self._running]

    def cpu(self) -> float:
        """Return the CPU seconds of all workers so far; a repeat begins where the one before has ended."""
        return self._ended + sum(sum(_times(worker.pid)) for worker in self._running)

    def rss(self) -> tuple[int, int]:
        """Return the memory of all workers in MB, now and at most."""
        now = sum(psutil.Process(worker.pid).memory_info().rss for worker in self._running) // 2**20
        return now, now


def _times(pid: int) -> tuple[float, float]:
    times = psutil.Process(pid).cpu_times()
    return times.user, times.system


@contextmanager
def peer_servers(folder: Path, *, say: Callable[[str], None]) -> Iterator[tuple[Any, argparse.Namespace, Any]]:
    """Give the peer's benchmark from `folder`, its arguments and its database, on servers of our own."""
    sys.path.insert(0, str(folder))
    peer = importlib.import_module("peer_connect")
    with tempfile.TemporaryDirectory(prefix="suara-peer-") as name:
        home = Path(name)
        home.chmod(0o711)
        settings = read_settings({"SUARA_HOME": name}).local
        with guardian.guarded(home) as owner:
            with processes.locked(home):
                url = postgres.start(home, settings, owner=owner, say=say)
                record = kafka.start(home, settings, owner=owner, say=say, login=False)
                address = kafka.wait(home, record)
            arguments = peer.parser("").parse_args(["--bootstrap", address, "--pg", url])
            database = peer.setup(arguments)
            try:
                yield peer, arguments, database
            finally:
                database.close()


def compare(folder: Path, *, records: int, repeats: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return one row of figures a setting: the peer with one and two tasks, ours with one, two and three processes."""
    with peer_servers(folder, say=say) as (peer, arguments, database):
        arguments.records, arguments.repeat = records, repeats
        topic = f"peer.posts.plain.{records}"
        *expected, _ = peer.produce(arguments, topic, "plain")
        database.execute(f"create table {OFFSETS} (topic text, part int, next bigint, primary key (topic, part))")

        def measured(worker: Any, tasks: int, mode: str | None = None) -> dict[str, Any]:
            batch = 2000 if mode else BATCH
            runs = []
            for repeat in range(1, repeats + 1):
                database.execute(f"truncate {OFFSETS}")
                runs.append(
                    peer.measure(
                        arguments, database, worker, topic, tuple(expected), "plain", tasks, batch, mode or "plain",
                        repeat,
                    )
                )  # fmt: skip
                say(f"{mode or 'ours'}, {tasks}: {runs[-1]['rate_span']:,.0f} rows/s")
            return _summary(runs, tasks, mode)

        address, url = arguments.bootstrap, arguments.pg
        rows = [measured(Workers(address, url, topic, arguments.table, number), number) for number in (1, 2, 3)]
        for tasks in (1, 2):
            worker = peer.Worker(arguments)
            rows += [measured(worker, tasks, mode) for mode in ("rewrite", "unnest")]
            peer.stop(worker.p)
    return rows


def _summary(runs: list[dict[str, Any]], tasks: int, mode: str | None) -> dict[str, Any]:
    """Return the medians of all repeats but the first, in which the peer's machine code is not made yet."""
    warm = runs[1:] or runs

    def median(name: str) -> float:
        return float(statistics.median(run[name] for run in warm))

    records = runs[0]["records"]
    return {
        "sink": f"Connect, {mode}" if mode else "Suara",
        "processes": tasks,
        "rows_per_second": round(median("rate_span")),
        "slowest": round(min(run["rate_span"] for run in warm)),
        "fastest": round(max(run["rate_span"] for run in warm)),
        "client_cpu_us": round(median("cpu_us_per_record"), 1),
        "postgres_cpu_us": round(median("pg_cpu_s") / records * 1e6, 1),
        "memory_mb": max(run["rss_peak_mb"] for run in runs),
        "other_cores": round(median("other_cores"), 2),
    }

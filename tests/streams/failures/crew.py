"""Sinks in processes of their own, to be killed, frozen and replaced."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.streams.conftest import Stream
from tests.streams.failures.judge import until

ROOT = Path(__file__).parents[3]


class Worker:
    """One sink."""

    def __init__(self, stream: Stream, folder: Path, number: int, strange: dict[str, str]) -> None:
        self.out, self.errors = folder / f"sink-{number}.out", folder / f"sink-{number}.err"
        environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "HOME")},
            **{"BROKER": str(stream.settings.bootstrap_servers), "WAREHOUSE": stream.url, "LEVEL": "INFO"},
            **strange,
        }
        command = [sys.executable, "-m", "tests.streams.run_sink", stream.prefix, stream.settings.group]
        with self.out.open("wb") as out, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=errors)

    @property
    def records(self) -> int:
        """Records that it has brought home so far."""
        return int((self.out.read_text().split() or ["0"])[-1])

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        """What it logged."""
        return self.errors.read_text()

    def works(self, *, more: int = 1) -> None:
        """Wait until it has brought home some more records."""
        wanted = self.records + more
        until(
            lambda: self.records >= wanted or not self.alive, but=lambda: f"a sink did nothing:\n{self.said[-2000:]}\n"
        )
        assert self.alive, self.said[-2000:]

    def waits(self) -> None:
        """Wait until it has said, since this call, that a part is away."""
        before = self.said.count("a part is away")
        until(lambda: self.said.count("a part is away") > before, but=lambda: "the sink met nothing that is away")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal that ends it, and return its exit code."""
        self.send(number)
        return self.process.wait(timeout=60)


class Crew:
    """All sinks of one stream. None outlives the block."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._folder = tempfile.TemporaryDirectory(prefix="suara-crew-")
        self.workers: list[Worker] = []

    def start(self, **strange: object) -> Worker:
        """Start one more; `strange` are variables of `tests.streams.run_sink`."""
        values = {name: str(value) for name, value in strange.items()}
        self.workers.append(Worker(self._stream, Path(self._folder.name), len(self.workers), values))
        return self.workers[-1]

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.alive]

    def close(self) -> None:
        """End them all."""
        for worker in self.alive:
            with contextlib.suppress(ProcessLookupError):
                worker.send(signal.SIGKILL)
        for worker in self.workers:
            worker.process.wait()
        self._folder.cleanup()

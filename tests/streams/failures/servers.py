"""A PostgreSQL and a Kafka broker of a test's own, each in a home of its own, to be stopped, crashed and set back."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kernel.settings import KafkaSettings, read_settings
from streams.topics import ensure_topics
from suara.local import guardian, postgres, processes
from suara.local import kafka as broker
from suara.local.processes import Identity
from tests.fixtures.servers import say
from tests.streams.conftest import Stream
from tests.streams.failures.judge import until
from warehouse.engine import connect
from warehouse.migrate import upgrade


class Server:
    """One server in its home. `name` is that of its record: `postgres` or `kafka`."""

    def __init__(self, name: str, home: Path, owner: Identity) -> None:
        self._name = name
        self.home = home
        self._owner = owner
        self._local = read_settings({"SUARA_HOME": str(home)}).local
        self.address = ""

    def start(self) -> None:
        """Start it where it was, and wait until it answers."""
        if self._name == postgres.NAME:
            self.address = postgres.start(self.home, self._local, owner=self._owner, say=say)
        else:
            record = broker.start(self.home, self._local, owner=self._owner, say=say, login=False)
            self.address = broker.wait(self.home, record)

    def stop(self) -> None:
        """Shut it down in order; what is connected to it is cut off."""
        processes.stop(self.home, processes.all_recorded(self.home))

    def crash(self, number: signal.Signals) -> None:
        """End it by a signal that leaves it no time for order."""
        record = processes.find(self.home, self._name)
        assert record is not None, "the server has ended before"
        os.kill(record.identity.pid, number)
        until(lambda: not processes.alive(record.identity), but=lambda: "the server did not end")

    @property
    def runs(self) -> bool:
        return processes.find(self.home, self._name) is not None

    def keep_copy(self) -> Path:
        """Copy the data of the stopped server, owners and all."""
        folder, copy = self.home / self._name, self.home / f"{self._name}.copy"
        subprocess.run(["cp", "--archive", folder, copy], check=True)
        return copy

    def put_back(self, copy: Path) -> None:
        """Put a copy in the place of the stopped server's data."""
        folder = self.home / self._name
        shutil.rmtree(folder)
        copy.rename(folder)


@contextlib.contextmanager
def own(name: str) -> Iterator[Server]:
    """Start a server of a test's own; it ends with the block, or with the test's process."""
    with tempfile.TemporaryDirectory(prefix="suara-failing-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with guardian.guarded(home) as owner:
            server = Server(name, home, owner)
            server.start()
            yield server


def stream_on(settings: KafkaSettings, warehouse_url: str, *, prefix: str) -> Stream:
    """Return fresh topics on any broker, and a migrated warehouse on any PostgreSQL."""
    upgrade(warehouse_url)
    ensure_topics(settings, log_days=7, prefix=prefix)
    return Stream(settings, prefix, warehouse_url, connect(warehouse_url, role="ingest"))

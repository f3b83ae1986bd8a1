"""Disks that fill up under the broker or the database, and are given room again."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from kernel.settings import KafkaSettings
from suara.local import ports, postgres
from tests.streams.conftest import Stream
from tests.streams.failures.conftest import Scene
from tests.streams.failures.disk import SmallDisk, is_full, small_disk
from tests.streams.failures.judge import until
from tests.streams.failures.nodes import addresses, nodes
from tests.streams.failures.servers import stream_on

pytestmark = [pytest.mark.failure, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]


def test_the_disk_of_the_broker(warehouse_url: str, topic: str, set_scene: Callable[[Stream], Scene]) -> None:
    with ExitStack() as parts:
        disks: list[SmallDisk] = []

        def inside(folder: Path) -> list[str]:
            disks.append(parts.enter_context(small_disk(folder, megabytes=64)))
            return disks[-1].inside

        (broker,) = parts.enter_context(nodes(1, inside=inside))
        settings = KafkaSettings(bootstrap_servers=addresses([broker]), partitions=3, group=topic)
        scene = set_scene(stream_on(settings, warehouse_url, prefix=""))
        worker = scene.begin()
        disks[0].fill(leave=512 * 1024)
        until(lambda: is_full(disks[0]) or not broker.runs, but=lambda: f"{disks[0].free} bytes still fit")
        until(lambda: not broker.runs, but=broker.tail)  # a broker without any disk gives up
        refused, records = scene.traffic.refusals, scene.traffic.records
        until(lambda: scene.traffic.refusals > refused, but=lambda: "the producer met no error")
        assert scene.traffic.records == records
        assert worker.alive, worker.said[-2000:]
        disks[0].make_room()
        broker.start()
        broker.wait()
        worker.works(more=200)
        scene.stand_trial("the broker's disk was full and it died; it was given room and started")
        scene.crew.close()


class SmallDatabase:
    """A PostgreSQL on a small disk. It wants to be nobody's root, not even its namespace's."""

    def __init__(self, home: Path, disk: SmallDisk) -> None:
        self._cluster = home / "disk" / "cluster"
        self._inside = [*disk.inside, "unshare", "--user", "--map-user=1000", "--map-group=1000"]
        self._port = ports.choose(home, "postgres")
        self._log = home / "log"
        password = secrets.token_hex(16)
        file = home / "password"
        file.write_text(password)
        self.url = f"postgresql://owner:{password}@{ports.HOST}:{self._port}/postgres"
        command = ["initdb", "--no-sync", "--wal-segsize=1", "-U", "owner", "--auth=scram-sha-256", f"--pwfile={file}"]
        self._run(*command, "-D", str(self._cluster)).communicate()
        self._process: subprocess.Popen[bytes] | None = None

    def _run(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        command = [*self._inside, str(postgres.programs() / program), *options]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
            )

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        settings = {"listen_addresses": ports.HOST, "unix_socket_directories": "", "max_wal_size": "16MB",
                    "min_wal_size": "2MB", "shared_buffers": "32MB"}  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = self._run("postgres", "-D", str(self._cluster), "-p", str(self._port), *options)
        until(lambda: self._answers() or not self.runs, but=self.tail)
        assert self.runs, self.tail()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)

    def tail(self) -> str:
        return self._log.read_text("utf-8", errors="replace")[-3000:]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="suara-disk-"))
    folder.chmod(0o711)
    (folder / "disk").mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_disk_of_the_database(kafka: str, topic: str, home: Path, set_scene: Callable[[Stream], Scene]) -> None:
    with small_disk(home / "disk", megabytes=160) as disk:
        database = SmallDatabase(home, disk)
        database.start()
        settings = KafkaSettings(bootstrap_servers=kafka, partitions=3, group=topic)
        scene = set_scene(stream_on(settings, database.url, prefix=f"{topic}."))
        worker = scene.begin()
        disk.fill(leave=1024 * 1024)
        until(lambda: is_full(disk), but=lambda: f"{disk.free} bytes still fit")
        worker.waits()
        worker.waits()
        died = not database.runs
        disk.make_room()
        if died:
            database.start()
        worker.works(more=200)
        scene.stand_trial(f"the database's disk was full{' and it died' * died}; it was given room")
        scene.crew.close()
        database.stop()

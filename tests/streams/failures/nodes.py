"""Brokers that are started by hand: several in one KRaft cluster, or one on a disk so small that it fills up."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from suara.local import jars, kafka, ports
from tests.fixtures.servers import say
from tests.streams.failures.judge import until

CLUSTER = "c3VhcmFfZmFpbHVyZXNfMQ"
HEAP_MB = 256

_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=BROKER://{host}:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={folder}/log
auto.create.topics.enable=false
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=1
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=65536
replica.lag.time.max.ms=5000
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
log.flush.interval.messages=1
"""


class Node:
    """One broker, which is a controller too. `inside` is put before its command."""

    def __init__(self, folder: Path, properties: str, port: int, *, inside: Sequence[str] = ()) -> None:
        self.folder = folder
        self.port = port
        self.inside = inside
        self._process: subprocess.Popen[bytes] | None = None
        self._properties = folder.with_suffix(".properties")
        self._properties.write_text(properties, "utf-8")
        self._log = folder.with_suffix(".log")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; before the first time its folder is formatted."""
        java = kafka._java(jars.class_path(repository=None, say=say), heap_mb=HEAP_MB)
        command = [*java, "kafka.Kafka", str(self._properties)]
        if self._process is None:
            options = ["format", f"--cluster-id={CLUSTER}", "-c", str(self._properties)]
            formatting = [*self.inside, *java, "kafka.tools.StorageTool", *options]
            subprocess.run(formatting, check=True, capture_output=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*self.inside, *command], stdout=log, stderr=log, cwd="/")

    def wait(self) -> None:
        """Wait until it answers."""
        until(lambda: kafka.answers(self.port) or not self.runs, but=self.tail)
        assert self.runs, self.tail()

    def tail(self) -> str:
        """Return the end of its log."""
        return self._log.read_text("utf-8", errors="replace")[-3000:]

    def end(self, number: signal.Signals) -> None:
        """End it by a signal."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            try:
                self._process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@contextlib.contextmanager
def nodes(count: int, *, inside: Callable[[Path], Sequence[str]] = lambda _: ()) -> Iterator[list[Node]]:
    """Start a cluster; all of it ends with the block. `inside` gives the command's prefix for a node's folder."""
    home = Path(tempfile.mkdtemp(prefix="suara-nodes-"))
    home.chmod(0o711)
    numbers = range(1, count + 1)
    controllers = {node: ports.choose(home, f"controller-{node}") for node in numbers}
    voters = ",".join(f"{node}@{ports.HOST}:{port}" for node, port in controllers.items())
    cluster = []
    for node in numbers:
        port, folder = ports.choose(home, f"broker-{node}"), home / f"node-{node}"
        folder.mkdir()
        properties = _PROPERTIES.format(
            node=node, voters=voters, host=ports.HOST, port=port, controller=controllers[node], folder=folder,
            copies=count,
        )  # fmt: skip
        cluster.append(Node(folder, properties, port, inside=inside(folder)))
    try:
        for node in cluster:
            node.start()
        for node in cluster:
            node.wait()
        yield cluster
    finally:
        for node in cluster:
            node.end(signal.SIGKILL)
        shutil.rmtree(home, ignore_errors=True)


def addresses(cluster: Sequence[Node]) -> str:
    """Return the brokers' addresses, as settings want them."""
    return ",".join(f"{ports.HOST}:{node.port}" for node in cluster)

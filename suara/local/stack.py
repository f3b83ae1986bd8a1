"""All parts together: start what is not up and not set by settings, say so, prepare it, and stop it again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import SecretStr

from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError
from kernel.settings import KafkaSettings, Settings
from suara.local import guardian, kafka, ports, postgres, preflight, processes
from suara.local.processes import Identity, Launch, Say

SINK = "sink"
TITLES = {postgres.NAME: postgres.TITLE, kafka.NAME: kafka.TITLE, SINK: "the sink"}


@dataclass(frozen=True)
class Addresses:
    """Where Kafka and the warehouse answer, and how to log in there."""

    kafka: KafkaSettings
    warehouse_url: str

    @property
    def bootstrap(self) -> str:
        """Kafka's servers; the embedded broker also wants the login that `export` passes on."""
        return str(self.kafka.bootstrap_servers)

    def environment(self) -> dict[str, str]:
        """Return the variables that name these addresses."""
        values = self.kafka.model_dump(exclude_none=True)
        plain = {name: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for name, v in values.items()}
        names = {f"SUARA_KAFKA__{name.upper()}": value for name, value in plain.items()}
        return {**names, "SUARA_WAREHOUSE__URL": self.warehouse_url}


def ensure(settings: Settings, *, sink: bool = False, stay: bool = False, say: Say) -> Addresses:
    """Start what is not up, to stay up until `down`, and return the addresses. Raises `PartUnavailableError`.

    Inside `owned`, what it starts belongs to that block instead. With `stay`, also what another command started and
    owns stays up.
    """
    return _start(settings, owner=guardian.owner_of(settings.home), sink=sink, stay=stay, say=say)


def ensure_warehouse(settings: Settings, *, say: Say, revision: str = "head") -> str:
    """Start PostgreSQL alone, for a command that only reads and writes there, and return its address.

    The warehouse is brought to this version or, with `revision`, up or down to that one.
    """
    from warehouse import migrate

    with processes.locked(settings.home, say):
        url = _start_postgres(settings, owner=guardian.owner_of(settings.home), say=say)
        if revision == "head":
            migrate.upgrade(url)
        else:
            migrate.move(url, revision)
    return url


@contextlib.contextmanager
def owned(settings: Settings, *, sink: bool = True, migrating: bool = True, say: Say) -> Iterator[Addresses]:
    """Start what is not up for the length of a block, or of this process should it be killed.

    Without `migrating` the warehouse is left at its revision, whatever that is.
    """
    with guardian.guarded(settings.home) as owner:
        yield _start(settings, owner=owner, sink=sink, migrating=migrating, say=say)


def addresses(settings: Settings) -> Addresses:
    """Return the addresses of what is running or set. Raises `PartUnavailableError` naming what is not up."""
    bootstrap, url = settings.kafka.bootstrap_servers, settings.warehouse.url
    missing = [
        TITLES[name]
        for name, given in (("postgres", url), ("kafka", bootstrap))
        if given is None and processes.find(settings.home, name) is None
    ]
    if missing:
        message = f"{' and '.join(missing)}: not up"
        raise PartUnavailableError(message, remedy="`suara up` starts what is missing.")
    return Addresses(
        settings.kafka if bootstrap else kafka.settings_of(settings.home, settings.kafka),
        url.get_secret_value() if url else postgres.url(settings.home),
    )


def export(found: Addresses) -> None:
    """Put the addresses where settings are read, for jobs, DAGs and child processes."""
    os.environ.update(found.environment())


def require_sink(settings: Settings) -> None:
    """Raise `PartUnavailableError` with the end of its log when this home's sink has died; for whoever waits for it."""
    record = processes.recorded(settings.home, SINK)
    if record is not None and not processes.alive(record.identity):
        message = f"the sink has ended; the end of {record.log}:\n{processes.tail(Path(record.log))}"
        raise PartUnavailableError(message, remedy="`suara up` starts it again.")


def down(settings: Settings, say: Say) -> list[str]:
    """Stop every embedded part of this home, and return the names of those that ran."""
    with processes.locked(settings.home, say):
        records = processes.all_recorded(settings.home)
        running = [record.name for record in records if processes.alive(record.identity)]
        if running:
            say(f"Stopping {', '.join(TITLES.get(name, name) for name in running)}")
        processes.stop(settings.home, records)
    return running


def _start(
    settings: Settings, *, owner: Identity | None, sink: bool, stay: bool = False, migrating: bool = True, say: Say
) -> Addresses:
    clock = SystemClock()
    began = clock.monotonic()
    _close_reports(settings.home)
    with processes.locked(settings.home, say):
        before = _running(settings)
        found = _start_servers(settings, owner=owner, say=say)
        _prepare(settings, found, migrating=migrating, say=say)
        if sink:
            _start_sink(settings, found, owner=owner, say=say)
        if stay:
            processes.keep(settings.home, TITLES)
        started = _running(settings) - before
    if started:
        say(f"Ready after {clock.monotonic() - began:.1f} s")
    return found


def _close_reports(home: Path) -> None:
    """Keep the reports, which quote people, from other accounts, also where those may pass through the home."""
    folder = processes.private(home / "reports")
    if folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)


def _running(settings: Settings) -> set[str]:
    return {record.name for record in processes.all_recorded(settings.home) if processes.alive(record.identity)}


def _start_servers(settings: Settings, *, owner: Identity | None, say: Say) -> Addresses:
    """Start the servers that no setting names; the broker warms up while PostgreSQL starts."""
    broker = None
    if settings.kafka.bootstrap_servers is None:
        broker = kafka.start(settings.home, settings.local, owner=owner, say=say)
    else:
        preflight.check_kafka(settings.kafka, making=True)
    url = _start_postgres(settings, owner=owner, say=say)
    if broker is None:
        return Addresses(settings.kafka, url)
    kafka.wait(settings.home, broker)
    return Addresses(kafka.settings_of(settings.home, settings.kafka), url)


def _start_postgres(settings: Settings, *, owner: Identity | None, say: Say) -> str:
    if settings.warehouse.url is None:
        return postgres.start(settings.home, settings.local, owner=owner, say=say)
    url = settings.warehouse.url.get_secret_value()
    preflight.check_warehouse(url)
    return url


def _prepare(settings: Settings, found: Addresses, *, migrating: bool, say: Say) -> None:
    """Bring the warehouse to this version, unless told not to, make missing topics and raise partitions of others."""
    from streams.partitions import raise_partitions
    from streams.topics import ensure_topics
    from warehouse import migrate

    if migrating:
        migrate.upgrade(found.warehouse_url)
    ensure_topics(found.kafka, log_days=settings.community.retention.log_days)
    raise_partitions(found.kafka, say=say)


def _start_sink(settings: Settings, found: Addresses, *, owner: Identity | None, say: Say) -> None:
    environment = {**os.environ, **settings.places(), **found.environment()}
    ours = repr((sorted(found.environment().items()), settings.places(), settings.sink, version("suara")))
    about = hashlib.sha256(ours.encode()).hexdigest()[:16]
    running = processes.find(settings.home, SINK)
    if running and running.about == about:
        processes.join(settings.home, running, owner)
        return
    if running:
        say("Restarting the sink: its settings or its version have changed")
        processes.stop(settings.home, [running], forget=False)
    else:
        died = processes.recorded(settings.home, SINK)
        say(f"Starting the sink again: it had ended, see {died.log}" if died else "Starting the sink")
    port = ports.choose(settings.home, SINK, fixed=settings.sink.metrics_port or None)
    command = [sys.executable, "-m", "suara", "sink", "--metrics-port", str(port)]
    address = f"{ports.HOST}:{port}"
    launch = Launch(name=SINK, command=command, about=about, address=address, environment=environment)
    processes.start(settings.home, launch, owner=owner)

"""All embedded parts together: start what is not up and not set by settings, say so, and stop it again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from kernel.settings import Settings
from suara.local import guardian, kafka, postgres, processes
from suara.local.processes import Identity, Say


@dataclass(frozen=True)
class Addresses:
    """Where Kafka and the warehouse answer."""

    bootstrap: str
    warehouse_url: str


def start_servers(settings: Settings, *, owner: Identity | None, say: Say) -> Addresses:
    """Start the servers that are not up and that no setting names."""
    with processes.locked(settings.home, say):
        own_warehouse = settings.warehouse.url
        if own_warehouse is None:
            say(f"Starting {postgres.TITLE}")
            url = postgres.start(settings.home, settings.local, owner=owner, say=say)
        else:
            url = own_warehouse.get_secret_value()
        bootstrap = settings.kafka.bootstrap_servers
        if bootstrap is None:
            say(f"Starting {kafka.TITLE}")
            bootstrap = kafka.start(settings.home, settings.local, owner=owner, say=say)
    return Addresses(bootstrap, url)


def export(addresses: Addresses) -> None:
    """Put the addresses where settings are read, for jobs, DAGs and child processes."""
    os.environ["SUARA_KAFKA__BOOTSTRAP_SERVERS"] = addresses.bootstrap
    os.environ["SUARA_WAREHOUSE__URL"] = addresses.warehouse_url


@contextlib.contextmanager
def owned_servers(settings: Settings, *, say: Say) -> Iterator[Addresses]:
    """Run the servers for the length of a block, or of this process if it is killed."""
    with guardian.guarded(settings.home) as owner:
        yield start_servers(settings, owner=owner, say=say)

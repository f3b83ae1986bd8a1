"""A sink in a process of its own, for tests that stop or kill it: `python -m tests.streams.run_sink PREFIX GROUP`.

Prints a line when it begins, and the number of records behind it after each batch. From its environment it takes the
addresses BROKER and WAREHOUSE and, where a test wants a strange sink: CLOCK_AHEAD (seconds that its clock is wrong by),
SILENCE (seconds after which Kafka gives the partitions of a sink that waits to others), and KAFKA_GROUP (another group
at the broker, so that it owns each partition beside the sink that owns it already).
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Any

from kernel import log
from kernel.clock import SystemClock
from kernel.errors import SuaraError
from kernel.settings import KafkaSettings
from streams import backfill, broker
from streams.sink import Sink, SinkTotals
from streams.topics import INGESTED, Topic


class WrongClock(SystemClock):
    """The machine's clock, some seconds off."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=float(os.environ.get("CLOCK_AHEAD", "0")))


def main(prefix: str, group: str) -> None:
    """Run until SIGTERM, in small batches."""
    log.configure(level=os.environ.get("LEVEL", "ERROR"))
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    broker.MAX_SILENCE_SECONDS = float(os.environ.get("SILENCE", broker.MAX_SILENCE_SECONDS))
    if "KAFKA_GROUP" in os.environ:
        backfill.Consumer = partial(_in_group, os.environ["KAFKA_GROUP"])  # type: ignore[misc, assignment]

    def report(totals: SinkTotals) -> None:
        sys.stdout.write(f"{totals.loaded + totals.duplicates + totals.rejected}\n")
        sys.stdout.flush()

    sink = Sink(
        KafkaSettings(bootstrap_servers=os.environ["BROKER"], group=group),
        os.environ["WAREHOUSE"],
        clock=WrongClock(),
        batch=40,
        topics=[prefix + topic for topic in INGESTED],
        dead_letters=prefix + Topic.DLQ,
        pace=backfill.Pace(prefix + Topic.BACKFILL),
        progress=report,
    )
    report(SinkTotals())
    try:
        sink.run(stop)
    except SuaraError as error:
        sys.exit(f"{type(error).__name__}: {error}\n{error.remedy}")


def _in_group(kafka_group: str, *arguments: Any, group: str, **options: Any) -> broker.Consumer:
    """Return a consumer that is in another group at the broker than the warehouse knows the sink by."""
    return broker.Consumer(*arguments, group=f"{group}.{kafka_group}", **options)


if __name__ == "__main__":
    main(*sys.argv[1:])

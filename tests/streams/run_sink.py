"""A sink in a process of its own, for tests that stop or kill it: `python -m tests.streams.run_sink PREFIX GROUP`.

Prints a line when it begins, and the number of records behind it after each batch.
"""

from __future__ import annotations

import os
import signal
import sys
from threading import Event

from kernel import log
from kernel.clock import SystemClock
from kernel.settings import KafkaSettings
from streams.sink import Sink, SinkTotals
from streams.topics import INGESTED, Topic


def main(prefix: str, group: str) -> None:
    """Run until SIGTERM, in small batches."""
    log.configure(level="ERROR")
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def report(totals: SinkTotals) -> None:
        sys.stdout.write(f"{totals.loaded + totals.duplicates + totals.rejected}\n")
        sys.stdout.flush()

    sink = Sink(
        KafkaSettings(bootstrap_servers=os.environ["BROKER"], group=group),
        os.environ["WAREHOUSE"],
        clock=SystemClock(),
        batch=40,
        topics=[prefix + topic for topic in INGESTED],
        dead_letters=prefix + Topic.DLQ,
        progress=report,
    )
    report(SinkTotals())
    sink.run(stop)


if __name__ == "__main__":
    main(*sys.argv[1:])

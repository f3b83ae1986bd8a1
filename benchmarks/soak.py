"""An hour of traffic at half of full speed while sinks are killed: is anything wrong, does memory grow?

`python -m benchmarks.soak [--minutes 60]` starts servers of its own in a temporary home and measures how fast one sink
drains a topic. Then events flow at half of that into two sinks: one that lives through it all, whose memory is looked
at, and one that is killed with SIGKILL at random moments and started again. At the end every record of the log is
compared with the archive, byte by byte, and `core` with what the archive speaks of. Exit code 1 when a record is wrong
or the survivor's memory moved by more than 5 %.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import Engine

from benchmarks.sink import events, loaded
from kernel import log
from kernel.errors import SuaraError
from kernel.settings import KafkaSettings, read_settings
from streams.broker import Place, Producer, logs
from streams.events import Event, encode
from streams.offsets import waiting
from streams.past import Past, Stretch
from streams.publisher import publish
from streams.reconcile import core_counts
from streams.topics import INGESTED, Topic
from suara.local import stack
from warehouse.bulk import driver_of
from warehouse.engine import connect

TOLERANCE = 0.05
_POISON = b'{"no": "event"}'
_POISON_EVERY = 1000
_SAMPLE_SECONDS = 5.0
_CHUNK = 100
_PATIENCE_SECONDS = 600.0
_END_SECONDS = 60.0
_STRETCH = 50_000


@dataclass
class Memory:
    """Resident megabytes of the surviving sink over time: pairs of seconds since its start and megabytes."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    def median(self, start: float, end: float) -> float:
        """Return the median of what was seen between two instants."""
        return statistics.median(size for at, size in self.samples if start <= at <= end)


class Traffic(threading.Thread):
    """Sends so many records a second, one in a thousand of them no event at all."""

    def __init__(self, kafka: KafkaSettings, *, seed: int, rate: float) -> None:
        super().__init__(daemon=True)
        self._kafka, self._seed, self._rate = kafka, seed, rate
        self.over = threading.Event()
        self.sent = 0
        self.error: SuaraError | None = None

    def run(self) -> None:
        """Send until `over` is set."""
        began = time.monotonic()
        try:
            with Producer(self._kafka) as producer:
                for event in _endless(self._seed):
                    self._send(producer, event)
                    early = self.sent / self._rate - (time.monotonic() - began)
                    if self.sent % _CHUNK == 0 and self.over.wait(max(0.0, early)):
                        return
        except SuaraError as error:
            self.error = error

    def _send(self, producer: Producer, event: Event) -> None:
        key = event.partitionkey.encode()
        self.sent += 1
        producer.send(Topic.POSTS, key=key, value=_POISON if self.sent % _POISON_EVERY == 0 else encode(event))


def _endless(seed: int) -> Iterator[Event]:
    """Yield events a twentieth of a second apart, so that no hour of them reaches into the future."""
    return events(number=sys.maxsize, seed=seed, posts_only=False, step=timedelta(milliseconds=50))


@contextmanager
def _sink(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A sink in a process of its own, which ends with the block."""
    command = [sys.executable, "-m", "suara", "sink"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def full_speed(found: stack.Addresses, engine: Engine, environment: dict[str, str], *, number: int, seed: int) -> float:
    """Return how many events a second one sink loads of so many that wait, from its first batch on."""
    with Producer(found.kafka) as producer:
        publish(islice(_endless(seed), number), producer)

    with _sink(environment):
        while not (first := loaded(engine, found.kafka.group)):
            time.sleep(0.05)
        began = time.monotonic()
        while (now := loaded(engine, found.kafka.group)) < number:
            time.sleep(0.05)
    return (now - first) / (time.monotonic() - began)


def soak(
    found: stack.Addresses, engine: Engine, environment: dict[str, str], *, minutes: float, rate: float, seed: int
) -> dict[str, Any]:
    """Let traffic flow and kill sinks for so many minutes, and return what was done, with the survivor's memory."""
    chance, memory, kills = random.Random(seed), Memory(), 0  # noqa: S311
    traffic = Traffic(found.kafka, seed=seed + 1, rate=rate)
    began, span = time.monotonic(), minutes * 60
    with _sink(environment) as survivor:
        traffic.start()
        process = psutil.Process(survivor.pid)
        while (now := time.monotonic() - began) < span:
            dies = min(span, now + chance.uniform(1, 40))
            with _sink(environment) as victim:
                while (now := time.monotonic() - began) < dies:
                    memory.samples.append((now, process.memory_info().rss / 1e6))
                    time.sleep(min(_SAMPLE_SECONDS, max(0.0, dies - now)))
                victim.send_signal(signal.SIGKILL)
                kills += 1
            _say(f"{now / 60:5.1f} min, {traffic.sent:,} sent, {kills} kills, {memory.samples[-1][1]:.0f} MB")
            if traffic.error:
                raise traffic.error
            if survivor.poll() is not None:
                sys.exit("the sink that was to survive has stopped by itself; it says why above")
        traffic.over.set()
        traffic.join()
        _wait_until_loaded(engine, found.kafka)
    early, late = memory.median(span / 6, span / 3), memory.median(span * 5 / 6, span)
    return {
        "minutes": minutes,
        "records": traffic.sent,
        "records_per_second": round(traffic.sent / span),
        "kills": kills,
        "memory_mb_early": round(early, 1),
        "memory_mb_late": round(late, 1),
        "memory_change": round(late / early - 1, 4),
    }


def _wait_until_loaded(engine: Engine, kafka: KafkaSettings) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while left := waiting(engine, kafka, topics=INGESTED):
        if time.monotonic() > deadline:
            sys.exit(f"the sinks did not load everything: {left:,} records wait")
        time.sleep(0.5)


def wrong_records(engine: Engine, kafka: KafkaSettings) -> tuple[int, int]:
    """Compare the log with the archive, record by record; return how many there are and how many are wrong."""
    compared = wrong = 0
    with Past(kafka) as past, engine.connect() as connection:
        driver = driver_of(connection)
        for place, kept in logs(kafka, INGESTED).items():
            refused = {offset for (offset,) in driver.execute(_REFUSED, [*place]).fetchall()}
            rows = _archive(driver, place)
            row = next(rows, None)
            for records in past.read(Stretch(place, kept.begin, kept.end)):
                for record in records:
                    compared += 1
                    is_archived = row is not None and row == (record.offset, (record.value or b"").decode())
                    is_poison = record.value == _POISON
                    wrong += is_archived == is_poison or is_poison != (record.offset in refused)
                    while row is not None and row[0] <= record.offset:
                        row = next(rows, None)
            wrong += sum(1 for _ in rows) + (row is not None)
    return compared, wrong


def core_differences(engine: Engine, kafka: KafkaSettings) -> int:
    """Return how many objects of the archive `core` does not hold as it should, counted a stretch at a time."""
    places = {place: kept for place, kept in logs(kafka, INGESTED).items() if kept.end}
    found = 0
    with engine.connect() as connection:
        for start in range(0, max(kept.end for kept in places.values()), _STRETCH):
            only = dict.fromkeys(places, (start, start + _STRETCH))
            found += sum(count.unexplained for count in core_counts(driver_of(connection), only))
    return found


def _archive(driver: psycopg.Connection[Any], place: Place) -> Iterator[tuple[int, str]]:
    with driver.cursor(name="archive") as cursor:
        cursor.itersize = 5000
        yield from cursor.execute(_ARCHIVED, [*place])


_ARCHIVED = """
    select kafka_offset, payload from raw.event where topic = %s and kafka_partition = %s order by kafka_offset
"""
_REFUSED = "select kafka_offset from raw.rejected_event where topic = %s and kafka_partition = %s"


def run(*, minutes: float, seed: int, rate: float | None, calibration: int) -> dict[str, Any]:
    """Return the figures of a soak on servers of its own; `rate` in records a second, by default half of full speed."""
    with tempfile.TemporaryDirectory(prefix="suara-soak-") as folder:
        Path(folder).chmod(0o711)
        settings = read_settings({"SUARA_HOME": folder})
        with stack.owned(settings, sink=False, say=_say) as found:
            environment = {**os.environ, "SUARA_HOME": folder, **found.environment()}
            engine = connect(found.warehouse_url)
            speed = full_speed(found, engine, environment, number=calibration, seed=seed)
            rate = rate or speed / 2
            _say(f"One sink loads {speed:,.0f} events/s. {minutes:g} minutes at {rate:,.0f} records/s begin.")
            figures = soak(found, engine, environment, minutes=minutes, rate=rate, seed=seed)
            _say("Comparing every record.")
            compared, wrong = wrong_records(engine, found.kafka)
            differences = core_differences(engine, found.kafka)
    return {
        **figures,
        "full_speed": round(speed),
        "records_compared": compared,
        "records_wrong": wrong,
        "core_differences": differences,
    }


def main() -> None:
    """Run, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="how long traffic flows (60)")
    parser.add_argument("--rate", type=float, help="records a second; by default half of what one sink loads")
    parser.add_argument("--calibration", type=int, default=100_000, help="events that full speed is measured with")
    parser.add_argument("--seed", type=int, default=1, help="of events and of the moments of killing (1)")
    options = parser.parse_args()
    log.configure()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the sinks and servers end with it
    figures = run(minutes=options.minutes, seed=options.seed, rate=options.rate, calibration=options.calibration)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    is_right = not figures["records_wrong"] and not figures["core_differences"]
    sys.exit(0 if is_right and abs(figures["memory_change"]) <= TOLERANCE else 1)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()

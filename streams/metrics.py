"""The sink's whole set of Prometheus metrics, as typed names. No label holds anything that a record or a person says.

Labels are stages, outcomes, parts, reasons of ours or of PostgreSQL, and topics with their partitions: each a small
set that no record can make larger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from kernel.clock import Clock
from streams.broker import Place
from streams.progress import Part, Progress, Stage

# A second series that says when each one was made doubles the page, and nothing here needs it.
disable_created_metrics()  # type: ignore[no-untyped-call]

TIMED = (Stage.READ, Stage.DECODE, Stage.DEAD_LETTERS, Stage.LOAD)
OUTCOMES = ("loaded", "duplicate", "forgotten", "rejected")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_RECORDS = (1, 10, 50, 100, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 50_000)


class Metrics:
    """The metrics of one sink, in a registry of its own. Times are in seconds, sizes in records."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._oldest_waiting: datetime | None = None
        self._newest_loaded: datetime | None = None
        self.registry = CollectorRegistry()
        self.read = self._counter("read_records", "Records read from Kafka, again after a failure.", "topic")
        self.records = self._counter("records", "Records committed to the warehouse, by outcome.", "outcome")
        self.rejected = self._counter("rejected_records", "Records refused, by stage and reason.", "stage", "reason")
        self.lost = self._counter("lost_records", "Offsets that were gone from the log before they were read.")
        self.batch = self._histogram("batch_records", "Records of a batch.", _RECORDS)
        self.stage_seconds = self._histogram(
            "stage_seconds",
            "Seconds that a stage took; `read` waits for records up to half a second.",
            _SECONDS,
            "stage",
        )
        self.lag = self._gauge(
            "lag_records", "Records from what is in the warehouse to the partition's end, as last fetched.",
            "topic", "partition",
        )  # fmt: skip
        self.partitions = self._gauge("partitions", "Partitions that this sink owns.")
        self.freshness = self._gauge(
            "freshness_seconds", "Age of the oldest record that is read and not in the warehouse; 0 without one."
        )
        self.last_loaded = self._gauge(
            "last_record_timestamp_seconds", "When the broker appended the newest record loaded; 0 before the first."
        )
        self.poll_errors = self._counter("poll_errors", "Polls that ended with an error.")
        self.rebalances = self._counter("rebalances", "Times that partitions were assigned or revoked.", "change")
        self.retries = self._counter("retries", "Attempts that failed because a part was away.", "part")
        self.in_stage = self._gauge("in_stage", "1 for each stage that the sink is in now.", "stage")
        self.stage_quiet = self._gauge(
            "stage_quiet_seconds", "For how long a stage has not moved on; 0 when the sink is not in it.", "stage"
        )
        self.stuck = self._gauge("stuck", "1 when a stage has not moved on for too long.")
        self._begin_at_zero()
        self._describe_process()

    def took(self, stage: Stage, seconds: float) -> None:
        """Note how long a stage of a batch took."""
        if stage in TIMED:
            self.stage_seconds.labels(stage).observe(seconds)

    def follow(self, progress: Progress) -> None:
        """Show where the sink is, at the moment of each look."""
        for stage in Stage:
            self.in_stage.labels(stage).set_function(_presence(progress, stage))
            self.stage_quiet.labels(stage).set_function(_quiet(progress, stage))
        self.stuck.set_function(lambda: float(progress.standing().status == "stuck"))

    def leave(self, place: Place) -> None:
        """Forget the lag of a partition that another sink owns now."""
        self.lag.remove_by_labels({"topic": place.topic, "partition": str(place.partition)})

    def loaded_up_to(self, instant: datetime) -> None:
        """Note when the newest record of a loaded batch was appended; batches of several partitions may go back."""
        if self._newest_loaded is None or instant > self._newest_loaded:
            self._newest_loaded = instant
            self.last_loaded.set(instant.timestamp())

    def wait_for(self, oldest: datetime | None) -> None:
        """Note when the oldest record that is read and not loaded was appended, or that there is none."""
        self._oldest_waiting = oldest

    def reject(self, reasons: Sequence[tuple[str, str]]) -> None:
        """Count refused records by stage and reason."""
        for stage, reason in reasons:
            self.rejected.labels(stage, reason).inc()

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics as text, and its content type, in the form that a scraper accepts."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self.registry), content_type

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"suara_sink_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"suara_sink_{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"suara_sink_{name}", meaning, labels, buckets=buckets, registry=self.registry)

    def _begin_at_zero(self) -> None:
        """Make each series whose labels are known: an alert cannot see the first step of one that begins at 1."""
        for outcome in OUTCOMES:
            self.records.labels(outcome)
        for stage in TIMED:
            self.stage_seconds.labels(stage)
        for change in ("assigned", "revoked"):
            self.rebalances.labels(change)
        for part in Part:
            self.retries.labels(part)
        self.freshness.set_function(self._freshness)

    def _describe_process(self) -> None:
        """Show version, memory, processor time and open files, where the system tells."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Info("suara_sink", "Version of this sink.", registry=self.registry).info({"version": version("suara")})

    def _freshness(self) -> float:
        oldest = self._oldest_waiting
        return 0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds())


def _presence(progress: Progress, stage: Stage) -> Callable[[], float]:
    return lambda: float(progress.seconds_in(stage) is not None)


def _quiet(progress: Progress, stage: Stage) -> Callable[[], float]:
    return lambda: progress.seconds_in(stage) or 0.0

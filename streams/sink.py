"""The sink: from Kafka to the warehouse, effectively once, whatever happens on the way.

The loop is: read, send dead letters and wait until they are acknowledged, write rows and offsets in one transaction.
While PostgreSQL or Kafka is away the sink keeps its batch and its membership, and tries again. Any number of sinks may
run side by side, and killing one at any moment neither loses nor doubles a record.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from threading import Event as Flag
from typing import TypeVar

import psycopg
from sqlalchemy import Engine
from sqlalchemy import exc as alchemy

from kernel.clock import Clock
from kernel.errors import PartUnavailableError, StreamError, SuaraError, WarehouseError
from kernel.log import logger
from kernel.settings import KafkaSettings
from streams.backfill import Pace
from streams.broker import Place
from streams.deadletters import DeadLetters, Refusal
from streams.events import MemberErasedEvent
from streams.limits import Limits, excess
from streams.load import DATA_ERRORS, Batch, Loader, Outcome, explain, find_culprits
from streams.metrics import OUTCOMES, Metrics
from streams.offsets import positions, waiting
from streams.progress import Part, Progress, Stage, watched
from streams.reader import Reader
from streams.tombstones import keep, of_warehouse
from streams.topics import INGESTED, Topic
from warehouse.bulk import driver_of
from warehouse.engine import connect
from warehouse.migrate import require_head
from warehouse.partitions import ensure_arrivals

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, alchemy.OperationalError, alchemy.InterfaceError,
        psycopg.errors.IdleInTransactionSessionTimeout, psycopg.errors.TransactionTimeout,
        psycopg.errors.ReadOnlySqlTransaction, PartUnavailableError)  # fmt: skip
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)
IDLE_CHECK_SECONDS = 0.3
PATIENCE_UNTIL_IDLE = 60.0
SIGN_SECONDS = 30.0
STUCK_SECONDS = 120.0
LOOK_AGAIN_AFTER = 200

T = TypeVar("T")
_log = logger("streams")


@dataclass(frozen=True)
class SinkTotals:
    """Records since the start: written, seen before, refused with a reason, and dropped as a forgotten member's."""

    loaded: int = 0
    duplicates: int = 0
    rejected: int = 0
    forgotten: int = 0


class _Stopped(Exception):
    """The sink was told to stop while it waited for a part that is away."""


class Sink:
    """One consumer process. `progress` is called after each batch; `metrics` and `stages` may be looked at any time.

    So many records as `allowed` may be refused beyond the limits before it stops. Erasures are noted in the file
    `tombstones`, too.
    """

    _reader: Reader

    def __init__(
        self,
        kafka: KafkaSettings,
        warehouse_url: str,
        *,
        clock: Clock,
        batch: int = 4000,
        topics: Collection[str] = INGESTED,
        dead_letters: str = Topic.DLQ,
        pace: Pace = Pace(),  # noqa: B008 - a value
        limits: Limits = Limits(),  # noqa: B008 - a value
        allowed: int = 0,
        tombstones: Path | None = None,
        progress: Callable[[SinkTotals], None] = lambda _: None,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._kafka = kafka
        self._url = warehouse_url
        self._clock = clock
        self._batch = batch
        self._topics = topics
        self._pace = pace
        self._limits = limits
        self._allowed = allowed
        self._tombstones = tombstones
        self.metrics = Metrics(clock)
        self.stages = Progress(clock, stuck_seconds=stuck_seconds, took=self.metrics.took)
        self.metrics.follow(self.stages)
        self._letters = DeadLetters(kafka, topic=dead_letters, moved=self.stages.moved)
        self._progress = progress
        self._totals = SinkTotals()
        self._loader: Loader | None = None
        self._stop = Flag()
        self._patience = float("inf")

    def run(self, stop: Flag, *, until_idle: bool = False) -> SinkTotals:
        """Load records until `stop` is set or, with `until_idle`, until every record of every partition is loaded.

        A batch is finished or left alone, never half written. Raises `TopicRecreatedError`, `WarehouseError` when the
        schema does not fit, `StreamError` when dead letters cannot be kept or would be too many, and
        `PartUnavailableError` when a part does not answer at the start or, with `until_idle`, for a minute.
        """
        self._stop = stop
        self._patience = PATIENCE_UNTIL_IDLE if until_idle else float("inf")
        engine = connect(self._url, role="ingest")
        try:
            with watched(self.stages, self._clock):
                self._begin(engine)
                try:
                    self._loop(engine, until_idle=until_idle)
                    self._reader.hint()
                finally:
                    self._reader.close()
        except _Stopped:
            _log.info("stopped while waiting; the batch will be read again")
        except psycopg.Error as error:
            message = f"the warehouse refused the sink: {error.diag.message_primary or type(error).__name__}"
            raise WarehouseError(message, remedy="`suara up` brings the warehouse up to date.") from error
        finally:
            self._disconnect()
            self._letters.close()
            engine.dispose()
        return self._totals

    def _begin(self, engine: Engine) -> None:
        """Look at the warehouse and join the group."""
        with self.stages.stage(Stage.START):
            require_head(engine)
            with engine.begin() as connection:
                ensure_arrivals(connection, self._clock.now().date())
            self._keep_tombstones(engine)  # one that was killed may have left some out
            self._reader = Reader(
                self._kafka,
                self._topics,
                clock=self._clock,
                batch=self._batch,
                stored=lambda: positions(engine, group=self._kafka.group, topics=self._topics),
                metrics=self.metrics,
                progress=self.stages,
                pace=self._pace,
            )

    def _loop(self, engine: Engine, *, until_idle: bool) -> None:
        """Read a batch ahead while PostgreSQL works on the one before. Never do two threads use the reader at once."""
        batch, checked = Batch({}, [], []), self._clock.monotonic()
        signed = checked
        with ThreadPoolExecutor(1, "read-ahead") as ahead:
            while not self._stop.is_set():
                passed_over = self._reader.accepted_gaps(batch)
                coming = ahead.submit(self._reader.read)
                gaps = self._deliver(engine, batch, passed_over)
                following = self._awaited(coming)
                self._reader.done(batch, gaps)
                batch = following.without(gaps)
                if self._clock.monotonic() - signed > SIGN_SECONDS:
                    signed = self._clock.monotonic()
                    self._patiently(partial(self._sign, engine))
                if until_idle and not batch.reaches and self._clock.monotonic() - checked > IDLE_CHECK_SECONDS:
                    checked = self._clock.monotonic()
                    if self._patiently(partial(self._left, engine)) == 0:
                        return

    def _sign(self, engine: Engine) -> None:
        with self.stages.stage(Stage.LOAD):
            self._connected(engine).sign(self._reader.ends())

    def _left(self, engine: Engine) -> int:
        with self.stages.stage(Stage.READ):
            return waiting(engine, self._kafka, topics=self._topics)

    def _awaited(self, coming: Future[Batch]) -> Batch:
        """Return what was read ahead; should that have failed, read it now."""
        attempts = chain([coming.result], repeat(self._reader.read))
        return self._patiently(lambda: next(attempts)())

    def _deliver(self, engine: Engine, batch: Batch, passed_over: frozenset[Place]) -> dict[Place, int]:
        """Bring a batch into the warehouse, and return its gaps. Dead letters are safe before the offsets pass them."""
        if not batch.reaches:
            return {}
        self._refuse(engine, batch, batch.refusals)
        outcome = None
        while outcome is None:
            try:
                outcome = self._patiently(partial(self._load, engine, batch, passed_over))
            except DATA_ERRORS:
                batch = self._without_culprits(engine, batch)
        self._count(batch, outcome)
        if any(isinstance(arrival.event, MemberErasedEvent) for arrival in batch.arrivals):
            self._keep_tombstones(engine)
        self._progress(self._totals)
        return outcome.gaps

    def _count(self, batch: Batch, outcome: Outcome) -> None:
        """Add what became of a batch to totals and metrics."""
        counts = (outcome.loaded, outcome.duplicates, outcome.forgotten, outcome.rejected)
        for name, count in zip(OUTCOMES, counts, strict=True):
            self.metrics.records.labels(name).inc(count)
        self.metrics.reject(outcome.reasons)
        self.metrics.batch.observe(len(batch.arrivals) + len(batch.refusals))
        self.metrics.loaded_up_to(max(reach.record_ts for reach in batch.reaches.values()))
        self._totals = SinkTotals(
            loaded=self._totals.loaded + outcome.loaded,
            duplicates=self._totals.duplicates + outcome.duplicates,
            rejected=self._totals.rejected + outcome.rejected,
            forgotten=self._totals.forgotten + outcome.forgotten,
        )

    def _send_letters(self, refusals: Sequence[Refusal]) -> None:
        if refusals:
            self._patiently(partial(self._in_stage, Stage.DEAD_LETTERS, lambda: self._letters.send(refusals)))

    def _in_stage(self, stage: Stage, action: Callable[[], T]) -> T:
        with self.stages.stage(stage):
            return action()

    def _keep_tombstones(self, engine: Engine) -> None:
        """Note outside of the warehouse who was forgotten, for restored backups. A failure stops no sink."""
        if self._tombstones is None:
            return
        try:
            with engine.connect() as connection:
                keep(self._tombstones, of_warehouse(driver_of(connection)))
        except (OSError, SuaraError, *AWAY) as error:
            _log.error("tombstones are not in their file; `suara backup` writes them", error=type(error).__name__)

    def _without_culprits(self, engine: Engine, batch: Batch) -> Batch:
        """Find the events that PostgreSQL alone refuses, make dead letters of them, and return the batch without."""
        find = partial(self._in_stage, Stage.LOAD, partial(self._culprits, engine, batch))
        culprits = self._patiently(find)
        if not culprits:
            message = "PostgreSQL refuses a batch of events, but none of them alone"
            raise StreamError(message, remedy="Start the sink again with a smaller --batch.")
        refused = {id(refusal.record) for refusal in culprits}
        arrivals = [arrival for arrival in batch.arrivals if id(arrival.record) not in refused]
        rest = Batch(batch.reaches, arrivals, batch.refusals + culprits)
        self._refuse(engine, rest, culprits)
        return rest

    def _culprits(self, engine: Engine, batch: Batch) -> list[Refusal]:
        """Return what PostgreSQL refuses. Raises as soon as that is too much, for to find each takes its time."""
        found: list[Refusal] = []
        for arrival, error in find_culprits(self._connected(engine), batch.arrivals):
            found.append(Refusal(arrival.record, arrival.record_ts, explain(error), self._clock.now()))
            if len(found) % LOOK_AGAIN_AFTER == 0:
                self._require_permission(engine, Batch(batch.reaches, [], batch.refusals + found), len(found))
        return found

    def _refuse(self, engine: Engine, batch: Batch, refusals: Sequence[Refusal]) -> None:
        """Make dead letters of these refusals of a batch, unless they are too many; then nothing of it has happened."""
        if not refusals:
            return
        if self._patiently(partial(self._require_permission, engine, batch, len(refusals))):
            self._allowed -= len(refusals)
        self._send_letters(refusals)

    def _require_permission(self, engine: Engine, batch: Batch, number: int) -> bool:
        """Return whether it takes a permission to refuse so many. Raises `StreamError` when there is none."""
        topics, look_back = {refusal.record.topic for refusal in batch.refusals}, self._limits.look_back
        recent = self._connected(engine).recently_refused(topics, look_back=look_back)
        error = excess(batch, recent, self._limits)
        if error is not None and self._allowed < number:
            raise error
        return error is not None

    def _load(self, engine: Engine, batch: Batch, gaps: frozenset[Place]) -> Outcome:
        with self.stages.stage(Stage.LOAD):
            return self._connected(engine).load(batch, accept_gaps=gaps)

    def _connected(self, engine: Engine) -> Loader:
        if self._loader is None:
            owner = f"{socket.gethostname()}:{os.getpid()}"
            self._loader = Loader(engine, group=self._kafka.group, owner=owner, moved=self.stages.moved)
        return self._loader

    def _disconnect(self) -> None:
        if self._loader is not None:
            self._loader.close()
            self._loader = None

    def _patiently(self, action: Callable[[], T]) -> T:
        """Do it, and while PostgreSQL or Kafka is away do it again, later and later. Heartbeats go on by themselves."""
        began, delays = self._clock.monotonic(), chain(BACK_OFF, repeat(BACK_OFF[-1]))
        with ExitStack() as away:
            while True:
                try:
                    return action()
                except DATA_ERRORS:  # some of these are OperationalErrors too, and no waiting helps them
                    raise
                except AWAY as error:
                    part = _missing_part(error)
                    self.metrics.retries.labels(part).inc()
                    self._disconnect()
                    if self._clock.monotonic() - began > self._patience:
                        raise
                    seconds = next(delays)
                    _log.warning("a part is away, trying again", part=part, error=type(error).__name__, seconds=seconds)
                    if seconds == BACK_OFF[0]:
                        away.enter_context(self.stages.stage(Stage.AWAY, part=part))
                    if self._stop.wait(seconds):
                        raise _Stopped from error


def _missing_part(error: Exception) -> Part:
    ours = PartUnavailableError  # it comes from both parts, and its cause tells from which
    kafka = isinstance(error, ours) and not isinstance(error.__cause__, psycopg.Error)
    return Part.KAFKA if kafka else Part.WAREHOUSE

"""The sink: from Kafka to the warehouse, effectively once, whatever happens on the way.

The loop is: read, send dead letters and wait until they are acknowledged, write rows and offsets in one transaction.
While PostgreSQL or Kafka is away the sink keeps its batch and its membership, and tries again. Any number of sinks may
run side by side, and killing one at any moment neither loses nor doubles a record.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from threading import Event as Flag
from typing import TypeVar

import psycopg
from sqlalchemy import Engine
from sqlalchemy import exc as alchemy

from kernel.clock import Clock
from kernel.errors import PartUnavailableError, StreamError, WarehouseError
from kernel.log import logger
from kernel.settings import KafkaSettings
from streams.broker import Place
from streams.deadletters import DeadLetters, Refusal
from streams.limits import Limits, excess
from streams.load import DATA_ERRORS, Batch, Loader, Outcome, explain
from streams.offsets import positions, waiting
from streams.reader import Reader
from streams.stage import Arrival
from streams.topics import INGESTED, Topic
from warehouse.engine import connect
from warehouse.migrate import require_head
from warehouse.partitions import ensure_arrivals

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, alchemy.OperationalError, alchemy.InterfaceError,
        PartUnavailableError)  # fmt: skip
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)
IDLE_CHECK_SECONDS = 0.3
PATIENCE_UNTIL_IDLE = 60.0
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
    """One consumer process. `progress` is called after each batch.

    So many records as `allowed` may be refused beyond the limits before it stops.
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
        limits: Limits = Limits(),  # noqa: B008 - a value
        allowed: int = 0,
        progress: Callable[[SinkTotals], None] = lambda _: None,
    ) -> None:
        self._kafka = kafka
        self._url = warehouse_url
        self._clock = clock
        self._batch = batch
        self._topics = topics
        self._letters = DeadLetters(kafka, topic=dead_letters)
        self._limits = limits
        self._allowed = allowed
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
            require_head(engine)
            with engine.begin() as connection:
                ensure_arrivals(connection, self._clock.now().date())
            self._reader = Reader(
                self._kafka,
                self._topics,
                clock=self._clock,
                batch=self._batch,
                stored=lambda: positions(engine, group=self._kafka.group, topics=self._topics),
            )
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

    def _loop(self, engine: Engine, *, until_idle: bool) -> None:
        """Read a batch ahead while PostgreSQL works on the one before. Never do two threads use the reader at once."""
        batch, checked = Batch({}, [], []), self._clock.monotonic()
        with ThreadPoolExecutor(1, "read-ahead") as ahead:
            while not self._stop.is_set():
                passed_over = self._reader.accepted_gaps(batch)
                coming = ahead.submit(self._reader.read)
                gaps = self._deliver(engine, batch, passed_over)
                following = self._awaited(coming)
                self._reader.done(batch, gaps)
                batch = following.without(gaps)
                if until_idle and not batch.reaches and self._clock.monotonic() - checked > IDLE_CHECK_SECONDS:
                    checked = self._clock.monotonic()
                    if self._patiently(lambda: waiting(engine, self._kafka, topics=self._topics)) == 0:
                        return

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
        self._totals = SinkTotals(
            loaded=self._totals.loaded + outcome.loaded,
            duplicates=self._totals.duplicates + outcome.duplicates,
            rejected=self._totals.rejected + outcome.rejected,
            forgotten=self._totals.forgotten + outcome.forgotten,
        )
        self._progress(self._totals)
        return outcome.gaps

    def _without_culprits(self, engine: Engine, batch: Batch) -> Batch:
        """Find the events that PostgreSQL alone refuses, make dead letters of them, and return the batch without."""
        culprits = self._patiently(partial(self._culprits, engine, batch))
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
        self._patiently(partial(self._letters.send, refusals))

    def _require_permission(self, engine: Engine, batch: Batch, number: int) -> bool:
        """Return whether it takes a permission to refuse so many. Raises `StreamError` when there is none."""
        topics, look_back = {refusal.record.topic for refusal in batch.refusals}, self._limits.look_back
        recent = self._connected(engine).recently_refused(topics, look_back=look_back)
        error = excess(batch, recent, self._limits)
        if error is not None and self._allowed < number:
            raise error
        return error is not None

    def _load(self, engine: Engine, batch: Batch, gaps: frozenset[Place]) -> Outcome:
        return self._connected(engine).load(batch, accept_gaps=gaps)

    def _connected(self, engine: Engine) -> Loader:
        if self._loader is None:
            self._loader = Loader(engine, group=self._kafka.group, owner=f"{socket.gethostname()}:{os.getpid()}")
        return self._loader

    def _disconnect(self) -> None:
        if self._loader is not None:
            self._loader.close()
            self._loader = None

    def _patiently(self, action: Callable[[], T]) -> T:
        """Do it, and while PostgreSQL or Kafka is away do it again, later and later. Heartbeats go on by themselves."""
        began, delays = self._clock.monotonic(), chain(BACK_OFF, repeat(BACK_OFF[-1]))
        while True:
            try:
                return action()
            except DATA_ERRORS:  # some of these are OperationalErrors too, and no waiting helps them
                raise
            except AWAY as error:
                self._disconnect()
                if self._clock.monotonic() - began > self._patience:
                    raise
                seconds = next(delays)
                _log.warning("a part is away, trying again", error=type(error).__name__, seconds=seconds)
                if self._stop.wait(seconds):
                    raise _Stopped from error


def find_culprits(loader: Loader, arrivals: Sequence[Arrival]) -> Iterator[tuple[Arrival, Exception]]:
    """Yield the events that the warehouse refuses, each with its error, by halving with the very same statements."""
    error = loader.probe(arrivals)
    if error is None:
        return
    if len(arrivals) == 1:
        yield arrivals[0], error
        return
    middle = len(arrivals) // 2
    yield from find_culprits(loader, arrivals[:middle])
    yield from find_culprits(loader, arrivals[middle:])

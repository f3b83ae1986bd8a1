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
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from threading import Event as Flag
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Engine
from sqlalchemy import exc as alchemy

from kernel.clock import Clock
from kernel.errors import PartUnavailableError, StreamError, SuaraError, WarehouseError
from kernel.log import logger
from kernel.settings import KafkaSettings
from streams.broker import Place
from streams.deadletters import DeadLetters, Refusal
from streams.events import MemberErasedEvent
from streams.load import DATA_ERRORS, Batch, Loader, Outcome, explain
from streams.offsets import positions, waiting
from streams.reader import Reader
from streams.stage import Arrival
from streams.tombstones import keep, of_warehouse
from streams.topics import INGESTED, Topic
from warehouse.engine import connect
from warehouse.migrate import require_head
from warehouse.partitions import ensure_arrivals

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, alchemy.OperationalError, alchemy.InterfaceError,
        PartUnavailableError)  # fmt: skip
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0)
IDLE_CHECK_SECONDS = 0.3
PATIENCE_UNTIL_IDLE = 60.0

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
    """One consumer process. `progress` is called after each batch; erasures are noted in the file `tombstones`, too."""

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
        tombstones: Path | None = None,
        progress: Callable[[SinkTotals], None] = lambda _: None,
    ) -> None:
        self._kafka = kafka
        self._url = warehouse_url
        self._clock = clock
        self._batch = batch
        self._topics = topics
        self._letters = DeadLetters(kafka, topic=dead_letters)
        self._tombstones = tombstones
        self._progress = progress
        self._totals = SinkTotals()
        self._loader: Loader | None = None
        self._stop = Flag()
        self._patience = float("inf")

    def run(self, stop: Flag, *, until_idle: bool = False) -> SinkTotals:
        """Load records until `stop` is set or, with `until_idle`, until every record of every partition is loaded.

        A batch is finished or left alone, never half written. Raises `TopicRecreatedError`, `WarehouseError` when the
        schema does not fit, `StreamError` when dead letters cannot be kept, and `PartUnavailableError` when a part does
        not answer at the start or, with `until_idle`, for a minute.
        """
        self._stop = stop
        self._patience = PATIENCE_UNTIL_IDLE if until_idle else float("inf")
        engine = connect(self._url, role="ingest")
        try:
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
        self._patiently(partial(self._letters.send, batch.refusals))
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
        if any(isinstance(arrival.event, MemberErasedEvent) for arrival in batch.arrivals):
            self._keep_tombstones(engine)
        self._progress(self._totals)
        return outcome.gaps

    def _keep_tombstones(self, engine: Engine) -> None:
        """Note outside of the warehouse who was forgotten, for restored backups. A failure stops no sink."""
        if self._tombstones is None:
            return
        try:
            with engine.connect() as connection:
                keep(
                    self._tombstones,
                    of_warehouse(cast("psycopg.Connection[Any]", connection.connection.driver_connection)),
                )
        except (OSError, SuaraError, *AWAY) as error:
            _log.error("tombstones are not in their file; `suara backup` writes them", error=type(error).__name__)

    def _without_culprits(self, engine: Engine, batch: Batch) -> Batch:
        """Find the events that PostgreSQL alone refuses, make dead letters of them, and return the batch without."""
        culprits = self._patiently(lambda: find_culprits(self._connected(engine), batch.arrivals))
        if not culprits:
            message = "PostgreSQL refuses a batch of events, but none of them alone"
            raise StreamError(message, remedy="Start the sink again with a smaller --batch.")
        now = self._clock.now()
        refusals = [Refusal(arrival.record, arrival.record_ts, explain(error), now) for arrival, error in culprits]
        self._patiently(partial(self._letters.send, refusals))
        refused = {id(arrival) for arrival, _ in culprits}
        arrivals = [arrival for arrival in batch.arrivals if id(arrival) not in refused]
        return Batch(batch.reaches, arrivals, batch.refusals + refusals)

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


def find_culprits(loader: Loader, arrivals: Sequence[Arrival]) -> list[tuple[Arrival, Exception]]:
    """Return the events that the warehouse refuses, each with its error, by halving with the very same statements."""
    error = loader.probe(arrivals)
    if error is None:
        return []
    if len(arrivals) == 1:
        return [(arrivals[0], error)]
    middle = len(arrivals) // 2
    return find_culprits(loader, arrivals[:middle]) + find_culprits(loader, arrivals[middle:])

"""The log read again into a warehouse, and the archive where the log no longer reaches; no offset of anybody moves.

The same code decodes and merges as in the sink, so rows that are there stay as they are, and a second replay changes
nothing. Nothing of a forgotten member is written: tombstones reach a fresh warehouse before the first record does. A
stretch that neither the log nor the archive holds is named, never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import psycopg
from sqlalchemy import Engine

from kernel.clock import Clock
from kernel.errors import InputError, StreamError
from kernel.settings import KafkaSettings
from streams.archive import WITHIN, bounds, holes
from streams.broker import Header, Log, Place, Record, logs
from streams.deadletters import Refusal
from streams.decode import Rejection, decode
from streams.load import DATA_ERRORS, Batch, Loader, explain, find_culprits
from streams.offsets import Position, positions
from streams.past import Past, Stretch, ranges
from streams.reader import judge
from streams.stage import Arrival
from warehouse.bulk import driver_of

NAMED = 5
"""Missing stretches that an error names."""

Bound = datetime | Mapping[int, int] | None
"""Where a replay begins or ends: an instant of arrival, offsets by partition, or as far as records are kept."""
Judged = Arrival | Refusal


class Part(NamedTuple):
    """A stretch, and where its records are read from."""

    stretch: Stretch
    origin: Literal["log", "archive"]


@dataclass(frozen=True)
class Plan:
    """What a replay reads, and which stretches of it nobody holds."""

    parts: list[Part]
    missing: list[Stretch]

    @property
    def size(self) -> int:
        """How many offsets it covers, missing ones included."""
        return sum(part.stretch.size for part in self.parts)

    def require_whole(self) -> None:
        """Raise `StreamError` naming the stretches that nobody holds."""
        if self.missing:
            raise StreamError(_missing(self.missing), remedy=_MISSING_REMEDY)


@dataclass
class Replayed:
    """Records by what became of them; `new` were not in the archive before."""

    read: int = 0
    new: int = 0
    refused: int = 0
    forgotten: int = 0


@dataclass
class Archived:
    """A record as the archive kept it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = ()


class Replay:
    """Plans on a warehouse with its log, and reads. `live` is the warehouse whose archive helps out."""

    def __init__(self, live: Engine, kafka: KafkaSettings, past: Past, *, clock: Clock) -> None:
        self._live = live
        self._kafka = kafka
        self._past = past
        self._clock = clock

    def plan(self, topic: str, start: Bound, end: Bound, *, beyond: bool = False) -> Plan:
        """Find what `start` and `end` mean by partition, and who holds it.

        Without `beyond` it ends where the warehouse ends: what follows is the sink's to load. Raises `InputError` when
        a partition is named that the topic does not have.
        """
        stored = positions(self._live, group=self._kafka.group, topics=[topic])
        found = logs(self._kafka, [topic])
        places = sorted(stored.keys() | found.keys())
        for bound in (start, end):
            unknown = sorted(bound.keys() - {place.partition for place in places}) if isinstance(bound, dict) else []
            if unknown:
                message = f"{topic} has no partition {', '.join(map(str, unknown))}"
                raise InputError(message, remedy=f"It has {len(places)}, from 0 to {len(places) - 1}.")
        parts: list[Part] = []
        missing: list[Stretch] = []
        with self._live.connect() as connection:
            driver = driver_of(connection)
            for place in places:
                if isinstance(start, dict) and place.partition not in start:
                    continue
                mine = self._parts(driver, place, stored.get(place), found.get(place), (start, end), beyond=beyond)
                for part in mine:
                    if part.origin == "archive":
                        missing += ranges(place, holes(driver, part.stretch))
                parts += mine
        return Plan(parts, missing)

    def run(self, plan: Plan, loader: Loader, *, show: Callable[[int], None] = lambda _: None) -> Replayed:
        """Read what is held of a plan into the warehouse behind `loader`; `show` hears how many offsets passed."""
        totals = Replayed()
        for part in plan.parts:
            passed = part.stretch.start
            for judged in self._read(part):
                outcome = _load(loader, judged, self._clock)
                totals.read += len(judged)
                totals.new += outcome.new
                totals.refused += outcome.refused
                totals.forgotten += outcome.forgotten
                last = judged[-1].record.offset + 1
                show(last - passed)
                passed = last
        return totals

    def titles(self) -> list[tuple[str, str, str | None]]:
        """Return source, thread and title of the threads that forgotten members opened.

        Events of others may repeat the title that the member wrote; a fresh warehouse must take it from here.
        """
        with self._live.connect() as connection:
            driver = driver_of(connection)
            return driver.execute(_TITLES).fetchall()

    def _parts(
        self,
        driver: psycopg.Connection[Any],
        place: Place,
        at: Position | None,
        log: Log | None,
        bounds: tuple[Bound, Bound],
        *,
        beyond: bool,
    ) -> list[Part]:
        """Return the parts of one partition: from the archive below the log's start, from the log above."""
        limit = at.next_offset if at else 0
        begin = limit  # without a log, or with another one of the same name, the archive alone knows
        if log is not None and at is not None and at.topic_id != log.topic_id:
            log = None
        if log is not None:
            begin = log.begin
            limit = log.end if beyond else min(limit, log.end)
        first, last = (
            default if found is None else found
            for found, default in (
                (self._offset(driver, place, log, begin, bounds[0]), self._first(driver, place, begin)),
                (self._offset(driver, place, log, begin, bounds[1]), limit),
            )
        )
        first, last = min(first, limit), min(last, limit)
        old, new = Stretch(place, first, min(last, begin)), Stretch(place, max(first, begin), last)
        return [Part(stretch, "archive" if stretch is old else "log") for stretch in (old, new) if stretch.size]

    def _offset(
        self, driver: psycopg.Connection[Any], place: Place, log: Log | None, begin: int, bound: Bound
    ) -> int | None:
        """Return the offset that a bound means: of an instant, the first record that arrived then or later."""
        if not isinstance(bound, datetime):
            return None if bound is None else bound.get(place.partition)
        if log is not None and log.end > log.begin:
            reached = self._past.offsets_at([place], bound).get(place)
            if reached is None or reached > begin:
                return log.end if reached is None else reached
        older = driver.execute(_LAST_BEFORE, {**bounds(Stretch(place, 0, begin)), "instant": bound}).fetchall()[0][0]
        return 0 if older is None else int(older) + 1

    def _first(self, driver: psycopg.Connection[Any], place: Place, begin: int) -> int:
        """Return the first offset that is kept anywhere."""
        found = driver.execute(_FIRST, bounds(Stretch(place, 0, begin))).fetchall()[0][0]
        return begin if found is None else int(found)

    def _read(self, part: Part) -> Iterator[list[Judged]]:
        if part.origin == "archive":
            return self._archived(part.stretch)
        return ([judge(record, self._clock) for record in records] for records in self._past.read(part.stretch))

    def _archived(self, stretch: Stretch, *, batch: int = 4000) -> Iterator[list[Judged]]:
        with self._live.connect() as connection:
            driver = driver_of(connection)
            with driver.cursor("archive") as cursor:
                cursor.execute(_ARCHIVED, bounds(stretch))
                while rows := cursor.fetchmany(batch):
                    yield [self._judged(stretch.place, *row) for row in rows]

    def _judged(self, place: Place, offset: int, record_ts: datetime, key: bytes | None, value: bytes | None) -> Judged:
        """Return a record of the archive, decoded anew; it keeps the very time at which it was archived."""
        record: Record = Archived(*place, offset, int(record_ts.timestamp() * 1000), key, value)
        result = decode(value, record_ts=record_ts)
        if isinstance(result, Rejection):
            return Refusal(record, record_ts, result, self._clock.now())
        return Arrival(record, record_ts, result)


def _load(loader: Loader, judged: list[Judged], clock: Clock) -> Replayed:
    """Load records of one partition; those that PostgreSQL alone refuses become refused ones."""
    arrivals = [one for one in judged if isinstance(one, Arrival)]
    refusals = [one for one in judged if isinstance(one, Refusal)]
    try:
        outcome = loader.replay(Batch({}, arrivals, refusals))
    except DATA_ERRORS:
        culprits = list(find_culprits(loader, arrivals))
        if not culprits:
            raise
        refusals += [Refusal(one.record, one.record_ts, explain(error), clock.now()) for one, error in culprits]
        refused = {id(one) for one, _ in culprits}
        outcome = loader.replay(Batch({}, [one for one in arrivals if id(one) not in refused], refusals))
    return Replayed(len(judged), outcome.loaded, outcome.rejected, outcome.forgotten)


def _missing(missing: list[Stretch]) -> str:
    total = sum(stretch.size for stretch in missing)
    named = "".join(f"\n  {stretch}" for stretch in missing[:NAMED])
    more = f"\n  and {len(missing) - NAMED} more stretches" if len(missing) > NAMED else ""
    return f"{total:,} records are neither in the log nor in the archive:{named}{more}"


_MISSING_REMEDY = (
    "Choose a later --from, or go on without them: --skip-missing. Records of forgotten members are in neither, and "
    "cannot be told from lost ones."
)
_FIRST = f"""
    select min(kafka_offset) from (
        select kafka_offset from raw.event where {WITHIN}
        union all select kafka_offset from raw.rejected_event where {WITHIN}
    ) kept
"""  # noqa: S608 - made of constants
_LAST_BEFORE = f"""
    select max(kafka_offset) from (
        select kafka_offset from raw.event where {WITHIN} and record_ts < %(instant)s
        union all select kafka_offset from raw.rejected_event where {WITHIN} and record_ts < %(instant)s
    ) older
"""  # noqa: S608
_ARCHIVED = f"""
    select kafka_offset, record_ts, null::bytea, convert_to(payload, 'UTF8') from raw.event where {WITHIN}
    union all
    select kafka_offset, record_ts, record_key, payload from raw.rejected_event r
    where {WITHIN} and cleared_at is null and not exists (
        select from raw.event e where (e.topic, e.kafka_partition, e.kafka_offset)
            = (r.topic, r.kafka_partition, r.kafka_offset)
    )
    order by 1
"""  # noqa: S608
_TITLES = """
    select s.name, t.external_id, t.title
    from core.thread t join core.source s using (source_id)
    where exists (select from core.post p where p.thread_id = t.thread_id and p.is_thread_start and p.status = 'erased')
"""

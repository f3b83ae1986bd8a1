"""One batch of records into the warehouse, in one transaction with the offsets that they end at.

Effectively once: an offset only moves by compare-and-set beside the rows it stands for, so a batch that comes again,
from a restart or from a second sink, finds the offset moved and writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, cast
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from streams import merge
from streams.broker import MAX_RECORD_BYTES, Place, Record
from streams.deadletters import FIRST_FAILED_AT, Refusal, attempt_of, headers_of, own_headers
from streams.decode import Rejection
from streams.forgotten import clear_refused
from streams.limits import Recent
from streams.offsets import Position, require_same_topics
from streams.stage import Arrival, Staged, stage
from streams.triage import LetterId

# What PostgreSQL, or the way to it, refuses because of what a record holds. Anything else is not the record's fault.
DATA_ERRORS = (
    psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, UnicodeError, OverflowError,
)  # fmt: skip


class Reach(NamedTuple):
    """What a batch holds of one partition: offsets `start <= offset < end`, and what is known of the log.

    It `follows` what was loaded before, or else begins where the log does.
    """

    start: int
    end: int
    topic_id: UUID
    record_ts: datetime
    high_watermark: int | None
    follows: bool = False


@dataclass(frozen=True)
class Batch:
    """Records that go into the warehouse together, or not at all."""

    reaches: dict[Place, Reach]
    arrivals: list[Arrival]
    refusals: list[Refusal]

    @cached_property
    def staged(self) -> Staged:
        """The rows that its events make, made when they are first asked for."""
        return stage(self.arrivals)

    def without(self, places: Collection[Place]) -> Batch:
        """Return the batch without the records of some partitions."""
        if not places:
            return self
        return Batch(
            {place: reach for place, reach in self.reaches.items() if place not in places},
            [arrival for arrival in self.arrivals if _place(arrival.record) not in places],
            [refusal for refusal in self.refusals if _place(refusal.record) not in places],
        )


@dataclass(frozen=True)
class Outcome:
    """What became of a batch, in records. `reasons` holds stage and reason of each rejected one.

    `gaps` names where partitions left out must be read again from.
    """

    loaded: int = 0
    rejected: int = 0
    duplicates: int = 0
    forgotten: int = 0
    reasons: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    gaps: dict[Place, int] = field(default_factory=dict)


class Loader:
    """Holds the sink's connection to the warehouse, with its temporary tables. `moved` is called after each step."""

    def __init__(self, engine: Engine, *, group: str, owner: str, moved: Callable[[], None] = lambda: None) -> None:
        self._group = group
        self._moved = moved
        self._owner = owner
        self._hushed = False
        self._pooled = engine.raw_connection()
        self._driver = cast("psycopg.Connection[Any]", self._pooled.driver_connection)
        # A prepared statement keeps its plan for ever, also one that was made while the warehouse was empty.
        self._driver.prepare_threshold = None
        with self._driver.transaction():
            merge.prepare(self._driver)
            self._driver.execute(_PATIENCE)
            self._driver.execute("set local role none")  # the login itself may end the sessions of its own
            self._driver.execute(_END_FROZEN)

    def load(self, batch: Batch, *, accept_gaps: frozenset[Place] = frozenset()) -> Outcome:
        """Write what of the batch is not in the warehouse yet and move the offsets, in one transaction.

        A partition whose offsets do not follow on is left out and named in `gaps`, unless it is in `accept_gaps`.
        Raises psycopg's errors as they are and `TopicRecreatedError`; then nothing was written.
        """
        with self._driver.transaction():
            starts, gaps = self._claim(batch.reaches, accept_gaps)
            arrivals = [arrival for arrival in batch.arrivals if _is_news(arrival.record, starts)]
            refusals = [refusal for refusal in batch.refusals if _is_news(refusal.record, starts)]
            staged = batch.staged if len(arrivals) == len(batch.arrivals) else stage(arrivals)
            written = merge.write(self._driver, arrivals, staged, moved=self._moved)
            self._mirror(_MIRROR, refusals)  # after the events: from there on no tombstone comes unseen
            self._advance({place: batch.reaches[place] for place in starts})
        left_out = sum(1 for part in (batch.arrivals, batch.refusals) for one in part if _place(one.record) in gaps)
        return Outcome(
            loaded=written,
            rejected=len(refusals),
            duplicates=len(batch.arrivals) + len(batch.refusals) - len(arrivals) - len(refusals) - left_out,
            forgotten=len(arrivals) - written,
            reasons=tuple((refusal.rejection.stage, refusal.rejection.reason) for refusal in refusals),
            gaps=gaps,
        )

    def recently_refused(self, topics: Collection[str], *, look_back: int) -> dict[Place, Recent]:
        """Return how each partition of some topics stands, with its open dead letters in the last offsets before."""
        with self._driver.transaction(), self._driver.cursor() as cursor:
            found = cursor.execute(_RECENT, [look_back, self._group, sorted(topics)]).fetchall()
        return {Place(topic, partition): Recent(end, refused) for topic, partition, end, refused in found}

    def replay(self, batch: Batch) -> Outcome:
        """Write what of a batch of one partition is missing, in one transaction; the rest stays, and no offset moves.

        `loaded` counts what was not archived before. Dead letters that load by now are resolved. Raises psycopg's
        errors as they are.
        """
        offsets = [arrival.record.offset for arrival in batch.arrivals]
        place = _place(batch.arrivals[0].record) if offsets else Place("", 0)
        with self._driver.transaction(), self._driver.cursor() as cursor:
            before = self._archived(place, offsets)
            written = merge.write(self._driver, batch.arrivals, batch.staged, again=True)
            if self._hushed:
                cursor.execute(_HUSH)
            self._mirror(_MIRROR_NEW, batch.refusals)
            new = self._archived(place, offsets) - before
            cursor.execute(_RESOLVE, [*place, offsets])
        return Outcome(loaded=new, rejected=len(batch.refusals), forgotten=len(batch.arrivals) - written)

    def hush(self, titles: Sequence[tuple[str, str, str | None]]) -> None:
        """Let threads (source, id) have no other title than this in every later `replay`, whatever events say."""
        with self._driver.transaction(), self._driver.cursor() as cursor:
            cursor.execute("create temp table hushed_thread (source text, external_id text, title text)")
            cursor.executemany("insert into hushed_thread values (%s, %s, %s)", titles)
        self._hushed = bool(titles)

    def probe(self, arrivals: Sequence[Arrival]) -> Exception | None:
        """Write these events, take everything back, and return what they were refused with, if they were."""
        try:
            with self._driver.transaction(force_rollback=True):
                merge.write(self._driver, arrivals, stage(arrivals), moved=self._moved)
        except DATA_ERRORS as error:
            return error
        return None

    def sign(self, ends: Mapping[Place, int]) -> None:
        """Write that partitions are looked after, and where their logs end: a quiet one is told from a dead sink."""
        rows = [(end, self._owner, self._group, *place) for place, end in sorted(ends.items())]
        with self._driver.transaction(), self._driver.cursor() as cursor:
            cursor.executemany(_SIGN, rows)

    def close(self) -> None:
        """Disconnect; what was not committed is gone."""
        self._pooled.invalidate()

    def _claim(
        self, reaches: Mapping[Place, Reach], accept_gaps: frozenset[Place]
    ) -> tuple[dict[Place, int], dict[Place, int]]:
        """Lock the offsets of these partitions; return where the news of each begins, and the gaps."""
        stored = self._lock(reaches)
        require_same_topics({place.topic: reach.topic_id for place, reach in reaches.items()}, stored)
        starts, gaps = {}, {}
        for place, reach in reaches.items():
            expected = stored[place].next_offset
            if reach.start > expected and place not in accept_gaps:
                gaps[place] = expected
            elif reach.end > expected:
                starts[place] = expected
        return starts, gaps

    def _lock(self, reaches: Mapping[Place, Reach]) -> dict[Place, Position]:
        places = sorted(reaches)  # one order everywhere, so that two sinks never wait for each other in a circle
        with self._driver.cursor() as cursor:
            wanted = [[place.topic for place in places], [place.partition for place in places], self._group]
            if len(found := cursor.execute(_LOCK, wanted).fetchall()) < len(places):
                # A warehouse that remembers nothing of what this batch follows is an older copy: it wants all again.
                starts = [(place, 0 if reaches[place].follows else reaches[place].start) for place in places]
                first = [(self._group, *place, start, reaches[place].topic_id) for place, start in starts]
                cursor.executemany(_FIRST, first)
                found = cursor.execute(_LOCK, wanted).fetchall()
        return {Place(topic, partition): Position(offset, owner) for topic, partition, offset, owner in found}

    def _advance(self, reaches: Mapping[Place, Reach]) -> None:
        rows = [
            (reach.end, reach.high_watermark, reach.record_ts, self._owner, self._group, *place)
            for place, reach in sorted(reaches.items())
        ]
        with self._driver.cursor() as cursor:
            cursor.executemany(_ADVANCE, rows)

    def _archived(self, place: Place, offsets: Sequence[int]) -> int:
        return int(self._driver.execute(_ARCHIVED, [*place, list(offsets)]).fetchall()[0][0])

    def _mirror(self, statement: str, refusals: Sequence[Refusal]) -> None:
        """Write dead letters; those of forgotten members without their words."""
        with self._driver.cursor() as cursor:
            cursor.executemany(statement, [_mirror_row(refusal) for refusal in refusals])
        records = [refusal.record for refusal in refusals]
        clear_refused(self._driver, [(LetterId(*_place(one), one.offset), one.key, one.value) for one in records])


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


def explain(error: Exception) -> Rejection:
    """Return why PostgreSQL refused an event. Its messages may quote the row, so only those known not to are kept."""
    reason = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
    if not isinstance(error, psycopg.Error):
        return Rejection("load", reason)
    code = error.sqlstate or "none"
    quotes_no_row = isinstance(error, psycopg.IntegrityError | psycopg.errors.ProgramLimitExceeded)
    message = f": {error.diag.message_primary}" if quotes_no_row else ""
    return Rejection("load", reason, f"sqlstate {code}{message}")


def _is_news(record: Record, starts: Mapping[Place, int]) -> bool:
    start = starts.get(_place(record))
    return start is not None and record.offset >= start


def _place(record: Record) -> Place:
    return Place(record.topic, record.partition)


def _mirror_row(refusal: Refusal) -> tuple[Any, ...]:
    record, record_ts, rejection, _ = refusal
    headers = headers_of(refusal)
    return (
        record.topic, record.partition, record.offset, record_ts, rejection.stage, rejection.reason, rejection.detail,
        record.key, record.value and record.value[:MAX_RECORD_BYTES], Jsonb(headers), attempt_of(record),
        headers[FIRST_FAILED_AT],
        [part for name, content in own_headers(record) for part in (name.encode(), content)],
    )  # fmt: skip


# A sink that is frozen amid a transaction, or whose machine is gone, holds its locks, and nobody could take over. So no
# session waits for a lock, or for its client, without end; and one that gave up connects again, which ends the
# sessions of sinks that hold offsets and are silent, also amid a COPY, where no timeout of PostgreSQL applies.
_PATIENCE = """
    select set_config('lock_timeout', '20s', false), set_config('idle_in_transaction_session_timeout', '20s', false),
           set_config('tcp_keepalives_idle', '20', false), set_config('tcp_keepalives_interval', '5', false),
           set_config('tcp_keepalives_count', '4', false), set_config('application_name', 'suara-sink', false)
"""
_END_FROZEN = """
    select pg_terminate_backend(a.pid)
    from pg_stat_activity a
    where a.datname = current_database() and a.application_name = 'suara-sink' and a.pid <> pg_backend_pid()
      and a.wait_event = 'ClientRead' and a.xact_start is not null
      and a.state_change < clock_timestamp() - interval '20 seconds'
      and exists (select from pg_locks l where l.pid = a.pid and l.relation = 'raw.ingest_offset'::regclass)
"""
_RECENT = """
    select o.topic, o.kafka_partition, o.next_offset, array(
        select r.kafka_offset
        from raw.rejected_event r
        where r.topic = o.topic and r.kafka_partition = o.kafka_partition and r.status = 'open'
          and r.kafka_offset >= o.next_offset - %s and r.kafka_offset < o.next_offset
    )
    from raw.ingest_offset o
    where o.consumer_group = %s and o.topic = any(%s)
"""
_LOCK = """
    select o.topic, o.kafka_partition, o.next_offset, o.topic_id
    from raw.ingest_offset o
    join unnest(%s::text[], %s::int[]) wanted (topic, kafka_partition) using (topic, kafka_partition)
    where o.consumer_group = %s
    order by o.topic, o.kafka_partition
    for update of o
"""
_FIRST = """
    insert into raw.ingest_offset (consumer_group, topic, kafka_partition, next_offset, topic_id)
    values (%s, %s, %s, %s, %s) on conflict do nothing
"""
_ADVANCE = """
    update raw.ingest_offset
    set next_offset = %s, high_watermark = %s, last_record_ts = %s, owner = %s, updated_at = now()
    where consumer_group = %s and topic = %s and kafka_partition = %s
"""
_SIGN = """
    update raw.ingest_offset set high_watermark = %s, owner = %s, updated_at = now()
    where consumer_group = %s and topic = %s and kafka_partition = %s
"""
_ARCHIVED = "select count(*) from raw.event where topic = %s and kafka_partition = %s and kafka_offset = any(%s)"
_RESOLVE = """
    update raw.rejected_event r set status = 'replayed', resolved_at = now()
    from raw.event e
    where r.topic = %s and r.kafka_partition = %s and r.kafka_offset = any(%s) and r.status = 'open'
        and (e.topic, e.kafka_partition, e.kafka_offset) = (r.topic, r.kafka_partition, r.kafka_offset)
"""
_HUSH = """
    update core.thread t set title = h.title
    from pg_temp.hushed_thread h join core.source s on s.name = h.source
    where t.source_id = s.source_id and t.external_id = h.external_id and t.title is distinct from h.title
"""
_MIRROR_FIRST = """
    insert into raw.rejected_event as old
        (topic, kafka_partition, kafka_offset, record_ts, stage, reason, detail, record_key, payload, headers, attempts,
         first_failed_at, record_headers)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bytea[])
"""
_MIRROR_NEW = f"{_MIRROR_FIRST} on conflict do nothing"
# The same record read again, because offsets were set back, changes nothing: what was decided about it stands.
# Another record in its place, from a topic that was made again, is a new dead letter.
_MIRROR = f"""{_MIRROR_FIRST}
    on conflict (topic, kafka_partition, kafka_offset) do update set
        record_ts = excluded.record_ts, stage = excluded.stage, reason = excluded.reason, detail = excluded.detail,
        record_key = excluded.record_key, payload = excluded.payload, headers = excluded.headers,
        attempts = excluded.attempts, first_failed_at = excluded.first_failed_at,
        record_headers = excluded.record_headers, status = 'open', resolved_at = null, resolution = null,
        cleared_at = null, cleared_because = null
    where old.record_ts <> excluded.record_ts
       or (old.cleared_at is null and old.payload is distinct from excluded.payload)
"""

"""Do the counts meet, from the rows of a file to the objects of `core`? A difference is explained, unknown, or named.

Four steps: rows of imports, what imports sent against what arrived, the log against the archive, the archive against
`core`. What cannot be counted is said to be unknown and is never taken for zero. Offsets that the log still holds and
the archive does not are read again, so that it is known, not guessed, whether they are of forgotten members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import psycopg
from sqlalchemy import Engine

from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError
from kernel.settings import KafkaSettings
from streams.archive import WITHIN, bounds, holes
from streams.broker import Log, Place, Record, logs
from streams.forgotten import forgotten_of
from streams.offsets import Position, positions
from streams.past import Past, Stretch, ranges
from streams.reader import judge
from streams.stage import Arrival, Key, account_of
from streams.topics import INGESTED
from warehouse.bulk import driver_of

NAMED = 3
"""Stretches that are named of those that are missing."""

Driver = psycopg.Connection[Any]


@dataclass(frozen=True)
class Count:
    """One comparison: `found` of `expected`; None where it cannot be counted. `unexplained` is the difference left."""

    step: str
    what: str
    found: int | None
    expected: int | None
    explained: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    unexplained: int = 0
    next_step: str | None = None


@dataclass(frozen=True)
class Look:
    """What is compared: where the sink stands, the logs (None when Kafka is away), and from where on to count."""

    stored: Mapping[Place, Position]
    logs: Mapping[Place, Log] | None
    since: Mapping[Place, int] = field(default_factory=dict)

    def waiting(self) -> int | None:
        """Return how many records the sink has not read yet."""
        if self.logs is None:
            return None
        begins = {place: self.stored[place].next_offset if place in self.stored else 0 for place in self.logs}
        return sum(max(0, log.end - max(log.begin, begins[place])) for place, log in self.logs.items())


def look(engine: Engine, kafka: KafkaSettings, *, since: Mapping[Place, int] | None = None) -> Look:
    """Note where the sink and the logs stand. The warehouse first, so that no log seems to have gone back."""
    stored = positions(engine, group=kafka.group, topics=INGESTED)
    try:
        found = logs(kafka, INGESTED) if kafka.bootstrap_servers else None
    except PartUnavailableError:
        found = None
    return Look(stored, found, since or {})


def reconcile(
    engine: Engine,
    kafka: KafkaSettings,
    *,
    oldest: datetime,
    spooled: Mapping[str, int] = MappingProxyType({}),
) -> list[Count]:
    """Count everything. Imports and records from before `oldest`, when the archive may have dropped them, do not count.

    `spooled` is how many events of each source are known to wait on disk for Kafka. Raises `PartUnavailableError`
    when PostgreSQL does not answer, or Kafka stops doing so.
    """
    seen = look(engine, kafka)
    with engine.connect() as connection:
        driver = driver_of(connection)
        return [
            *import_counts(driver),
            *_sent_counts(driver, seen.waiting(), oldest, spooled),
            *log_counts(driver, kafka, seen),
            *core_counts(driver),
        ]


def import_counts(driver: Driver) -> Iterator[Count]:
    """Compare the rows of each source's files with what became of them."""
    for source, read, sent, rejected, skipped, torn in driver.execute(_IMPORTS).fetchall():
        left = read - sent - rejected - skipped
        yield Count(
            "import",
            f"{source}: rows",
            sent + rejected + skipped,
            read,
            {"rejected": rejected, "skipped": skipped},
            [f"{torn} imports that run or were killed"] if torn else [],
            abs(left),
            "Import the file again; what arrived is known." if torn or left else None,
        )


def _sent_counts(driver: Driver, waiting: int | None, oldest: datetime, spooled: Mapping[str, int]) -> Iterator[Count]:
    """Compare what imports sent with what arrived of their sources, since `oldest`."""
    may_be_forgotten = bool(driver.execute("select exists (select from privacy.tombstone)").fetchone() == (True,))
    for source, sent, arrived, refused in driver.execute(_SENT, [oldest, oldest, oldest]).fetchall():
        left, unknown = max(0, sent - arrived - refused), []
        on_disk = min(left, spooled.get(source, 0))
        left -= on_disk
        others = max(0, arrived + refused - sent)
        if left and waiting != 0:
            unknown.append(f"up to {left:,} that the sink has not read yet")
        if left and may_be_forgotten:
            unknown.append(f"up to {left:,} of forgotten members")
        yield Count(
            "sent",
            f"{source}: events",
            arrived + refused,
            sent,
            {"refused": refused, "not from imports": others, "in the spool": on_disk},
            unknown,
            0 if unknown else left,
            _after_sending(on_disk, 0 if unknown else left),
        )


def _after_sending(on_disk: int, left: int) -> str | None:
    if on_disk:
        return "suara spool send"
    return "Import the files of this source again; what arrived is known." if left else None


def log_counts(driver: Driver, kafka: KafkaSettings, seen: Look) -> Iterator[Count]:
    """Compare by partition the offsets that the sink has read with those that are archived or refused."""
    for place in sorted(seen.stored):
        if seen.logs is None:
            yield _count(place, None, None, unknown=["Kafka does not answer"], next_step="suara up")
        elif place not in seen.logs or seen.logs[place].topic_id != seen.stored[place].topic_id:
            yield _count(place, None, None, left=1, next_step="The topic is another one: `suara sink` says what to do.")
        else:
            yield _log_count(driver, kafka, place, seen)
    for place, log in sorted((seen.logs or {}).items()):
        if place not in seen.stored and log.end > log.begin:
            explained = {"waiting": log.end - log.begin}
            yield _count(place, 0, 0, explained=explained, next_step="suara sink --until-idle")


def _log_count(driver: Driver, kafka: KafkaSettings, place: Place, seen: Look) -> Count:
    log, reached = (seen.logs or {})[place], seen.stored[place].next_offset
    stretch = Stretch(place, max(log.begin, min(seen.since.get(place, 0), reached)), reached)
    unknown = []
    if log.begin and place not in seen.since:
        kept = _pair(driver, _KEPT, bounds(Stretch(place, 0, log.begin)))
        unknown.append(f"{log.begin:,} offsets left the log; {kept[0]:,} are archived, {kept[1]:,} were refused")
    if log.end < reached:
        remedy = "The log lost its end: `suara sink` says what to do."
        return _count(place, None, None, unknown=unknown, left=reached - log.end, next_step=remedy)
    if log.begin > reached:
        remedy = "They left the log unread. Import them again from their source."
        return _count(place, None, None, unknown=unknown, left=log.begin - reached, next_step=remedy)
    archived, refused = _pair(driver, _KEPT, bounds(stretch))
    explained = {"refused": refused}
    lost: list[Stretch] = []
    if archived + refused < stretch.size:
        why, missing = _holes(driver, kafka, stretch)
        explained |= why
        lost = ranges(place, missing)
    if log.end > reached:
        explained["waiting"] = log.end - reached
    return _count(
        place,
        archived + refused,
        stretch.size,
        explained={name: number for name, number in explained.items() if number},
        unknown=unknown,
        left=sum(hole.size for hole in lost),
        next_step=_remedy(lost, waits=log.end > reached),
    )


def _holes(driver: Driver, kafka: KafkaSettings, stretch: Stretch) -> tuple[dict[str, int], set[int]]:
    """Read again what was neither archived nor refused; return what explains it, and the offsets that are lost."""
    gone = holes(driver, stretch)
    owners: dict[int, Key | None] = {}
    with Past(kafka) as past:
        for hole in ranges(stretch.place, gone):
            for batch in past.read(hole):
                owners |= {record.offset: _owner(record) for record in batch}
    forgotten = forgotten_of(driver, {key for key in owners.values() if key})
    lost = {offset for offset, key in owners.items() if key not in forgotten}
    explained = Counter({"of forgotten members": len(owners) - len(lost), "no record": len(gone - owners.keys())})
    return dict(explained), lost


def _owner(record: Record) -> Key | None:
    """Return whose words or acts a record holds."""
    judged = judge(record, SystemClock())
    return account_of(judged.event) if isinstance(judged, Arrival) else None


def core_counts(driver: Driver, only: Mapping[Place, tuple[int, int]] | None = None) -> Iterator[Count]:
    """Compare the objects that the archive speaks of, or that stretches of it do, with those in `core`."""
    join = "" if only is None else _ONLY
    places = sorted((only or {}).items())
    wanted = {
        "topics": [place.topic for place, _ in places],
        "parts": [place.partition for place, _ in places],
        "starts": [start for _, (start, _) in places],
        "ends": [end for _, (_, end) in places],
    }
    query = (files("streams") / "sql" / "reconcile_core.sql").read_text("utf-8").replace("{ranges}", join)
    for source, kind, found, expected in driver.execute(query, wanted).fetchall():
        left = expected - found
        step = "The archive has them: `suara replay` with the time that they arrived." if left else None
        yield Count("core", f"{source}: {kind}", found, expected, unexplained=left, next_step=step)


def _count(
    place: Place,
    found: int | None,
    expected: int | None,
    *,
    explained: dict[str, int] | None = None,
    unknown: list[str] | None = None,
    left: int = 0,
    next_step: str | None = None,
) -> Count:
    name = f"{place.topic}/{place.partition}"
    return Count("log", name, found, expected, explained or {}, unknown or [], left, next_step)


def _remedy(lost: list[Stretch], *, waits: bool) -> str | None:
    if not lost:
        return "suara sink --until-idle" if waits else None
    place, first, last = lost[0].place, lost[0].start, lost[-1].end
    part = place.partition
    named = ", ".join(f"{hole.start}-{hole.end - 1}" for hole in lost[:NAMED]) + (" ..." if len(lost) > NAMED else "")
    return f"Offsets {named}: suara replay --topic {place.topic} --from {part}:{first} --to {part}:{last}"


def _pair(driver: Driver, query: Any, values: Any) -> tuple[int, int]:
    (first, second), *_ = driver.execute(query, values).fetchall()
    return int(first), int(second)


_IMPORTS = """
    select source, sum(rows_read)::bigint, sum(rows_sent)::bigint, sum(rows_rejected)::bigint,
           sum(rows_skipped)::bigint, count(*) filter (where finished_at is null)
    from ops.import_run group by source order by source
"""
_SENT = """
    select i.source, i.sent,
           (select count(*) from raw.event e where e.record_ts >= %s and split_part(e.source, ':', 4) = i.source
            and e.type <> 'community.member.erased.v1'),
           (select count(*) from raw.rejected_event r where r.record_ts >= %s
            and substring(r.record_key for octet_length(i.source) + 1) = convert_to(i.source || ':', 'UTF8'))
    from (select source, sum(rows_sent)::bigint as sent from ops.import_run where started_at >= %s group by source) i
    order by i.source
"""
_KEPT = f"""
    with archived as (select distinct kafka_offset from raw.event where {WITHIN})
    select (select count(*) from archived),
           (select count(*) from raw.rejected_event r where {WITHIN}
                and not exists (select from archived a where a.kafka_offset = r.kafka_offset))
"""  # noqa: S608 - made of constants
_ONLY = """
    join unnest(%(topics)s::text[], %(parts)s::int[], %(starts)s::bigint[], %(ends)s::bigint[])
        as o (topic, kafka_partition, first_offset, end_offset)
        on e.topic = o.topic and e.kafka_partition = o.kafka_partition
        and e.kafka_offset >= o.first_offset and e.kafka_offset < o.end_offset
"""

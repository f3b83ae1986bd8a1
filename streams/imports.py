"""One import, from a connector's items to rows in the warehouse, with every row of the file accounted for.

read = sent + rejected + skipped, and sent = new + known + dead letters + forgotten: nothing is lost without a reason.
An import can be broken off and run again at any point; what arrived already is recognised by its id.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, bindparam, insert, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Integer, Text

from kernel.clock import Clock
from kernel.errors import InputError, StreamError
from kernel.settings import KafkaSettings
from streams.broker import Place, logs
from streams.connectors.base import Item, RejectedRow, SkippedRow
from streams.events import Event, PostState
from streams.offsets import Position, positions, require_same_topics, require_whole_logs
from streams.topics import Topic
from warehouse.tables.ops import import_run

MAX_LINES = 20
# "bot" as a word of its own: welcome-bot, github-actions[bot], nightly_bot, and not Abbott.
_LIKE_A_PROGRAM = re.compile(r"(?<![a-z])bot(?![a-z])", re.IGNORECASE)
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0


@dataclass
class Tally:
    """Counts every item on its way. `lines` keeps the first 20 lines of each reason, `details` one example of ours.

    `span` is from the first to the last of the posts that are sent, `outside` of the rows outside of the asked time.
    `like_programs` counts posts of members whose names say that they are bots.
    """

    read: int = 0
    sent: int = 0
    wordless: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[int]] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    span: tuple[datetime, datetime] | None = None
    outside: tuple[datetime, datetime] | None = None
    like_programs: Counter[str] = field(default_factory=Counter)

    def events(self, items: Iterable[Item]) -> Iterator[Event]:
        """Pass on the events, counting them and everything else."""
        for item in items:
            self.read += 1
            if isinstance(item, RejectedRow):
                self.rejected[item.reason] += 1
                self.details.setdefault(item.reason, item.detail)
                lines = self.lines.setdefault(item.reason, [])
                if len(lines) < MAX_LINES:
                    lines.append(item.line)
            elif isinstance(item, SkippedRow):
                self.skipped[item.reason] += 1
                if item.created is not None:
                    self.outside = _widened(self.outside, item.created)
            else:
                self.sent += 1
                self._look_at(item)
                yield item

    def _look_at(self, event: Event) -> None:
        post = event.data
        if isinstance(post, PostState):
            if not post.body:
                self.wordless += 1
            author = post.author
            if author.role == "member" and _LIKE_A_PROGRAM.search(f"{author.id} {author.display_name or ''}"):
                self.like_programs[author.id] += 1
            self.span = _widened(self.span, post.created_at)


def _widened(span: tuple[datetime, datetime] | None, time: datetime) -> tuple[datetime, datetime]:
    first, last = span or (time, time)
    return min(first, time), max(last, time)


@dataclass(frozen=True)
class Stretch:
    """The part of the log that an import wrote, others' records among them: `start <= offset < end` by partition."""

    places: Mapping[Place, tuple[int, int]]

    def positions(self, engine: Engine, *, group: str) -> dict[Place, Position]:
        """Return where the sink stands in the topics of the stretch."""
        return positions(engine, group=group, topics={place.topic for place in self.places})


@dataclass(frozen=True)
class Landed:
    """What became of the events that were sent. `known` had been loaded before; `forgotten` are of erased members."""

    new: int
    known: int
    dead_letters: int
    forgotten: int


def ends(settings: KafkaSettings, engine: Engine, *, topic: Topic) -> dict[Place, int]:
    """Return the end of each partition of a topic. Raises before anything is sent, as `waiting` does."""
    known = positions(engine, group=settings.group, topics=[topic])
    found = logs(settings, [topic])
    require_same_topics({place.topic: log.topic_id for place, log in found.items()}, known)
    at_end = {place: log.end for place, log in found.items()}
    require_whole_logs(at_end, known)
    return at_end


def stretch(before: Mapping[Place, int], after: Mapping[Place, int]) -> Stretch:
    """Return what was written between two looks at the ends."""
    return Stretch({place: (before.get(place, 0), end) for place, end in after.items() if end > before.get(place, 0)})


def outstanding(engine: Engine, written: Stretch, *, group: str) -> int:
    """Return how many records of the stretch are neither rows nor dead letters yet."""
    stored = written.positions(engine, group=group)
    return sum(
        max(0, end - max(start, stored[place].next_offset if place in stored else 0))
        for place, (start, end) in written.places.items()
    )


def follow(
    engine: Engine, written: Stretch, *, group: str, clock: Clock, show: Callable[[str, float | None], None]
) -> None:
    """Wait until the sink has loaded or refused a stretch. Raises `StreamError` when it stands still for a minute.

    What waits ahead of the stretch is loaded first, and counts as progress.
    """
    total = left = outstanding(engine, written, group=group)
    moved, reached = clock.monotonic(), _reached(engine, written, group=group)
    while left:
        show("Loading", 1 - left / total)
        time.sleep(_LOOK_SECONDS)
        now_left, now_reached = outstanding(engine, written, group=group), _reached(engine, written, group=group)
        if now_reached != reached:
            moved, reached = clock.monotonic(), now_reached
        elif clock.monotonic() - moved > _PATIENCE_SECONDS:
            message = f"the sink has loaded nothing for {_PATIENCE_SECONDS:.0f} s; {left:,} events wait in Kafka"
            remedy = (
                "They are safe there. `suara status` shows the sink and its log; `suara sink --until-idle` loads them."
            )
            raise StreamError(message, remedy=remedy)
        left = now_left


def _reached(engine: Engine, written: Stretch, *, group: str) -> int:
    """Return a number that grows whenever the sink loads or refuses records of the topic that was written to."""
    return sum(position.next_offset for position in written.positions(engine, group=group).values())


def landed(engine: Engine, written: Stretch, *, source: str, sent: int) -> Landed:
    """Count what became of a source's events in a stretch that has been loaded."""
    places = sorted(written.places.items())
    values = {
        "source": source,
        "topics": [str(place.topic) for place, _ in places],
        "partitions": [place.partition for place, _ in places],
        "starts": [start for _, (start, _) in places],
        "ends": [end for _, (_, end) in places],
    }
    with engine.connect() as connection:
        new, known, dead = connection.execute(_LANDED, values).one()
    return Landed(new=new, known=known, dead_letters=dead, forgotten=max(0, sent - new - known - dead))


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes. Raises `InputError` when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise InputError(message) from error


def begin(engine: Engine, *, source: str, path: Path, mapping: str, at: datetime) -> int:
    """Note that an import has begun, and return its number."""
    row = {
        "source": source,
        "file_name": path.name,
        "file_sha256": sha256(path),
        "mapping": mapping,
        **{"rows_read": 0, "rows_sent": 0, "rows_rejected": 0, "rows_skipped": 0},
        "started_at": at,
    }
    with engine.begin() as connection:
        return int(connection.execute(insert(import_run).values(row).returning(import_run.c.import_id)).scalar_one())


def finish(engine: Engine, number: int, tally: Tally, *, at: datetime) -> None:
    """Note how an import ended."""
    reasons = {
        reason: {"rows": rows, "lines": tally.lines[reason], "detail": tally.details[reason]}
        for reason, rows in tally.rejected.items()
    }
    row = {
        "rows_read": tally.read,
        "rows_sent": tally.sent,
        "rows_rejected": tally.rejected.total(),
        "rows_skipped": tally.skipped.total(),
        "reasons": reasons,
        "finished_at": at,
    }
    with engine.begin() as connection:
        connection.execute(update(import_run).where(import_run.c.import_id == number).values(row))


# The event id says instance, object and version: where it was archived before, the warehouse has the state already.
_LANDED = text("""
    with stretch as (
        select * from unnest(:topics, :partitions, :starts, :ends)
            as s (topic, kafka_partition, first_offset, end_offset)
    ),
    arrived as (
        select e.event_id, e.record_ts, e.kafka_partition, e.kafka_offset
        from stretch s
        join raw.event e on e.topic = s.topic and e.kafka_partition = s.kafka_partition
            and e.kafka_offset >= s.first_offset and e.kafka_offset < s.end_offset
        where split_part(e.source, ':', 4) = :source
    ),
    judged as (
        select exists (
            select from raw.event o
            where o.event_id = a.event_id
                and (o.record_ts, o.kafka_partition, o.kafka_offset) < (a.record_ts, a.kafka_partition, a.kafka_offset)
        ) as is_known
        from arrived a
    )
    select
        (select count(*) from judged where not is_known),
        (select count(*) from judged where is_known),
        (
            select count(*) from stretch s
            join raw.rejected_event r on r.topic = s.topic and r.kafka_partition = s.kafka_partition
                and r.kafka_offset >= s.first_offset and r.kafka_offset < s.end_offset
            where substring(r.record_key for octet_length(:source) + 1) = convert_to(:source || ':', 'UTF8')
        )
""").bindparams(
    bindparam("topics", type_=ARRAY(Text)),
    bindparam("partitions", type_=ARRAY(Integer)),
    bindparam("starts", type_=ARRAY(BigInteger)),
    bindparam("ends", type_=ARRAY(BigInteger)),
)

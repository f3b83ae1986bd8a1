"""The sink's reading side: batches of decoded records, from where the warehouse says that each partition stands.

What Kafka remembers of the group is never used. A record that was polled is either in the batch that is returned, or
will be read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from kernel.clock import Clock
from kernel.errors import StreamError, SuaraError
from kernel.log import logger
from kernel.settings import KafkaSettings
from streams.backfill import Pace, consumer_of
from streams.broker import Place, Record, logs, topic_ids
from streams.deadletters import Refusal
from streams.decode import Rejection, decode
from streams.lag import Lag
from streams.load import Batch, Reach
from streams.metrics import Metrics
from streams.offsets import Position, require_same_topics, require_whole_logs
from streams.progress import Progress, Stage
from streams.stage import Arrival
from streams.strange_headers import accept_strange_header_names

POLL_SECONDS = 0.5
HINT_SECONDS = 5.0
CHECK_SECONDS = 30.0

_log = logger("streams")


class Reader:
    """Holds the consumer and what is known of each partition. `stored` asks the warehouse where each one stands."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: Collection[str],
        *,
        clock: Clock,
        batch: int,
        stored: Callable[[], Mapping[Place, Position]],
        metrics: Metrics,
        progress: Progress,
        pace: Pace = Pace(),  # noqa: B008 - a value
    ) -> None:
        self._kafka = kafka
        self._topics = topics
        self._clock = clock
        self._stored = stored
        self._metrics = metrics
        self._progress = progress
        self._lag = Lag(metrics)
        self._topic_ids = topic_ids(kafka, topics)
        missing = sorted(set(topics) - self._topic_ids.keys())
        if missing:
            message = f"Kafka at {kafka.bootstrap_servers} has no topic {', '.join(missing)}"
            raise StreamError(message, remedy="`suara up` creates the topics.")
        self._fresh: set[Place] = set()
        self._expected: dict[Place, int] = {}
        self._loaded: dict[Place, int] = {}
        self._sought: dict[Place, int] = {}
        self._checked = self._hinted = clock.monotonic()
        accept_strange_header_names()
        self._consumer = consumer_of(kafka, topics, pace=pace, batch=batch, clock=clock)

    def read(self) -> Batch:
        """Return the next records, or an empty batch when there were none for a while.

        Raises as `stored` and `topic_ids` do when the warehouse or Kafka is away; it may then simply be called again.
        """
        with self._progress.stage(Stage.READ):
            found = self._poll()
        if not found:
            return Batch({}, [], [])
        with self._progress.stage(Stage.DECODE):
            return self._batch(found)

    def _poll(self) -> dict[Place, list[Record]]:
        """Return the next records of the partitions that are positioned, and learn where the log ends."""
        self._follow_changes()
        if self._fresh or self._clock.monotonic() - self._checked >= CHECK_SECONDS:
            stored = self._stored()
            self._check_topics()
            self._fresh |= self._set_back(stored)
            self._position(stored)
        failed = self._consumer.poll_errors
        found = self._consumer.poll(seconds=POLL_SECONDS)
        self._metrics.poll_errors.inc(max(0, self._consumer.poll_errors - failed))
        self._follow_changes()
        if any(self._expected.get(place, -1) != records[0].offset for place, records in found.items()):
            self._check_topics(held=found)  # the log may be another one by now, or have lost its end
            self._fresh |= {
                place for place, records in found.items() if records[0].offset < self._expected.get(place, 0)
            }
        self._measure()
        return {place: records for place, records in found.items() if place not in self._fresh}

    def accepted_gaps(self, batch: Batch) -> frozenset[Place]:
        """Return the partitions whose missing records were looked for once and are not in the log."""
        lost = {
            place for place, at in self._sought.items() if place in batch.reaches and batch.reaches[place].start > at
        }
        for place in lost:
            gap = {"first": self._sought[place], "last": batch.reaches[place].start - 1}
            _log.error("records are gone from the log before they were read", place=place, **gap)
            self._metrics.lost.inc(gap["last"] - gap["first"] + 1)
        return frozenset(lost)

    def done(self, batch: Batch, gaps: Mapping[Place, int]) -> None:
        """Note that a batch is in the warehouse; where records are missing before it, read again from there, once."""
        for place, reach in batch.reaches.items():
            if place not in gaps:
                self._loaded[place] = reach.end
                self._lag.has_loaded(place, reach.end)
                self._sought.pop(place, None)
        for place, offset in gaps.items():
            _log.warning("records are missing, reading again", place=place, offset=offset)
            self._sought[place] = self._expected[place] = offset
            self._consumer.seek(place, offset)
            self._lag.stands(place, offset)
        self._measure()
        if self._clock.monotonic() - self._hinted >= HINT_SECONDS:
            self.hint()

    def ends(self) -> dict[Place, int]:
        """Return the end of each partition that this sink owns, as last fetched."""
        owned = self._consumer.assignment() - self._fresh
        return {place: end for place in owned if (end := self._consumer.highwater(place)) is not None}

    def hint(self) -> None:
        """Tell Kafka where the warehouse stands, for the tools that show lag."""
        self._hinted = self._clock.monotonic()
        owned = self._consumer.assignment()
        offsets = {place: offset for place, offset in self._loaded.items() if place in owned}
        if offsets:
            self._consumer.commit(offsets)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _follow_changes(self) -> None:
        for change in self._consumer.changes():
            _log.info("partitions", change=change.kind, count=len(change.places))
            self._metrics.rebalances.labels(change.kind).inc()
            self._lag.forget(change.places)
            if change.kind == "assigned":
                self._fresh |= change.places
            else:
                self._fresh -= change.places
            for place in change.places:
                self._forget(place)

    def _forget(self, place: Place) -> None:
        for known in (self._expected, self._loaded, self._sought):
            known.pop(place, None)

    def _set_back(self, stored: Mapping[Place, Position]) -> set[Place]:
        """Return the partitions of which the warehouse knows less than was loaded: it is an older copy by now."""
        return {place for place, end in self._loaded.items() if place not in stored or stored[place].next_offset < end}

    def _position(self, stored: Mapping[Place, Position]) -> None:
        """Take up fresh partitions where the warehouse stands, once it is certain that the logs are those it knows."""
        require_same_topics(self._topic_ids, stored)
        if stored:
            require_whole_logs({place: log.end for place, log in logs(self._kafka, self._topics).items()}, stored)
        for place in self._fresh:
            position = stored.get(place)
            self._consumer.seek(place, position.next_offset if position else None)
            self._forget(place)
            if position:
                self._expected[place] = position.next_offset
                self._lag.stands(place, position.next_offset)
        self._fresh.clear()

    def _check_topics(self, held: Mapping[Place, list[Record]] = MappingProxyType({})) -> None:
        """Ask for the topics' ids; the partitions of one with a new id are taken up anew, or refused then.

        Should Kafka not answer, the records that are held will be read again.
        """
        try:
            found = topic_ids(self._kafka, self._topics)
        except SuaraError:
            for place, records in held.items():
                self._consumer.seek(place, records[0].offset)
            raise
        self._checked = self._clock.monotonic()
        changed = {topic for topic, owner in found.items() if self._topic_ids[topic] != owner}
        self._fresh |= {place for place in self._consumer.assignment() if place.topic in changed}
        self._topic_ids |= found

    def _measure(self) -> None:
        """Tell the metrics what this sink owns and how far it is behind."""
        owned = self._consumer.assignment()
        self._metrics.partitions.set(len(owned))
        for place in owned:
            self._lag.ends(place, self._consumer.highwater(place))

    def _batch(self, found: Mapping[Place, list[Record]]) -> Batch:
        batch = Batch({}, [], [])
        for place, records in found.items():
            for record in records:
                judged = judge(record, self._clock)
                if isinstance(judged, Refusal):
                    batch.refusals.append(judged)
                else:
                    batch.arrivals.append(judged)
            batch.reaches[place] = Reach(
                start=records[0].offset,
                end=records[-1].offset + 1,
                topic_id=self._topic_ids[place.topic],
                record_ts=judged.record_ts,
                high_watermark=self._consumer.highwater(place),
                follows=place in self._expected,
            )
            self._expected[place] = end = batch.reaches[place].end
            oldest = _instant(records[0].timestamp) or self._clock.now()
            self._lag.has_read(place, start=records[0].offset, end=end, oldest=oldest)
            self._metrics.read.labels(place.topic).inc(len(records))
            self._progress.moved()
        _ = batch.staged  # here, while PostgreSQL works on the batch before
        return batch


def judge(record: Record, clock: Clock) -> Arrival | Refusal:
    """Return a record with its event, or with the reason why it holds none that can be loaded."""
    appended = _instant(record.timestamp)
    record_ts = appended or clock.now()
    result = decode(record.value, record_ts=record_ts)
    if isinstance(result, Rejection):
        return Refusal(record, record_ts, result, clock.now())
    # The same on every reading: the archive knows a record by its place and this instant.
    return Arrival(record, appended or result.time, result)


def _instant(milliseconds: int) -> datetime | None:
    """Return when the broker appended a record, or None: a topic that keeps producers' clocks may hold any number."""
    if 0 <= milliseconds < 4_000_000_000_000:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return None

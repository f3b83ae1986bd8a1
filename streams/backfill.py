"""Reading live records first, and history at a pace of its own.

History has a topic, a consumer and a consumer group of its own. One consumer for both would need `pause`, which
kafka-python does not keep when partitions move. In one group, each rebalance would wait for the member that polls
seldom, members with unlike topics would be balanced by count alone, and one sink could hold all of the history. In two
groups, each is shared evenly, and neither waits for the other. The warehouse knows both by the name of the live group:
Kafka's groups decide who reads, never from where.

Promises: of a batch, history gets what live records leave of it, those known to wait included, and no more than its
rate. A twentieth of one batch a second is kept for it, so that it goes on, and stays in its group, however many live
records there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from typing import NamedTuple

from kernel.clock import Clock
from kernel.settings import KafkaSettings
from streams.broker import Change, Consumer, Place, Record
from streams.topics import Topic

TURN_SECONDS = 1.0
SHARE = 20
GLANCE_SECONDS = 0.02


class Pace(NamedTuple):
    """The topic of history, and how many of its records each sink reads in a second, at most; 0 is no limit."""

    topic: str = Topic.BACKFILL
    rate: int = 0


class Budget:
    """A bucket of tokens, one a record. It holds a second's worth, so that no pause leads to a flood."""

    def __init__(self, rate: int, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = float(rate)
        self._filled = clock.monotonic()

    def left(self) -> float:
        """Return how many records may be read now."""
        if not self._rate:
            return float("inf")
        now = self._clock.monotonic()
        self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        return self._tokens

    def take(self, records: int) -> None:
        """Note that so many were read."""
        self._tokens -= records


class LiveFirst:
    """Two consumers that the reader takes for one, in batches of at most `batch` records."""

    def __init__(self, kafka: KafkaSettings, topics: Collection[str], *, pace: Pace, batch: int, clock: Clock) -> None:
        self._kafka = kafka
        self._pace = pace
        self._batch = batch
        self._clock = clock
        self._budget = Budget(pace.rate, clock)
        self._polled = clock.monotonic()
        self._found_history = False
        live = [topic for topic in topics if topic != pace.topic]
        self._live = Consumer(kafka, live, group=kafka.group, max_records=batch)
        self._history: Consumer | None = None

    @property
    def poll_errors(self) -> int:
        """Polls of both that failed since the last that brought records."""
        return sum(member.poll_errors for member in self.members)

    @property
    def members(self) -> list[Consumer]:
        """The live consumer, and that of history as soon as the live one has joined its group."""
        return [self._live, self._history] if self._history else [self._live]

    def poll(self, *, seconds: float) -> dict[Place, list[Record]]:
        """Return live records and, where there is room, history, as `Consumer` does. It waits for live ones.

        Where history is at hand, live records are only glanced at, and where it is not, history is, once a second. Who
        joins a group is polled without a break, live records first: otherwise kafka-python joins again and again.
        """
        if self._live.is_joining():
            return self._live.poll(seconds=seconds)
        history = self._open_history()
        joins = history.is_joining()
        is_turn = joins or self._clock.monotonic() - self._polled >= TURN_SECONDS
        kept = max(1, self._batch // SHARE) if is_turn else 0
        if self._batch > kept:
            wait = GLANCE_SECONDS if joins or self._is_history_due() else seconds
            found = self._live.poll(seconds=wait, max_records=self._batch - kept)
        else:
            found = {}
        left = self._batch - sum(map(len, found.values())) - self._known_to_wait(found)
        room = int(min(max(kept, left), self._budget.left())) if is_turn or self._found_history else 0
        patience = seconds if joins else GLANCE_SECONDS
        return found | self._poll(history, room, patience) if room > 0 else found

    def changes(self) -> Iterator[Change]:
        """Yield the rebalances of both since the last call."""
        return chain.from_iterable(member.changes() for member in self.members)

    def assignment(self) -> set[Place]:
        """Return the partitions that either owns now."""
        return set().union(*(member.assignment() for member in self.members))

    def seek(self, place: Place, offset: int | None) -> None:
        """Read `place` from `offset` on, or from its beginning when None."""
        self._owner(place).seek(place, offset)

    def highwater(self, place: Place) -> int | None:
        """Return the end of a partition as of the last fetch, where there was one."""
        return self._owner(place).highwater(place)

    def commit(self, offsets: Mapping[Place, int]) -> bool:
        """Tell Kafka where we are, each group of its own partitions."""
        shares = {member: dict[Place, int]() for member in self.members}
        for place, offset in offsets.items():
            shares[self._owner(place)][place] = offset
        taken = [consumer.commit(share) for consumer, share in shares.items() if share]
        return all(taken)

    def close(self) -> None:
        """Leave both groups."""
        with ExitStack() as ending:
            for member in self.members:
                ending.callback(member.close)

    def _owner(self, place: Place) -> Consumer:
        return self.members[-1] if place.topic == self._pace.topic else self._live

    def _is_history_due(self) -> bool:
        """Say whether there is more history, and half a second's worth of it or a whole batch may be read."""
        return self._found_history and self._budget.left() >= max(1, min(self._batch, self._pace.rate / 2))

    def _known_to_wait(self, found: Mapping[Place, list[Record]]) -> int:
        """Return how many live records stood behind those that were found when they were fetched."""
        ends = {place: self._live.highwater(place) or 0 for place in found}
        return sum(max(0, ends[place] - records[-1].offset - 1) for place, records in found.items())

    def _open_history(self) -> Consumer:
        if self._history is None:
            group = group_of_history(self._kafka.group)
            self._history = Consumer(self._kafka, [self._pace.topic], group=group, max_records=self._batch)
        return self._history

    def _poll(self, history: Consumer, room: int, seconds: float) -> dict[Place, list[Record]]:
        found = history.poll(seconds=seconds, max_records=room)
        self._polled = self._clock.monotonic()
        self._found_history = bool(found)
        self._budget.take(sum(map(len, found.values())))
        return found


def consumer_of(
    kafka: KafkaSettings, topics: Collection[str], *, pace: Pace, batch: int, clock: Clock
) -> Consumer | LiveFirst:
    """Return what reads these topics; history is only set apart where it is one of several."""
    if pace.topic in topics and len(topics) > 1:
        return LiveFirst(kafka, topics, pace=pace, batch=batch, clock=clock)
    return Consumer(kafka, topics, group=kafka.group, max_records=batch)


def group_of_history(group: str) -> str:
    """Return the name of the group that reads history, beside the one that reads live records."""
    return f"{group}-backfill"

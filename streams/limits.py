"""How much may be refused before the sink stops: a mistake of ours must not turn a whole topic into dead letters.

Two limits, both told from the warehouse and so the same for every sink and after every restart. *In a row* looks at one
partition, because only there records have an order: across partitions it would depend on what was polled first, and
good records elsewhere would hide a partition that is refused whole. *The share* looks at a topic as a whole, its last
thousand records or more, so that one broken source among many stops nobody. Dead letters that somebody has replayed or
discarded count for neither.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from kernel.errors import StreamError
from streams.broker import Place

if TYPE_CHECKING:
    from streams.load import Batch

# A share of fewer records than these says nothing.
WINDOW = 1000


@dataclass(frozen=True)
class Limits:
    """Records of a partition that may be refused in a row, and the share of a topic's records."""

    in_a_row: int = 1000
    share: float = 0.5

    @property
    def look_back(self) -> int:
        """Offsets before a batch that have a say in whether it may be refused."""
        return max(self.in_a_row, WINDOW)


@dataclass(frozen=True)
class Recent:
    """A partition before a batch: the end of what is in the warehouse, and open dead letters shortly before it."""

    end: int
    refused: Sequence[int]


def excess(batch: Batch, recent: Mapping[Place, Recent], limits: Limits) -> StreamError | None:
    """Return why the sink must stop instead of refusing what it refuses of a batch, or None where it may go on.

    `recent` holds every partition that is known of the topics in the batch.
    """
    refused: dict[Place, list[int]] = defaultdict(list)
    for refusal in batch.refusals:
        refused[Place(refusal.record.topic, refusal.record.partition)].append(refusal.record.offset)
    all_refused = {
        place: sorted({*refused.get(place, ()), *(recent[place].refused if place in recent else ())})
        for place in refused.keys() | recent.keys()
    }
    for place, offsets in refused.items():
        if _longest_run(all_refused[place], since=min(offsets)) > limits.in_a_row:
            what = f"more than {limits.in_a_row:,} records in a row of {place.topic}, partition {place.partition},"
            return _stop(what, batch, "SUARA_SINK__MAX_REFUSED_IN_A_ROW")
    for topic in sorted({place.topic for place in refused}):
        records, number = _count(topic, batch, recent, all_refused)
        if records >= WINDOW and number > limits.share * records:
            what = f"{number:,} of the last {records:,} records of {topic}"
            return _stop(what, batch, "SUARA_SINK__MAX_REFUSED_SHARE")
    return None


def _longest_run(offsets: Sequence[int], *, since: int) -> int:
    """Return the length of the longest row of offsets that follow on, of those that reach `since` or beyond."""
    longest = run = 0
    before = -2
    for offset in offsets:
        run = run + 1 if offset == before + 1 else 1
        before = offset
        if offset >= since:
            longest = max(longest, run)
    return longest


def _count(
    topic: str, batch: Batch, recent: Mapping[Place, Recent], refused: Mapping[Place, Sequence[int]]
) -> tuple[int, int]:
    """Return how many records of a topic are looked at, and how many of these are refused.

    They are the batch, and as much before it that the last `WINDOW` records are spread evenly over the partitions.
    """
    places = {place for place in (*recent, *batch.reaches) if place.topic == topic}
    least = -(-WINDOW // len(places))
    records = number = 0
    for place in places:
        reach = batch.reaches.get(place)
        end = reach.end if reach else recent[place].end
        length = min(end, max(least, reach.end - reach.start if reach else 0))
        records += length
        number += sum(end - length <= offset < end for offset in refused.get(place, ()))
    return records, number


def _stop(what: str, batch: Batch, setting: str) -> StreamError:
    reasons = Counter(f"{refusal.rejection.stage}.{refusal.rejection.reason}" for refusal in batch.refusals)
    told = ", ".join(f"{reason} ({number:,})" for reason, number in islice(reasons.most_common(), 3))
    first = batch.refusals[0].record
    records = sum(reach.end - reach.start for reach in batch.reaches.values())
    return StreamError(
        f"the sink stopped, because {what} are refused: {told}, from {first.topic}/{first.partition}/{first.offset} on",
        remedy="Nothing is lost: they wait in Kafka, and the sink stops here again until the cause is mended. Dead "
        "letters that were replayed or discarded (`suara dlq list`) no longer count. To refuse these all the same: "
        f"`suara sink --allow-dead-letters {max(WINDOW, records)}`, or raise {setting}.",
    )

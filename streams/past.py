"""Stretches of the log, read again by no group: nobody's offsets move by it.

A stretch is half-open, `start <= offset < end`, in one partition. Offsets without a record (the markers of another
producer's transactions) are passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self

from kafka import KafkaConsumer
from kafka import TopicPartition as _TopicPartition

from kernel.clock import SystemClock
from kernel.errors import PartUnavailableError, StreamError
from kernel.settings import KafkaSettings
from streams.broker import Place, Record, logs, reaching, warn_without_crc32c
from streams.reach import connect_options

SILENCE_SECONDS = 30.0


class Stretch(NamedTuple):
    """Offsets `start <= offset < end` of one partition."""

    place: Place
    start: int
    end: int

    def __str__(self) -> str:
        last = f" to {self.end - 1:,}" if self.end - self.start > 1 else ""
        return f"{self.place.topic}, partition {self.place.partition}, offset {self.start:,}{last}"

    @property
    def size(self) -> int:
        """How many offsets it holds."""
        return max(0, self.end - self.start)


class Past:
    """Holds a consumer without a group. Raises `PartUnavailableError` when Kafka does not answer."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        warn_without_crc32c()
        with reaching(settings, first=True):
            self._kafka = KafkaConsumer(
                **connect_options(settings), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
            )

    def read(self, stretch: Stretch, *, batch: int = 4000) -> Iterator[list[Record]]:
        """Yield the records of a stretch in the order of their offsets, at most `batch` at once.

        Raises `StreamError` when the log drops the stretch's start meanwhile.
        """
        place, position, end = _TopicPartition(*stretch.place), stretch.start, stretch.end
        if stretch.size == 0:
            return
        clock = SystemClock()
        with reaching(self._settings):
            self._kafka.assign([place])
            self._kafka.seek(place, position)
        heard = clock.monotonic()
        while position < end:
            with reaching(self._settings):
                found = self._kafka.poll(timeout_ms=500, max_records=batch).get(place, [])
                reached = self._kafka.position(place)
            if found and found[0].offset > position:
                self._require_kept(Stretch(stretch.place, position, found[0].offset))
            records = [record for record in found if record.offset < end]
            if records:
                yield records
            if found or (reached or 0) > position:
                heard, position = clock.monotonic(), max(position, reached or 0)
            elif clock.monotonic() - heard > SILENCE_SECONDS:
                message = f"Kafka gave nothing of {stretch} for {SILENCE_SECONDS:.0f} s"
                raise PartUnavailableError(message, remedy="`suara status` shows what is up.")

    def offsets_at(self, places: Iterable[Place], instant: datetime) -> dict[Place, int | None]:
        """Return by partition the first offset that was appended at `instant` or later; None where none was."""
        wanted = {_TopicPartition(*place): int(instant.timestamp() * 1000) for place in places}
        with reaching(self._settings):
            found = self._kafka.offsets_for_times(wanted)
        return {Place(*place): at.offset if at is not None and at.offset >= 0 else None for place, at in found.items()}

    def close(self) -> None:
        """Disconnect."""
        self._kafka.close(autocommit=False, timeout_ms=5_000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_kept(self, hole: Stretch) -> None:
        log = logs(self._settings, [hole.place.topic])[hole.place]
        if log.begin > hole.start:
            message = f"{Stretch(hole.place, hole.start, log.begin)}: the log dropped it while it was read"
            raise StreamError(message, remedy="Run it again: what the log no longer holds is taken from the archive.")


def ranges(place: Place, offsets: Collection[int]) -> list[Stretch]:
    """Return offsets of one partition as the fewest stretches, in order."""
    found: list[Stretch] = []
    for offset in sorted(offsets):
        if found and found[-1].end == offset:
            found[-1] = Stretch(place, found[-1].start, offset + 1)
        else:
            found.append(Stretch(place, offset, offset + 1))
    return found

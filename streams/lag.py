"""How far this sink is behind in each partition that it owns, and how old what waits is: kept for the metrics only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from streams.broker import Place
from streams.metrics import Metrics


class Lag:
    """What was read and not loaded yet, by partition. Like the reader, it is used by one thread at a time."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._loaded: dict[Place, int] = {}
        self._waiting: dict[Place, deque[tuple[int, datetime]]] = {}

    def forget(self, places: Iterable[Place]) -> None:
        """Begin anew with partitions that came or went."""
        for place in places:
            self._loaded.pop(place, None)
            self._waiting.pop(place, None)
            self._metrics.leave(place)
        self._show_oldest()

    def stands(self, place: Place, offset: int) -> None:
        """Note where the warehouse stands; whatever was read before is read again from there."""
        self._loaded[place] = offset
        self._waiting.pop(place, None)
        self._show_oldest()

    def has_read(self, place: Place, *, start: int, end: int, oldest: datetime) -> None:
        """Note records `start <= offset < end` that were read; `oldest` is when the first was appended."""
        self._loaded.setdefault(place, start)
        self._waiting.setdefault(place, deque()).append((end, oldest))
        self._show_oldest()

    def has_loaded(self, place: Place, end: int) -> None:
        """Note that the records before `end` are in the warehouse."""
        self._loaded[place] = end
        held = self._waiting.get(place, deque())
        while held and held[0][0] <= end:
            held.popleft()
        self._show_oldest()

    def ends(self, place: Place, end: int | None) -> None:
        """Show how far a partition is behind its end, where that and its beginning are known."""
        loaded = self._loaded.get(place)
        if end is not None and loaded is not None:
            self._metrics.lag.labels(place.topic, place.partition).set(max(0, end - loaded))

    def _show_oldest(self) -> None:
        self._metrics.wait_for(min((held[0][1] for held in self._waiting.values() if held), default=None))

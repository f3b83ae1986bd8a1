"""What the sink is doing now, and since when: for its metrics, for its health, and to notice when it hangs.

Reading and loading go on side by side in two threads, so several stages may be open at once. A stage that moves on
from one step to the next is not hanging, however long it lasts; waiting for a part that is away moves on only when
that part answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Event as Flag
from threading import Lock, Thread, get_ident
from typing import Literal, NamedTuple

from kernel.clock import Clock
from kernel.log import logger

Status = Literal["ok", "degraded", "stuck"]

_log = logger("streams")


class Stage(StrEnum):
    """What a sink can be doing; its value is the name that operators see. It waits while a part is away."""

    START = "start"
    READ = "read"
    DECODE = "decode"
    DEAD_LETTERS = "dead_letters"
    LOAD = "load"
    AWAY = "waiting"


class Part(StrEnum):
    """A part that may be away."""

    KAFKA = "kafka"
    WAREHOUSE = "warehouse"


class Standing(NamedTuple):
    """How the sink is: the stage that has not moved on for longest, for how many seconds, and the part it waits for."""

    status: Status
    stage: Stage | None
    seconds: float
    part: Part | None = None


@dataclass(eq=False)
class _Open:
    """A stage that has begun and not ended; `moved` is monotonic."""

    stage: Stage
    began: float
    moved: float
    part: Part | None = None


class Progress:
    """The open stages of one sink, safe to ask from any thread. A stage that stays put for `stuck_seconds` hangs."""

    def __init__(
        self,
        clock: Clock,
        *,
        stuck_seconds: float,
        took: Callable[[Stage, float], None] = lambda _stage, _seconds: None,
    ) -> None:
        self._clock = clock
        self._took = took
        self._lock = Lock()
        self._open: dict[int, list[_Open]] = {}
        self.stuck_seconds = stuck_seconds

    @contextmanager
    def stage(self, stage: Stage, *, part: Part | None = None) -> Iterator[None]:
        """Be in a stage for the length of a block; the seconds that it took are told to `took`."""
        now = self._clock.monotonic()
        entry = _Open(stage, now, now, part)
        with self._lock:
            self._open.setdefault(get_ident(), []).append(entry)
        try:
            yield
        finally:
            with self._lock:
                mine = self._open[get_ident()]
                mine.remove(entry)
                if not mine:
                    del self._open[get_ident()]
            self._took(stage, self._clock.monotonic() - entry.began)

    def moved(self) -> None:
        """Say that the innermost stage of this thread has got on."""
        with self._lock:
            mine = self._open.get(get_ident())
            if mine:
                mine[-1].moved = self._clock.monotonic()

    def seconds_in(self, stage: Stage) -> float | None:
        """Return for how long a stage has not moved on, or None when the sink is not in it."""
        now = self._clock.monotonic()
        with self._lock:
            found = [now - entry.moved for mine in self._open.values() for entry in mine if entry.stage is stage]
        return max(found, default=None)

    def standing(self) -> Standing:
        """Say how the sink is: stuck, degraded while it waits for a part, or ok."""
        now = self._clock.monotonic()
        with self._lock:
            found = [entry for mine in self._open.values() for entry in mine]
            if not found:
                return Standing("ok", None, 0.0)
            entry = min(found, key=lambda entry: entry.moved)
            stage, seconds, part = entry.stage, now - entry.moved, entry.part
            away = any(entry.stage is Stage.AWAY for entry in found)
        if seconds > self.stuck_seconds:
            return Standing("stuck", stage, seconds, part)
        return Standing("degraded" if away else "ok", stage, seconds, part)


@contextmanager
def watched(progress: Progress, clock: Clock) -> Iterator[None]:
    """Log once when a stage hangs, which and since when, and once when the sink goes on; for the length of a block."""
    over = Flag()
    every = min(1.0, progress.stuck_seconds / 4)
    watcher = Thread(target=_watch, args=(progress, clock, over, every), name="watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(progress: Progress, clock: Clock, over: Flag, every: float) -> None:
    hangs: Stage | None = None
    while not over.wait(every):
        found = progress.standing()
        if found.status == "stuck" and found.stage is not hangs:
            hangs = found.stage
            _log.error("the sink hangs", **describe(found, clock.now()))
        elif found.status != "stuck" and hangs is not None:
            _log.warning("the sink goes on", stage=str(hangs))
            hangs = None


def describe(found: Standing, now: datetime) -> dict[str, object]:
    """Return a standing as plain values: stage, seconds, since when, and the part that is away if one is."""
    values: dict[str, object] = {"stage": found.stage and str(found.stage), "seconds": round(found.seconds, 1)}
    if found.stage is not None:
        values["since"] = (now - timedelta(seconds=found.seconds)).isoformat(timespec="seconds")
    return values | ({"part": str(found.part)} if found.part else {})

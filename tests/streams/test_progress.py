"""When a sink counts as stuck, by a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from kernel import log
from kernel.clock import FixedClock
from streams.progress import Part, Progress, Stage, describe, watched
from tests.streams.test_sink import _until


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.fixture
def progress(clock: FixedClock) -> Progress:
    return Progress(clock, stuck_seconds=60)


def status(progress: Progress) -> tuple[str, Stage | None, float]:
    return progress.standing()[:3]


def test_a_stage_that_stands_still_for_too_long_is_stuck(clock: FixedClock, progress: Progress) -> None:
    assert status(progress) == ("ok", None, 0)
    with progress.stage(Stage.LOAD):
        clock.advance(60)
        assert status(progress) == ("ok", Stage.LOAD, 60)
        clock.advance(1)
        assert status(progress) == ("stuck", Stage.LOAD, 61)
        assert progress.seconds_in(Stage.LOAD) == 61
    assert status(progress) == ("ok", None, 0)
    assert progress.seconds_in(Stage.LOAD) is None


def test_long_work_that_gets_on_is_not_stuck(clock: FixedClock, progress: Progress) -> None:
    took: list[tuple[Stage, float]] = []
    progress = Progress(clock, stuck_seconds=60, took=lambda *what: took.append(what))
    with progress.stage(Stage.LOAD):
        for _ in range(100):
            clock.advance(59)
            progress.moved()
        assert status(progress) == ("ok", Stage.LOAD, 0)
    assert took == [(Stage.LOAD, 5900)]


def test_reading_that_finds_nothing_again_and_again_is_not_stuck(clock: FixedClock, progress: Progress) -> None:
    for _ in range(1000):
        with progress.stage(Stage.READ):
            clock.advance(0.5)
            assert progress.standing().status == "ok"


def test_attempts_do_not_hide_that_a_part_is_away(clock: FixedClock, progress: Progress) -> None:
    with progress.stage(Stage.AWAY, part=Part.WAREHOUSE):
        for _ in range(3):
            with progress.stage(Stage.LOAD):
                clock.advance(10)
                progress.moved()
            assert progress.standing().status == "degraded"
        clock.advance(31)
        assert progress.standing() == ("stuck", Stage.AWAY, 61, Part.WAREHOUSE)
    assert progress.standing().status == "ok"


def test_the_watcher_says_once_which_stage_hangs_and_once_that_it_goes_on(clock: FixedClock) -> None:
    written = StringIO()
    log.configure(json=True, stream=written)
    progress = Progress(clock, stuck_seconds=0.1)
    try:
        with watched(progress, clock):
            with progress.stage(Stage.DEAD_LETTERS):
                clock.advance(7)
                until_written(written, "hangs")
                for _ in range(5):
                    clock.advance(1)
            until_written(written, "goes on")
    finally:
        log.configure()
    first, second = written.getvalue().splitlines()
    assert '"stage": "dead_letters"' in first
    assert '"since": "2026-11-23T12:00:00+00:00"' in first
    assert '"level": "error"' in first
    assert '"the sink goes on"' in second


def test_a_standing_is_described_in_plain_values(clock: FixedClock, progress: Progress) -> None:
    assert describe(progress.standing(), clock.now()) == {"stage": None, "seconds": 0}
    with progress.stage(Stage.AWAY, part=Part.KAFKA):
        clock.advance(90)
        expected = {"stage": "waiting", "seconds": 90, "since": "2026-11-23T12:00:00+00:00", "part": "kafka"}
        assert describe(progress.standing(), clock.now()) == expected


def until_written(written: Any, words: str) -> None:
    _until(lambda: words in written.getvalue())

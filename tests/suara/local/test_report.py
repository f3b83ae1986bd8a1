"""What `suara status` says of a sink, by the answers of its real health page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kernel.clock import FixedClock
from streams.health import served
from streams.metrics import Metrics
from streams.progress import Part, Progress, Stage
from suara.local import report


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.fixture
def progress(clock: FixedClock) -> Progress:
    return Progress(clock, stuck_seconds=120)


@pytest.fixture
def address(clock: FixedClock, progress: Progress) -> Iterator[str]:
    with served(Metrics(clock), progress, clock, port=0) as address:
        yield address


def test_a_sink_that_works_or_has_nothing_to_do_is_ok(clock: FixedClock, progress: Progress, address: str) -> None:
    assert report._health(address) == "ok"
    with progress.stage(Stage.LOAD):
        clock.advance(100)
        assert report._health(address) == "ok"


def test_what_hangs_and_what_is_waited_for_is_told_with_its_seconds(
    clock: FixedClock, progress: Progress, address: str
) -> None:
    with progress.stage(Stage.LOAD):
        clock.advance(131)
        assert report._health(address) == "stuck in load for 131 s"
    with progress.stage(Stage.AWAY, part=Part.WAREHOUSE):
        clock.advance(12)
        assert report._health(address) == "degraded waiting for the warehouse for 12 s"
    with progress.stage(Stage.AWAY, part=Part.KAFKA):
        clock.advance(12)
        assert report._health(address) == "degraded waiting for Kafka for 12 s"


@pytest.mark.parametrize("address", ["127.0.0.1:1"])
def test_a_sink_that_does_not_answer_is_no_error(address: str) -> None:
    assert report._health(address) == "no answer"

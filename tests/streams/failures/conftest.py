"""What every failure test uses: a stream with traffic, sinks in processes, and one judge at the end.

Random moments come from a seed that is in the line that each scenario prints; `SEED=n make failures` repeats them.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.streams.conftest import Stream
from tests.streams.failures.crew import Crew, Worker
from tests.streams.failures.judge import judge, until_loaded
from tests.streams.failures.traffic import Traffic

DID = "failure scenario"


class Scene:
    """One scenario: its stream, its sinks, its traffic and its luck."""

    def __init__(self, stream: Stream, seed: int) -> None:
        self.stream = stream
        self.seed = seed
        self.chance = random.Random(seed)  # noqa: S311
        self.crew = Crew(stream)
        self.traffic = Traffic(stream.settings, stream.posts, seed=seed)
        self.story = ""
        self._began = time.monotonic()

    def begin(self, **strange: object) -> Worker:
        """Let traffic flow, and return a sink that works on it."""
        self.traffic.start()
        worker = self.crew.start(**strange)
        worker.works()
        return worker

    def stand_trial(self, story: str) -> None:
        """End the traffic, wait until the running sinks have loaded everything, and let the judge compare."""
        self.traffic.stop()
        until_loaded(self.stream)
        self.conclude(story)

    def conclude(self, story: str) -> int:
        """Let the judge compare what is there now, and return the number of records."""
        self.story = story
        compared = judge(self.stream, acknowledged=self.traffic.acknowledged)
        seconds = time.monotonic() - self._began
        self.story += f"; {compared} records compared, 0 wrong; {self.traffic.refusals} sends refused; {seconds:.0f} s"
        return compared

    def close(self) -> None:
        self.traffic.stop()
        self.crew.close()


@pytest.fixture
def seed() -> int:
    """The seed of all random moments."""
    return int(os.environ.get("SEED") or time.time_ns() // 1_000_000 % 1_000_000)


@pytest.fixture
def set_scene(request: pytest.FixtureRequest, seed: int) -> Iterator[Callable[[Stream], Scene]]:
    """Make a scene on a stream; what runs in it ends with the test, and its story is told at the end of the session."""
    scenes: list[Scene] = []

    def make(stream: Stream) -> Scene:
        scenes.append(Scene(stream, seed))
        return scenes[-1]

    yield make
    for scene in scenes:
        with closing(scene):
            request.node.user_properties.append((DID, f"SEED={seed}: {scene.story or 'it did not come to its end'}"))


@pytest.fixture
def scene(stream: Stream, set_scene: Callable[[Stream], Scene]) -> Scene:
    """A scene on the servers of the session."""
    return set_scene(stream)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what each scenario did."""
    told = [
        (report.nodeid.rpartition("::")[2], story)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, story in getattr(report, "user_properties", ())
        if name == DID and report.when == "teardown"
    ]
    if told:
        terminalreporter.section("failures: what was done")
        for name, story in told:
            terminalreporter.write_line(f"{name}: {story}")

"""Sinks that are killed, frozen, doubled, and come and go."""

from __future__ import annotations

import signal
import time

import pytest

from tests.streams.failures.conftest import Scene

pytestmark = pytest.mark.failure


@pytest.mark.parametrize("kills", [pytest.param(2, marks=pytest.mark.brief), 20])
def test_killed_at_random_moments_while_traffic_flows(scene: Scene, kills: int) -> None:
    worker = scene.begin()
    for number in range(kills):
        if number % 4 < 3:
            worker.works()
        time.sleep(scene.chance.random())  # anywhere in a batch; each fourth time anywhere in the start
        assert worker.end(signal.SIGKILL) == -signal.SIGKILL
        worker = scene.crew.start()
    scene.stand_trial(f"{kills} times kill -9")

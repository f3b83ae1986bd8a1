"""Sinks that are killed, frozen, doubled, and come and go."""

from __future__ import annotations

import signal
import time

import psycopg
import pytest

from tests.streams.failures.conftest import Scene
from tests.streams.failures.crew import Worker
from tests.streams.failures.judge import until_loaded

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


@pytest.mark.parametrize("rounds", [3])
def test_frozen_past_its_session_and_thawed_after_another_took_over(scene: Scene, rounds: int) -> None:
    worker, inside = scene.begin(), 0
    for number in range(rounds):
        worker.send(signal.SIGSTOP)
        if number == 0:  # once surely amid a transaction, whose locks the other has to get past
            inside += _frozen_in_a_transaction(scene, worker)
        other = scene.crew.start()
        other.works(more=200)
        worker.send(signal.SIGCONT)
        time.sleep(scene.chance.random() * 3)
        assert worker.alive, worker.said[-2000:]
        assert other.end() == 0
        worker.works()
    scene.stand_trial(f"{rounds} times frozen while another took over, {inside} of them surely amid a transaction")


def _frozen_in_a_transaction(scene: Scene, worker: Worker) -> bool:
    """Thaw and freeze a sink until it stands still while PostgreSQL holds locks for it."""
    query = """
        select count(*) from pg_stat_activity a join pg_locks l using (pid)
        where a.datname = current_database() and l.relation = 'raw.ingest_offset'::regclass
          and l.mode = 'RowShareLock' and a.wait_event = 'ClientRead'
    """
    with psycopg.connect(scene.stream.url, autocommit=True) as server:
        for _ in range(300):
            time.sleep(0.05)
            if server.execute(query).fetchall() != [(0,)]:
                return True
            worker.send(signal.SIGCONT)
            time.sleep(scene.chance.random() / 10)
            worker.send(signal.SIGSTOP)
    return False


@pytest.mark.brief
def test_two_that_own_the_same_partitions(scene: Scene) -> None:
    first = scene.begin()
    second = scene.crew.start(KAFKA_GROUP="others")
    second.works(more=1500)
    scene.traffic.stop()
    until_loaded(scene.stream)
    assert first.end() == second.end() == 0
    both, compared = first.records + second.records, scene.conclude("two sinks on each partition")
    assert both > compared  # else they did not meet


@pytest.mark.parametrize("pause", [5, 1])
def test_from_one_sink_to_three_and_back_again_and_again(scene: Scene, pause: int) -> None:
    scene.begin()
    changes = 0
    until_then = time.monotonic() + 60
    while time.monotonic() < until_then:
        for more in (True, True, False, False):
            if more:
                scene.crew.start()
            else:
                scene.chance.choice(scene.crew.alive).end(scene.chance.choice([signal.SIGTERM, signal.SIGKILL]))
            changes += 1
            time.sleep(pause)
    assert len(scene.crew.alive) == 1
    scene.stand_trial(f"{changes} sinks came or went, one each {pause} s")

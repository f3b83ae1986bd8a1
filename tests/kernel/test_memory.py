"""Cycles are looked for rarely, but they do not pile up."""

from __future__ import annotations

import gc

from kernel.memory import rare_collections


class _Knot:
    """An object in a cycle with itself."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        _Knot.alive += 1

    def __del__(self) -> None:
        _Knot.alive -= 1


def test_cycles_between_batches_do_not_pile_up() -> None:
    most = 0
    with rare_collections():
        for _ in range(200):
            batch = [[number] for number in range(5_000)]
            knots = [_Knot() for _ in range(1_000)]
            del batch, knots
            most = max(most, _Knot.alive)

    assert most < 40_000


def test_the_settings_of_the_process_come_back() -> None:
    before = gc.get_threshold()

    with rare_collections():
        assert gc.get_threshold() != before

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0

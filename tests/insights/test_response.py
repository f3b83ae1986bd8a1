"""Answers within a time, and those who wait."""

from __future__ import annotations

import pytest

from insights import Scope, response
from kernel.model import Fact
from tests.insights.made import SCOPE, WEEK, rows, thread


def facts(threads, scope=SCOPE) -> dict[str, Fact]:
    return {fact.id: fact for fact in response.facts(rows(threads=threads), scope)}


def test_only_threads_that_turned_old_enough_this_week_count():
    found = facts(
        [
            thread(1, 23.9, 1),  # too young for 24 h
            thread(2, 24, 5),
            thread(3, 100, 30),  # answered, but late
            thread(4, 191, None),
            thread(5, 192, 2),  # turned 24 h old in the week before
        ]
    )
    fact = found["response.answered_within_24h"]
    assert (fact.n, fact.total, fact.value) == (1, 3, pytest.approx(1 / 3))
    assert fact.previous == 1.0


def test_an_answer_at_the_mark_is_in_time():
    fact = facts([thread(1, 50, 24), thread(2, 50, 24.01)])["response.answered_within_24h"]
    assert (fact.n, fact.total) == (1, 2)


def test_no_thread_old_enough_is_unknown_not_zero():
    fact = facts([thread(1, 5, None)])["response.answered_within_24h"]
    assert (fact.value, fact.n, fact.total, fact.interval) == (None, 0, 0, None)
    assert fact.p_value is None


def test_the_promise_and_a_week_are_always_marked():
    found = facts([], Scope(week=WEEK, within_hours=(2,), sla_hours=9))
    marks = {name for name in found if "answered_within" in name}
    assert marks == {f"response.answered_within_{hours}h" for hours in (2, 9, 168)}


def test_a_change_is_tested_with_five_askers_only():
    good = [thread(number, 30, 1) for number in range(9)] + [thread(20 + number, 200, None) for number in range(9)]
    few = [{**row, "starter_person_id": row["thread_id"] % 4} for row in good]
    assert facts(good)["response.answered_within_24h"].p_value < 0.001
    assert facts(few)["response.answered_within_24h"].p_value is None


def test_the_curve_keeps_the_waiting():
    found = facts([thread(1, 200, 1), thread(2, 200, 3), thread(3, 200, 5), thread(4, 3, None), thread(5, 8, None)])
    assert found["response.median_hours"].value == 5
    assert (found["response.median_hours"].n, found["response.median_hours"].total) == (3, 5)
    waiting = found["response.still_waiting"]
    labels = [float(label) for label in waiting.series_labels]
    assert waiting.series[labels.index(4)] == pytest.approx(0.6)
    # Nobody was watched after eight hours without an answer, and all who were answered came before.
    assert waiting.series[labels.index(8)] == pytest.approx(0.3)


def test_a_median_that_is_not_reached_says_so():
    fact = facts([thread(1, 100, 4), thread(2, 100, None), thread(3, 100, None)])["response.median_hours"]
    assert (fact.value, fact.note) == (None, "not_reached")


def test_no_threads_say_nothing():
    found = facts([])
    assert found["response.median_hours"].value is None
    assert found["response.median_hours"].note is None
    assert found["response.waiting"].value == 0
    assert set(found["response.still_waiting"].series) == {None}


def test_a_thread_that_was_closed_waits_no_longer_and_was_never_answered():
    found = facts([thread(1, 100, None), thread(2, 100, None, is_open=False)])
    assert (found["response.waiting"].n, found["response.waiting"].total) == (1, 2)
    assert "thread.2.waiting_hours" not in found
    assert (found["response.answered_within_24h"].n, found["response.answered_within_24h"].total) == (0, 2)


def test_the_oldest_waiting_threads_that_ask_are_named():
    found = facts(
        [
            thread(1, 100, None),
            thread(2, 300, None),
            thread(3, 400, None, feedback_type="praise"),
            thread(4, 200, None, feedback_type=None),
            thread(5, 23, None),
            thread(6, 500, 1),
        ]
    )
    named = [name for name in found if name.startswith("thread.")]
    assert named == ["thread.2.waiting_hours", "thread.4.waiting_hours", "thread.1.waiting_hours"]
    late, waiting = found["response.waiting_late"], found["response.waiting"]
    assert (waiting.n, waiting.total) == (5, 6)
    assert (late.n, late.total) == (4, 5)
    assert found["response.waiting_asking"].n == 3


def test_sources_and_areas_are_told_apart():
    threads = [thread(1, 50, 1, area="pay"), thread(2, 50, None, source="chat"), thread(3, 50, 9, source="chat")]
    found = facts(threads)
    assert found["response.source.chat.answered"].value == 0.5
    assert found["response.area.pay.answered"].value == 1.0
    assert not [name for name in facts(threads, Scope(week=WEEK, area="pay")) if name.startswith("response.area")]

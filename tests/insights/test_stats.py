"""Statistics against figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from insights import stats
from kernel.model import Interval


def test_a_share_has_a_wilson_interval():
    value, interval = stats.share(5, 10)
    assert value == 0.5
    # Wilson with z = 1.96: centre (5 + 1.92) / 13.84, half width from the same formula.
    assert interval == Interval(pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))


def test_nothing_of_ten_is_zero_and_nothing_of_nothing_is_unknown():
    value, interval = stats.share(0, 10)
    assert value == 0.0
    assert interval is not None
    assert interval.low == 0.0
    assert stats.share(0, 0) == (None, None)


def test_rates_are_compared_by_the_exact_conditional_test():
    ratio = stats.rate_ratio(8, 100, 2, 100)
    assert ratio is not None
    assert ratio.value == pytest.approx(4.0)
    # 8, 9 or 10 of 10 and their mirror, each way of two to the ten.
    assert ratio.p == pytest.approx(2 * (45 + 10 + 1) / 1024)
    assert ratio.interval.low == pytest.approx(0.4439 / (1 - 0.4439), abs=2e-3)


def test_rates_allow_for_the_exposure():
    ratio = stats.rate_ratio(20, 200, 10, 100)
    assert ratio is not None
    assert ratio.value == pytest.approx(1.0)
    assert ratio.p == pytest.approx(1.0)


def test_a_rise_from_nothing_has_a_lower_end_and_no_value():
    ratio = stats.rate_ratio(6, 100, 0, 100)
    assert ratio is not None
    assert ratio.value is None
    assert ratio.interval.high is None
    assert ratio.interval.low is not None
    assert ratio.p == pytest.approx(2 / 64)


@pytest.mark.parametrize(("now", "before"), [((0, 10), (0, 10)), ((3, 0), (1, 10)), ((3, 10), (1, 0))])
def test_rates_without_evidence_are_unknown(now, before):
    assert stats.rate_ratio(*now, *before) is None


def test_shares_differ_by_fishers_test():
    # Of 8 drawn 4 ways: (1 + 16 + 16 + 1) of 70 tables are as rare as 3/4 against 1/4.
    assert stats.shares_differ(3, 4, 1, 4) == pytest.approx(34 / 70)
    assert stats.shares_differ(0, 0, 1, 4) is None


def test_a_count_is_held_against_its_own_history():
    poisson = 1 - sum(math.exp(-4) * 4**k / math.factorial(k) for k in range(10))
    assert stats.unusual(10, [4, 4, 4, 4]) == pytest.approx(2 * poisson)
    assert stats.unusual(4, [4, 4, 4, 4]) == 1.0


def test_a_history_that_spreads_makes_a_peak_less_unusual():
    steady, spread = stats.unusual(30, [10, 10, 10, 10, 10]), stats.unusual(30, [2, 18, 5, 20, 5])
    assert steady is not None
    assert spread is not None
    assert steady < 0.001 < spread


@pytest.mark.parametrize("history", [[], [4, 4, 4], [0, 0, 0, 0, 0]])
def test_a_history_that_says_nothing_tests_nothing(history):
    assert stats.unusual(9, history) is None


def test_adjusting_leaves_out_tests_that_were_not_made():
    assert stats.adjust([0.01, None, 0.04, 0.03]) == [
        pytest.approx(0.03),
        None,
        pytest.approx(0.04),
        pytest.approx(0.04),
    ]
    assert stats.adjust([None]) == [None]
    assert stats.adjust([]) == []


def test_survival_keeps_those_who_wait():
    # At risk 5, 4, 2 when an answer comes: 4/5, 3/4 of it, 1/2 of that.
    estimate = stats.survival([1, 3, 5], [3, 8])
    assert estimate is not None
    assert [estimate.at(hours)[0] for hours in (0, 1, 2.9, 3, 5, 8)] == pytest.approx([1, 0.8, 0.8, 0.6, 0.3, 0.3])
    assert estimate.quantile(0.5)[0] == 5
    assert estimate.quantile(0.9) == (None, None)


def test_dropping_those_who_wait_would_have_looked_faster():
    estimate, dropped = stats.survival([1, 3, 5], [3, 8]), stats.survival([1, 3, 5], [])
    assert estimate is not None
    assert dropped is not None
    assert estimate.quantile(0.5)[0] > dropped.quantile(0.5)[0]


def test_the_band_is_log_log():
    estimate = stats.survival([1, 3, 5], [3, 8])
    assert estimate is not None
    # Greenwood at the first answer: 1 / (5 * 4), through log(-log S).
    wide = 1.959964 * math.sqrt(1 / 20) / abs(math.log(0.8))
    _, interval = estimate.at(1)
    assert interval is not None
    assert interval.low == pytest.approx(0.8 ** math.exp(wide), rel=1e-4)
    assert interval.high == pytest.approx(0.8 ** math.exp(-wide), rel=1e-4)


def test_the_band_is_unknown_where_all_or_none_wait():
    estimate = stats.survival([1, 2], [])
    assert estimate is not None
    assert estimate.at(0.5) == (1.0, None)
    assert estimate.at(2) == (0.0, None)


def test_nothing_is_said_beyond_the_longest_time_observed():
    estimate = stats.survival([1], [8])
    assert estimate is not None
    assert estimate.at(8.1) == (None, None)
    assert stats.survival([], []) is None


def test_a_quantile_that_is_reached_exactly_counts():
    estimate = stats.survival([1, 2, 3, 4], [])
    assert estimate is not None
    assert estimate.quantile(0.5)[0] == 2


def test_only_waiting_threads_have_no_median():
    estimate = stats.survival([], [3, 8])
    assert estimate is not None
    assert estimate.at(5) == (1.0, None)
    assert estimate.quantile(0.5) == (None, None)


def test_ranks_that_chance_could_swap_are_tied():
    people = np.zeros((40, 3), dtype=np.bool_)
    people[:30, 0] = True
    people[30:36, 1] = True
    people[35:40, 2] = True
    best, worst = stats.rank_ranges(people, seed=1)
    assert (best[0], worst[0]) == (1, 1)
    assert list(best[1:]) == [2, 2]
    assert list(worst[1:]) == [3, 3]


def test_ranks_depend_on_the_seed_alone():
    people = np.random.default_rng(3).random((30, 6)) < 0.4
    first, again = stats.rank_ranges(people, seed=5), stats.rank_ranges(people, seed=5)
    assert np.array_equal(first, again)


def test_no_people_have_no_ranks():
    best, worst = stats.rank_ranges(np.zeros((0, 2), dtype=np.bool_), seed=1)
    assert list(best) == list(worst) == [0, 0]

"""Thin covers over scipy that know this house's rules: unknown is None, never 0, and small evidence is not tested.

Each function returns plain floats or None. Intervals are at 95 %.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kernel.model import Interval

LEVEL = 0.95
LEAST_PEOPLE = 5
LEAST_HISTORY = 4


def share(n: int, total: int) -> tuple[float | None, Interval | None]:
    """Return n/total with its Wilson interval; unknown where total is 0."""
    if total == 0:
        return None, None
    limits = stats.binomtest(n, total).proportion_ci(LEVEL, method="wilson")
    return n / total, Interval(float(limits.low), float(limits.high), LEVEL)


@dataclass(frozen=True)
class Ratio:
    """One rate over another: `value` is None where the other is 0; `p` is of the test that they are equal."""

    value: float | None
    interval: Interval
    p: float


def rate_ratio(n: int, exposure: int, before: int, exposure_before: int) -> Ratio | None:
    """Compare n of `exposure` with `before` of `exposure_before`, two Poisson rates, by the exact conditional test.

    Given their sum, n is binomial with its share of the exposure as probability. Unknown without exposure or events.
    """
    if exposure == 0 or exposure_before == 0 or n + before == 0:
        return None
    test = stats.binomtest(n, n + before, exposure / (exposure + exposure_before))
    limits = test.proportion_ci(LEVEL, method="exact")
    scale = exposure_before / exposure
    value = None if before == 0 else n / before * scale
    return Ratio(value, Interval(_odds(limits.low, scale), _odds(limits.high, scale), LEVEL), float(test.pvalue))


def shares_differ(n: int, total: int, before: int, total_before: int) -> float | None:
    """Return Fisher's exact p that two independent shares are equal; unknown where either has no evidence."""
    if total == 0 or total_before == 0:
        return None
    return float(stats.fisher_exact([[n, total - n], [before, total_before - before]]).pvalue)


def unusual(value: int, history: Sequence[int]) -> float | None:
    """Return the two-sided p of a count against its own history: negative binomial, Poisson where it does not spread.

    The spread allows for a mean estimated from few weeks. Unknown with fewer than four weeks, or none above 0.
    """
    if len(history) < LEAST_HISTORY or not any(history):
        return None
    mean = float(np.mean(history))
    variance = float(np.var(history, ddof=1)) + mean / len(history)
    if variance > mean:
        size = mean * mean / (variance - mean)
        law = stats.nbinom(size, size / (size + mean))
    else:
        law = stats.poisson(mean)
    return min(1.0, 2 * float(min(law.cdf(value), law.sf(value - 1))))


def adjust(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Benjamini-Hochberg q-values of the tests that were made; None stays None and does not count."""
    tested = [index for index, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    if tested:
        found = stats.false_discovery_control([p_values[index] for index in tested])
        for index, q in zip(tested, found, strict=True):
            adjusted[index] = float(q)
    return adjusted


@dataclass(frozen=True)
class Survival:
    """A Kaplan-Meier estimate: the share still waiting after a time, with a log-log band."""

    curve: Any
    low: Any
    high: Any
    longest: float

    def at(self, hours: float) -> tuple[float | None, Interval | None]:
        """Return the share still waiting after `hours`; unknown beyond the longest time observed."""
        if hours > self.longest:
            return None, None
        value = float(self.curve.evaluate(hours))
        if value in (0.0, 1.0):
            return value, None
        return value, Interval(_known(self.low.evaluate(hours)), _known(self.high.evaluate(hours)), LEVEL)

    def quantile(self, share_done: float) -> tuple[float | None, Interval | None]:
        """Return the time by which `share_done` were answered; None where that was not reached."""
        value = _first(self.curve, 1 - share_done)
        if value is None:
            return None, None
        return value, Interval(_first(self.low, 1 - share_done), _first(self.high, 1 - share_done), LEVEL)


def survival(answered: Sequence[float], waiting: Sequence[float]) -> Survival | None:
    """Return the Kaplan-Meier estimate of times to an answer; `waiting` are censored. Unknown without any."""
    if not answered and not waiting:
        return None
    curve = stats.ecdf(stats.CensoredData(uncensored=list(answered), right=list(waiting))).sf
    with warnings.catch_warnings():
        # The log-log band has no value where the curve is at 0 or 1; `at` says unknown there.
        warnings.simplefilter("ignore", RuntimeWarning)
        band = curve.confidence_interval(LEVEL, method="log-log")
    return Survival(curve, band.low, band.high, max([*answered, *waiting]))


def rank_ranges(
    membership: NDArray[np.bool_], *, seed: int, rounds: int = 1000
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the best and worst rank (1 is first) of each column's count that resampling rows leaves plausible.

    `membership` is people x themes; whole people are drawn, so a person who is in two themes moves both.
    """
    people, themes = membership.shape
    if people == 0 or themes == 0:
        nothing = np.zeros(themes, dtype=np.int64)
        return nothing, nothing
    random, member = np.random.default_rng(seed), membership.astype(np.float64)
    drawn = (np.bincount(random.integers(people, size=people), minlength=people) for _ in range(rounds))
    counts = np.array([times @ member for times in drawn])
    ranks = 1 + (counts[:, None, :] > counts[:, :, None]).sum(axis=2)
    tail = (1 - LEVEL) / 2
    low = np.quantile(ranks, tail, axis=0, method="inverted_cdf")
    high = np.quantile(ranks, 1 - tail, axis=0, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def _odds(probability: float, scale: float) -> float | None:
    return None if probability >= 1 else float(probability / (1 - probability) * scale)


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)


def _first(curve: Any, level: float) -> float | None:
    """Return the first time at which a falling step function is at or below `level`."""
    # A float's dust must not hide a level that is reached exactly.
    reached = np.flatnonzero(curve.probabilities <= level + 1e-12)
    return float(curve.quantiles[reached[0]]) if reached.size else None

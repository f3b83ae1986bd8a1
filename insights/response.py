"""Who is still waiting, and how long does an answer take?

An answer is a post by another person who is not a bot. The primary number takes only threads that are old enough to
have one: of those that turned h hours old in this week, how many were answered within h hours. Threads that wait are
never dropped: the time to an answer is a Kaplan-Meier estimate in which they are censored.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from insights import stats
from insights.scope import Row, Rows, Scope
from kernel.model import Fact

QUERIES = ("threads",)

WEEK_HOURS = 168
OLDEST = 10
# Points at which the curve is drawn, dense where answers come.
CURVE_HOURS = (0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 60, 72, 96, 120, 144, 168)
ASKING = ("bug", "request", "question", "complaint", None)


def facts(rows: Rows, scope: Scope) -> list[Fact]:
    """Return answered-within shares, the waiting curve, who waits longest, and how sources and areas compare."""
    threads = rows["threads"]
    found = [_begun(threads, scope)]
    found += [_answered_within(threads, hours, scope) for hours in sorted({*scope.within_hours, scope.sla_hours, 168})]
    found += _curve(threads, scope)
    found += _waiting(threads, scope)
    found += _by("source", threads, scope)
    if scope.area is None:
        found += _by("area", threads, scope)
    return found


def _begun(threads: Sequence[Row], scope: Scope) -> Fact:
    weeks = [thread["week"] for thread in threads]
    now, before = weeks.count(scope.week), weeks.count(scope.last_week)
    return _fact(scope, id="response.threads", label="Threads begun", unit="threads", value=now, previous=before)


def _answered_within(threads: Sequence[Row], hours: int, scope: Scope) -> Fact:
    now, before = (_turned(threads, hours, weeks_ago) for weeks_ago in (0, 1))
    n, n_before = _answered(now, hours), _answered(before, hours)
    value, interval = stats.share(n, len(now))
    askers = [len({thread["starter_person_id"] for thread in cohort}) for cohort in (now, before)]
    enough = max(askers) >= stats.LEAST_PEOPLE
    return _fact(
        scope, id=f"response.answered_within_{hours}h", label=f"Answered within {hours} hours", unit="share",
        value=value, n=n, total=len(now), interval=interval, previous=stats.share(n_before, len(before))[0],
        p_value=stats.shares_differ(n, len(now), n_before, len(before)) if enough else None, desirable=1,
    )  # fmt: skip


def _turned(threads: Sequence[Row], hours: float, weeks_ago: int) -> list[Row]:
    """Return the threads that turned `hours` old in the report's week, or in a week before it.

    Disjoint from week to week, all old enough, and none is forgotten.
    """
    first = hours + WEEK_HOURS * weeks_ago
    return [thread for thread in threads if first <= thread["observed_hours"] < first + WEEK_HOURS]


def _answered(threads: Sequence[Row], hours: float) -> int:
    return sum(thread["response_hours"] is not None and thread["response_hours"] <= hours for thread in threads)


def _curve(threads: Sequence[Row], scope: Scope) -> list[Fact]:
    answered = [max(0.0, thread["response_hours"]) for thread in threads if thread["response_hours"] is not None]
    waiting = [thread["observed_hours"] for thread in threads if thread["response_hours"] is None]
    estimate = stats.survival(answered, waiting)
    evidence: dict[str, Any] = {"n": len(answered), "total": len(threads)}
    found = []
    for name, label, done in (
        ("median_hours", "Half answered after", 0.5),
        ("p90_hours", "Nine in ten answered after", 0.9),
    ):
        value, interval = estimate.quantile(done) if estimate else (None, None)
        note = "not_reached" if estimate and value is None else None
        found.append(_fact(
            scope, id=f"response.{name}", label=label, unit="hours", value=value, interval=interval, desirable=-1,
            note=note, **evidence,
        ))  # fmt: skip
    points = [estimate.at(hours) if estimate else (None, None) for hours in CURVE_HOURS]
    series = {
        "still_waiting": [value for value, _ in points],
        "still_waiting_low": [interval.low if interval else None for _, interval in points],
        "still_waiting_high": [interval.high if interval else None for _, interval in points],
    }
    labels = (
        "Share still waiting after a week",
        "Share still waiting after a week, lower end",
        "Share still waiting after a week, upper end",
    )
    for (name, values), label in zip(series.items(), labels, strict=True):
        found.append(_fact(
            scope, id=f"response.{name}", label=label, unit="share", value=values[-1], series=tuple(values),
            series_labels=tuple(f"{hours:g}" for hours in CURVE_HOURS), desirable=-1, **evidence,
        ))  # fmt: skip
    return found


def _waiting(threads: Sequence[Row], scope: Scope) -> list[Fact]:
    # Who closed a thread waits no longer; for how long an answer takes, it still counts as never answered.
    waiting = [thread for thread in threads if thread["response_hours"] is None and thread["is_open"]]
    late = [thread for thread in waiting if thread["observed_hours"] >= scope.sla_hours]
    asking = [thread for thread in late if thread["feedback_type"] in ASKING]
    oldest = sorted(asking, key=lambda thread: (-thread["observed_hours"], thread["thread_id"]))[:OLDEST]

    def fact(name: str, label: str, found: Sequence[Row], among: Sequence[Row]) -> Fact:
        n = len(found)
        return _fact(
            scope, id=f"response.{name}", label=label, unit="threads", value=n, n=n, total=len(among), desirable=-1
        )

    return [
        fact("waiting", "Open threads without an answer, of all begun in the last five weeks", waiting, threads),
        fact("waiting_late", "Of these, waiting longer than promised", late, waiting),
        fact(
            "waiting_asking",
            "Of these, opened by a question, bug report, request, complaint or words of an unsure kind",
            asking,
            late,
        ),
        *(
            _fact(
                scope, id=f"thread.{thread['thread_id']}.waiting_hours", label="Waiting for", unit="hours",
                value=thread["observed_hours"], desirable=-1, row={"thread_id": thread["thread_id"]},
            )
            for thread in oldest
        ),
    ]  # fmt: skip


def _by(kind: str, threads: Sequence[Row], scope: Scope) -> list[Fact]:
    """Return the share answered in the promised time, by source or area."""
    cohort = sorted(
        (thread for thread in _turned(threads, scope.sla_hours, 0) if thread[kind] is not None),
        key=lambda thread: thread[kind],
    )
    found = []
    for name, members in groupby(cohort, key=lambda thread: thread[kind]):
        group = list(members)
        n = _answered(group, scope.sla_hours)
        value, interval = stats.share(n, len(group))
        found.append(_fact(
            scope, id=f"response.{kind}.{name}.answered", label=f"Answered in the promised time, by {kind}",
            unit="share", value=value, n=n, total=len(group), interval=interval, desirable=1, row={kind: name},
        ))  # fmt: skip
    return found


def _fact(scope: Scope, *, row: dict[str, Any] | None = None, **fields: Any) -> Fact:
    return Fact(query="threads", params=scope.params(**(row or {})), **fields)

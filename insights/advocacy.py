"""Which themes, how many people, how sure, and what changed?

People are counted once, posts second. A week is compared with the one before by people per active person of the whole
community, so that a busy week does not make every theme grow. A theme is unknown, not silent, before it was born.
The test takes two weeks as independent; people who speak in both make it more cautious, not less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from insights import stats
from insights.scope import Row, Rows, Scope
from kernel.model import Fact, Interval

QUERIES = ("community_week", "voice_week", "theme_week", "theme_people", "themes", "area_week")

KINDS = ("bug", "request", "question", "complaint", "praise", "other")
SPARK_WEEKS = 8
BASE_WEEKS = 4


@dataclass(frozen=True)
class Theme:
    """A theme with its weeks; `active` holds the people of the whole community by week and is the calendar.

    `is_first` tells that it was born with the registry, so that nobody knows how old it is.
    """

    theme_id: int
    born: date
    is_first: bool
    weeks: dict[date, Row]
    active: dict[date, int]

    def count(self, week: date, column: str) -> int | None:
        """Return a count of one week: 0 in a silent week, None before the theme or the archive began."""
        if week in self.weeks:
            return int(self.weeks[week][column])
        return 0 if week in self.active and week >= self.born else None


def facts(rows: Rows, scope: Scope) -> list[Fact]:
    """Return what was said in scope, and every theme that was spoken of in this week or the one before."""
    active = {row["week"]: row["people"] for row in rows["community_week"]}
    themes = [theme for theme in _themes(rows, active) if _spoken(theme, scope)]
    ranks = _ranks(themes, rows["theme_people"], scope)
    found = _voice(rows["voice_week"], active, scope)
    for theme in sorted(themes, key=lambda theme: _order(theme, scope)):
        found += _theme_facts(theme, ranks.get(theme.theme_id), scope)
    return found + (_areas(rows["area_week"], active[scope.week], scope) if scope.area is None else [])


def _themes(rows: Rows, active: dict[date, int]) -> list[Theme]:
    weeks: dict[int, dict[date, Row]] = {}
    for row in rows["theme_week"]:
        weeks.setdefault(row["theme_id"], {})[row["week"]] = row
    return [
        Theme(row["theme_id"], row["born_week"], row["is_first"], weeks[row["theme_id"]], active)
        for row in rows["themes"]
        if row["theme_id"] in weeks
    ]


def _spoken(theme: Theme, scope: Scope) -> bool:
    return scope.week in theme.weeks or scope.last_week in theme.weeks


def _order(theme: Theme, scope: Scope) -> tuple[int, int, int]:
    people, posts = (theme.count(scope.week, column) or 0 for column in ("people", "posts"))
    return -people, -posts, theme.theme_id


def _ranks(themes: Sequence[Theme], members: Sequence[Row], scope: Scope) -> dict[int, tuple[int, Interval]]:
    """Return the rank of each theme spoken of in this week by its people, and the ranks that chance leaves open."""
    people = {theme.theme_id: theme.count(scope.week, "people") or 0 for theme in themes}
    columns = {theme_id: index for index, theme_id in enumerate(key for key in people if people[key])}
    lines = {person: index for index, person in enumerate(dict.fromkeys(row["person_id"] for row in members))}
    membership = np.zeros((len(lines), len(columns)), dtype=np.bool_)
    for row in members:
        if row["theme_id"] in columns:
            membership[lines[row["person_id"]], columns[row["theme_id"]]] = True
    best, worst = stats.rank_ranges(membership, seed=scope.seed)
    return {
        theme_id: (
            1 + sum(other > people[theme_id] for other in people.values()),
            Interval(float(best[index]), float(worst[index]), stats.LEVEL),
        )
        for theme_id, index in columns.items()
    }


def _voice(weeks: Sequence[Row], active: dict[date, int], scope: Scope) -> list[Fact]:
    """Return what the whole scope said; weeks without a row are silent where the calendar knows them."""
    known = {row["week"]: row for row in weeks}
    calendar = sorted(active)[-SPARK_WEEKS:]

    def of(week: date, column: str) -> int | None:
        if week in known:
            return int(known[week][column])
        return 0 if week in active else None

    def fact(name: str, label: str, unit: Any, column: str, total: int | None = None) -> Fact:
        value = of(scope.week, column)
        return Fact(
            id=f"voice.{name}", label=label, query="voice_week", unit=unit, value=value, n=value, total=total,
            previous=of(scope.last_week, column), series=tuple(of(week, column) for week in calendar),
            series_labels=_labels(calendar), params=scope.params(),
        )  # fmt: skip

    return [
        fact("people", "People who wrote", "people", "people", active[scope.week]),
        fact("posts", "Posts they wrote", "posts", "posts"),
        _negative("voice.negative", known.get(scope.week), known.get(scope.last_week), "voice_week", scope.params()),
    ]


def _theme_facts(theme: Theme, rank: tuple[int, Interval] | None, scope: Scope) -> list[Fact]:
    calendar = sorted(theme.active)[-SPARK_WEEKS:]
    now, before = theme.weeks.get(scope.week), theme.weeks.get(scope.last_week)
    params = scope.params(theme_id=theme.theme_id)

    def fact(name: str, label: str, unit: Any, value: float | None, **more: Any) -> Fact:
        name = f"theme.{theme.theme_id}.{name}"
        query = more.pop("query", "theme_week")
        return Fact(id=name, label=label, query=query, unit=unit, value=value, params=params, **more)

    def counted(name: str, label: str, unit: Any, **more: Any) -> Fact:
        return fact(
            name, label, unit, theme.count(scope.week, name), previous=theme.count(scope.last_week, name),
            series=tuple(theme.count(week, name) for week in calendar), series_labels=_labels(calendar), **more,
        )  # fmt: skip

    people = theme.count(scope.week, "people")
    age = (scope.week - theme.born).days // 7 + 1
    base = [scope.week - timedelta(weeks=back) for back in range(1, BASE_WEEKS + 1)]
    return [
        counted("people", "People who spoke of the theme", "people", n=people, total=theme.active[scope.week]),
        counted("posts", "Posts in the theme", "posts"),
        fact("sources", "Sources in which it came up", "count", theme.count(scope.week, "sources")),
        _compared(fact, "change", "People per active person, against last week", theme, [scope.last_week], scope),
        _compared(fact, "trend", "People per active person, against the four weeks before", theme, base, scope),
        _negative(f"theme.{theme.theme_id}.negative", now, before, "theme_week", params),
        _kind(fact, now),
        fact(
            "rank",
            "Rank by people",
            "count",
            rank[0] if rank else None,
            interval=rank[1] if rank else None,
            query="theme_people",
        ),
        fact("age", "Weeks since it was first found", "count", age, note="with_registry" if theme.is_first else None),
    ]


def _compared(
    fact: Callable[..., Fact], name: str, label: str, theme: Theme, base: Sequence[date], scope: Scope
) -> Fact:
    """Return the ratio of rates to the `base` weeks; unknown where theme or archive is younger than they are."""
    people = theme.count(scope.week, "people") or 0
    earlier = [theme.count(week, "people") for week in base]
    known = [count for count in earlier if count is not None]
    ratio = None
    if len(known) == len(base):
        exposure = sum(theme.active[week] for week in base)
        ratio = stats.rate_ratio(people, theme.active[scope.week], sum(known), exposure)
    if ratio is None:
        younger = "first" if theme.is_first else "new"
        return fact(name, label, "ratio", None, n=people, note=younger if len(known) < len(base) else None)
    enough = max(people, *known) >= stats.LEAST_PEOPLE
    return fact(
        name, label, "ratio", ratio.value, n=people, total=theme.active[scope.week], interval=ratio.interval,
        p_value=ratio.p if enough else None, note=None if enough else "few_people",
    )  # fmt: skip


def _negative(fact_id: str, now: Row | None, before: Row | None, query: str, params: Any) -> Fact:
    n, total = (now["negative_posts"], now["sentiment_posts"]) if now else (0, 0)
    value, interval = stats.share(n, total)
    previous = stats.share(before["negative_posts"], before["sentiment_posts"])[0] if before else None
    return Fact(
        id=fact_id, label="Negative posts, of those with a judged sentiment", query=query, unit="share", value=value,
        n=n, total=total, interval=interval, previous=previous, desirable=-1, params=params,
    )  # fmt: skip


def _kind(fact: Callable[..., Fact], now: Row | None) -> Fact:
    """Return the share of the most frequent kind of feedback; `note` names a majority, or says mixed."""
    counts = {kind: now[kind] if now else 0 for kind in KINDS}
    total, most = sum(counts.values()), max(counts.values())
    note = None if total == 0 else max(KINDS, key=counts.__getitem__) if 2 * most > total else "mixed"
    label = "Posts of the most frequent kind, of those with a judged kind"
    value = most / total if total else None
    return fact("kind", label, "share", value, n=most, total=total, note=note, definition="2")


def _areas(rows: Sequence[Row], active: int, scope: Scope) -> list[Fact]:
    found = []
    for row in rows:
        params = scope.params(area_key=row["area"])
        name = f"area.{row['area']}"
        found += [
            Fact(
                id=f"{name}.people", label="People who spoke of the area", query="area_week", unit="people",
                value=row["people"], n=row["people"], total=active, params=params,
            ),
            Fact(
                id=f"{name}.posts", label="Posts about the area", query="area_week", unit="posts",
                value=row["posts"], params=params,
            ),
            _negative(f"{name}.negative", row, None, "area_week", params),
        ]  # fmt: skip
    return found


def _labels(weeks: Sequence[date]) -> tuple[str, ...]:
    return tuple(week.isoformat() for week in weeks)

"""Can this report be believed? What came in, what was left out, and what could not be read.

These facts are about the whole community in every report, because an area's themes are found among everybody's posts.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import Any

from insights.scope import Row, Rows, Scope
from kernel.model import Fact

QUERIES = ("community_week", "source_week", "language_mix")

# A source that brings less than this share of its usual week is called quiet.
QUIET = 0.5
# The language of posts with fewer letters than tell one: emoji, "ok".
TOO_SHORT = "und"


def facts(rows: Rows, scope: Scope) -> list[Fact]:
    """Return the facts of the trust strip: posts, people, sources, exclusions, languages and the share in no theme."""
    week = next(row for row in rows["community_week"] if row["week"] == scope.week)
    history = Fact(
        id="report.history_weeks", label="Weeks known before this one", query="community_week", unit="count",
        value=len(rows["community_week"]) - 1, params=scope.everywhere(),
    )  # fmt: skip
    return [
        history,
        *_intake(week, scope),
        *_sources(rows["source_week"], scope),
        *_languages(rows["language_mix"], scope),
    ]


def _intake(week: Row, scope: Scope) -> list[Fact]:
    posts: int = week["posts"]

    def fact(name: str, label: str, column: str, **more: Any) -> Fact:
        more.setdefault("unit", "posts")
        params = scope.everywhere()
        return Fact(id=f"trust.{name}", label=label, query="community_week", value=week[column], params=params, **more)

    def of_all(name: str, label: str, column: str) -> Fact:
        return fact(name, label, column, n=week[column], total=posts)

    return [
        fact("posts", "Posts that came in", "posts"),
        fact("people", "People of the community who wrote", "people", unit="people"),
        of_all("counted", "Posts by people of the community", "counted_posts"),
        of_all("bots", "Posts left out: bots", "bot_posts"),
        of_all("staff", "Posts left out: staff", "staff_posts"),
        of_all("spam", "Posts left out: spam", "spam_posts"),
        fact(
            "duplicates",
            "Posts that repeat an earlier one",
            "duplicate_posts",
            n=week["duplicate_posts"],
            total=week["counted_posts"],
        ),
    ]


def _sources(rows: list[Row] | Any, scope: Scope) -> list[Fact]:
    by_source: dict[str, dict[Any, int]] = defaultdict(dict)
    for row in rows:
        by_source[row["source"]][row["week"]] = row["posts"]
    quiet = sum(_is_quiet(weeks, scope) for weeks in by_source.values())
    speaking = sum(scope.week in weeks for weeks in by_source.values())
    known = len(by_source)

    def fact(name: str, label: str, value: int) -> Fact:
        params = scope.everywhere()
        return Fact(
            id=f"trust.{name}", label=label, query="source_week", unit="count",
            value=value, n=value, total=known, params=params,
        )  # fmt: skip

    return [
        fact("sources", "Sources with posts, of those known in five weeks", speaking),
        fact("quiet_sources", "Sources with less than half of their usual posts", quiet),
    ]


def _is_quiet(weeks: dict[Any, int], scope: Scope) -> bool:
    """Compare a source's week with the median of its weeks since it was first seen, silent ones included."""
    earlier = [week for week in weeks if week < scope.week]
    if not earlier:
        return False
    known = (scope.week - min(earlier)).days // 7
    usual = statistics.median([weeks[week] for week in earlier] + [0] * (known - len(earlier)))
    return weeks.get(scope.week, 0) < QUIET * usual


def _languages(rows: list[Row] | Any, scope: Scope) -> list[Fact]:
    posts = sum(row["posts"] for row in rows)
    read = [row for row in rows if row["language"] in scope.languages]
    readable = sum(row["posts"] for row in read)
    in_theme = sum(row["in_theme"] for row in read)
    short = sum(row["posts"] for row in rows if row["language"] == TOO_SHORT)

    def fact(name: str, label: str, n: int, total: int) -> Fact:
        value = n / total if total else None
        params = scope.everywhere()
        return Fact(
            id=f"trust.{name}", label=label, query="language_mix", unit="share",
            value=value, n=n, total=total, params=params,
        )  # fmt: skip

    return [
        fact("other_languages", "Counted posts in languages that are not analysed", posts - readable - short, posts),
        fact("too_short", "Counted posts too short to tell their language", short, posts),
        fact("in_no_theme", "Counted posts of analysed languages in no theme", readable - in_theme, readable),
    ]

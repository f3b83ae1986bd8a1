"""Is the community alive, who is new, who came back, who stayed away, and how concentrated is it?

Facts of the whole community only: a person belongs to the community, not to an area of the product.
"""

from __future__ import annotations

from typing import Any

from insights import stats
from insights.scope import Row, Rows, Scope
from kernel.model import Fact

QUERIES = ("community_week", "membership", "source_week", "language_mix")

# Weeks of history that a week's count is compared with, and that a spark shows with it.
HISTORY = 7
HISTORY_WEEKS = 13
MOST_ACTIVE = 10


def facts(rows: Rows, scope: Scope) -> list[Fact]:
    """Return the pulse of the community; nothing in the report of an area."""
    if scope.area is not None:
        return []
    calendar = rows["community_week"]
    return [
        *_counts(calendar, scope),
        _top_share(calendar, scope),
        *_membership(rows["membership"][0], scope),
        *_mix("source", "source_week", [row for row in rows["source_week"] if row["week"] == scope.week], scope),
        *_mix("language", "language_mix", list(rows["language_mix"]), scope),
    ]


def _counts(calendar: Any, scope: Scope) -> list[Fact]:
    recent = calendar[-1 - HISTORY :]

    def fact(name: str, label: str, column: str, unit: Any, desirable: int, *, first_known: int = 0) -> Fact:
        # Before `first_known` weeks of history the column says nothing: in the very first week everybody is new.
        series = [None if index < first_known else row[column] for index, row in enumerate(calendar)]
        past = [value for value in series[-1 - HISTORY : -1] if value is not None]
        value = series[-1]
        part = value if column == "new_people" else None
        people = max(row["new_people" if column == "new_people" else "people"] for row in calendar[-2:])
        p_value = None if value is None or people < stats.LEAST_PEOPLE else stats.unusual(value, past)
        return Fact(
            id=f"pulse.{name}", label=label, query="community_week", unit=unit, value=value,
            n=part, total=None if part is None else calendar[-1]["people"],
            previous=past[-1] if past else None, p_value=p_value,
            desirable=desirable, series=tuple(series[-1 - HISTORY :]),
            series_labels=tuple(row["week"].isoformat() for row in recent), params=scope.everywhere(),
        )  # fmt: skip

    return [
        fact("active", "Active people", "people", "people", 1),
        fact("new", "New people", "new_people", "people", 1, first_known=1),
        fact("posts", "Posts by people of the community", "counted_posts", "posts", 0),
    ]


def _top_share(calendar: Any, scope: Scope) -> Fact:
    recent = calendar[-1 - HISTORY :]
    series = tuple(_share_of_top(row) for row in recent)
    week = calendar[-1]
    return Fact(
        id="pulse.top_share", label="Posts by the ten most active", query="community_week",
        unit="share", value=series[-1], n=week["top_posts"], total=week["counted_posts"],
        previous=series[-2] if len(series) > 1 else None, desirable=-1, series=series,
        series_labels=tuple(row["week"].isoformat() for row in recent), params=scope.everywhere(),
        note=None if series[-1] is not None else "few_people",
    )  # fmt: skip


def _share_of_top(row: Row) -> float | None:
    """Return the share of the ten most active; unknown where there are no others."""
    return row["top_posts"] / row["counted_posts"] if row["people"] > MOST_ACTIVE else None


def _membership(row: Row, scope: Scope) -> list[Fact]:
    weeks = row["history_weeks"]

    def fact(name: str, label: str, total: int, desirable: int, least_weeks: int, column: str | None = None) -> Fact:
        known = weeks >= least_weeks
        value = row[column or name] if known else None
        return Fact(
            id=f"pulse.{name}", label=label, query="membership", unit="people", value=value,
            n=value, total=total if known else None, desirable=desirable, params=scope.everywhere(),
            note=None if weeks >= HISTORY_WEEKS else "short_history",
        )  # fmt: skip

    found = [
        fact("returning", "Returning people", row["active"], 1, 1),
        fact("reactivated", "Back after thirteen silent weeks", row["active"], 1, HISTORY_WEEKS),
        fact("lost_regulars", "Regulars who fell silent", row["regulars"], -1, 1),
    ]
    if 0 < weeks < HISTORY_WEEKS:
        # For how long these were silent, nobody knows; without them new and returning people are not all.
        label = "Neither: wrote before, not in the weeks that are known"
        found.append(fact("neither", label, row["active"], 0, 1, "reactivated"))
    return found


def _mix(kind: str, query: str, rows: list[Row], scope: Scope) -> list[Fact]:
    column = "counted_posts" if kind == "source" else "posts"
    total = sum(row[column] for row in rows)
    return [
        Fact(
            id=f"pulse.{kind}.{row[kind]}.posts", label=f"Share of posts by {kind}", query=query, unit="share",
            value=row[column] / total if total else None, n=row[column], total=total,
            params=scope.everywhere(**{kind: row[kind]}),
        )
        for row in sorted(rows, key=lambda row: (-row[column], row[kind]))
    ]  # fmt: skip

"""Rows of queries as a test needs them: what is not said is quiet."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from insights import QUERIES, Scope

WEEK = date(2026, 11, 16)
SCOPE = Scope(week=WEEK)


def monday(weeks_ago: int) -> date:
    return WEEK - timedelta(weeks=weeks_ago)


def week_row(weeks_ago: int, *, people: int = 0, **known: Any) -> dict[str, Any]:
    """A row of community_week; everybody writes one post unless told otherwise."""
    row = {
        "posts": people,
        "counted_posts": people,
        "bot_posts": 0,
        "staff_posts": 0,
        "spam_posts": 0,
        "duplicate_posts": 0,
    }
    return {"week": monday(weeks_ago), **row, "people": people, "new_people": 0, "top_posts": min(people, 10), **known}


def theme_row(weeks_ago: int, theme_id: int, people: int, **known: Any) -> dict[str, Any]:
    """A row of theme_week."""
    kinds = dict.fromkeys(("bug", "request", "question", "complaint", "praise", "other"), 0)
    counts = {"people": people, "posts": people, "sources": 1, "negative_posts": 0, "sentiment_posts": 0}
    return {"week": monday(weeks_ago), "theme_id": theme_id, **counts, **kinds, **known}


def theme(theme_id: int, *, age: int = 20, is_first: bool = False) -> dict[str, Any]:
    """A row of themes; `age` is in weeks, 1 in the week of its birth."""
    return {"theme_id": theme_id, "born_week": monday(age - 1), "is_first": is_first}


def thread(
    thread_id: int, observed: float, response: float | None, *, starter: int | None = None, **known: Any
) -> dict[str, Any]:
    """A row of threads."""
    row = {"source": "forum", "area": None, "theme_id": None, "feedback_type": "question", "title": "?"}
    row |= {"url": None, "is_open": True}
    return {
        "thread_id": thread_id,
        "week": monday(int(observed // 168)),
        "starter_person_id": thread_id if starter is None else starter,
        "observed_hours": observed,
        "response_hours": response,
        **row,
        **known,
    }


def members(**people: int) -> list[dict[str, Any]]:
    """Rows of theme_people: theme `t1` was spoken of by so many people, each of one theme only."""
    rows, person = [], 0
    for name, many in people.items():
        for _ in range(many):
            person += 1
            rows.append({"theme_id": int(name[1:]), "person_id": person, "posts": 1})
    return rows


def rows(**known: Any) -> dict[str, list[dict[str, Any]]]:
    """Rows of all queries."""
    empty: dict[str, list[dict[str, Any]]] = {name: [] for name in QUERIES}
    quiet = dict.fromkeys(("active", "new", "returning", "reactivated", "regulars", "lost_regulars"), 0)
    return empty | {"community_week": [week_row(0)], "membership": [{"history_weeks": 0, **quiet}]} | known

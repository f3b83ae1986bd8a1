"""The queries of a report against a real PostgreSQL: input rows in, output rows out."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

import insights
from kernel.errors import InputError
from reports import queries
from suara.local import postgres
from suara.local.client import variables
from tests.reports import frozen
from tests.reports.answers import ask
from tests.reports.frozen import WEEK, Frozen

FROZEN = {"mart.report", "mart.report_post", "mart.report_thread", "mart.report_theme"}


def post(post_id: int, person: int, weeks_ago: int = 0, **known: Any) -> dict[str, Any]:
    """A frozen post by a person of the community in no theme."""
    day = WEEK - timedelta(weeks=weeks_ago)
    row = {
        "post_id": post_id,
        "version": 1,
        "week": day,
        "created_date": day,
        "created_at": datetime.combine(day, time(9), UTC),
        "source": "forum",
        "thread_id": post_id,
        "person_id": person,
        "role": "member",
        "is_thread_start": True,
        "is_spam": False,
        "is_duplicate": False,
        "is_counted": True,
        "may_quote": True,
        "language": "en",
        "person_first_week": day,
        "sentiment": None,
        "sentiment_score": None,
        "feedback_type": None,
        "rating": None,
        "theme_id": None,
        "theme_confidence": None,
        "area": None,
    }
    return row | known


def answer(connection: Connection, name: str, *posts: dict[str, Any], area: str | None = None) -> list[dict[str, Any]]:
    """Freeze the posts and return what a query says of them."""
    key = frozen.write(connection, Frozen(posts=list(posts)))
    return ask(connection, key, insights.Scope(week=WEEK, area=area))[name]


def test_every_query_is_asked_for_and_every_asked_query_is_there():
    assert set(insights.QUERIES) == set(queries.names())


def test_an_unknown_query_is_an_error_that_names_the_known_ones():
    with pytest.raises(InputError, match="theme_week"):
        queries.load("no_such")


@pytest.mark.parametrize("name", queries.names())
def test_a_query_reads_frozen_rows_only(name):
    sql = re.sub(r"--.*", "", queries.load(name))
    assert set(re.findall(r"\b(?:mart|core|raw|ops|privacy)\.\w+", sql)) <= FROZEN
    assert ":input_id" in sql


@pytest.mark.parametrize("name", queries.names())
def test_a_header_says_the_grain_and_every_column_that_psql_prints(name, warehouse):
    sql = queries.load(name)
    header = [line[3:] for line in sql.splitlines() if line.startswith("-- ")]
    assert any(line.startswith("Grain: ") for line in header)
    named: list[str] = []
    for line in header:
        if found := re.match(r"([a-z_0-9]+(?:, [a-z_0-9]+)*),?(?:  +\S|$)", line):
            named += found[1].split(", ")
    asked = ["-v", "input_id=0", "-v", f"week={WEEK}", "-v", "area=", "-v", "ON_ERROR_STOP=1", "--csv", "-f"]
    printed = subprocess.run(
        [postgres.programs() / "psql", *asked, str(queries.path(name))],
        env={**os.environ, **variables(warehouse.url.render_as_string(hide_password=False))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.splitlines()[0] == ",".join(named)


def test_a_week_counts_people_once_and_leaves_out_who_is_not_the_community(connection):
    rows = answer(
        connection,
        "community_week",
        post(1, 1),
        post(2, 1, is_duplicate=True),
        post(3, 2),
        post(4, 9, role="bot", is_counted=False),
        post(5, 8, role="staff", is_counted=False),
        post(6, 7, is_spam=True, is_counted=False),
        post(7, 8, role="staff", is_spam=True, is_counted=False),
    )
    assert rows == [
        {
            "week": WEEK,
            "posts": 7,
            "counted_posts": 3,
            "bot_posts": 1,
            "staff_posts": 1,
            "spam_posts": 2,
            "duplicate_posts": 1,
            "people": 2,
            "new_people": 2,
            "top_posts": 3,
        }
    ]


def test_silent_weeks_are_there_and_unknown_ones_are_not(connection):
    first = WEEK - timedelta(weeks=4)
    rows = answer(
        connection,
        "community_week",
        post(1, 1, 4),
        post(2, 1, 1, person_first_week=first),
        post(3, 1, person_first_week=first),
    )
    assert [(row["week"], row["people"], row["new_people"]) for row in rows] == [
        (first, 1, 1),
        (first + timedelta(weeks=1), 0, 0),
        (first + timedelta(weeks=2), 0, 0),
        (first + timedelta(weeks=3), 1, 0),
        (WEEK, 1, 0),
    ]


def test_history_ends_after_thirteen_weeks(connection):
    rows = answer(connection, "community_week", post(1, 1, person_first_week=WEEK - timedelta(weeks=60)))
    assert len(rows) == 14


def test_an_empty_week_is_one_row_of_zeros(connection):
    rows = answer(connection, "community_week")
    assert [(row["week"], row["posts"], row["people"]) for row in rows] == [(WEEK, 0, 0)]
    assert answer(connection, "membership")[0]["history_weeks"] == 0


def test_ten_people_are_the_top_even_when_they_are_level(connection):
    posts = [post(number, number) for number in range(1, 13)]
    assert answer(connection, "community_week", *posts)[0]["top_posts"] == 10


def test_membership_knows_who_is_new_back_and_lost(connection):
    long_ago = WEEK - timedelta(weeks=40)
    before = {"person_first_week": long_ago}
    rows = answer(
        connection,
        "membership",
        post(1, 1),  # new
        post(2, 2, **before),
        post(3, 2, 3, **before),  # returning
        post(4, 3, **before),  # nothing in thirteen weeks: back
        *(post(10 + n, 4, 2 + n, **before) for n in range(4)),  # a regular, silent now
        *(post(20 + n, 5, 2 + n, **before) for n in range(3)),  # not a regular
        *(post(30 + n, 6, n, **before) for n in range(5)),  # a regular who is here
        post(40, 7, 1, is_counted=False, role="bot"),
    )
    assert rows == [
        {
            "history_weeks": 13,
            "active": 4,
            "new": 1,
            "returning": 2,
            "reactivated": 1,
            "regulars": 2,
            "lost_regulars": 1,
        }
    ]


def test_a_theme_counts_people_once_over_sources(connection):
    theme = {"theme_id": 5, "area": "pay", "theme_confidence": 0.9}
    rows = answer(
        connection,
        "theme_week",
        post(1, 1, **theme, sentiment="negative", feedback_type="bug"),
        post(2, 1, **theme, sentiment="positive", source="chat"),
        post(3, 2, **theme, feedback_type="bug"),
        post(4, 3, **theme, is_counted=False, role="staff"),
        post(5, 4),
    )
    assert rows == [
        {
            "week": WEEK,
            "theme_id": 5,
            "people": 2,
            "posts": 3,
            "sources": 2,
            "negative_posts": 1,
            "sentiment_posts": 2,
            "bug": 2,
            "request": 0,
            "question": 0,
            "complaint": 0,
            "praise": 0,
            "other": 0,
        }
    ]


@pytest.mark.parametrize(("area", "people"), [(None, 3), ("pay", 2), ("ship", 0)])
def test_an_area_hears_its_own_themes_only(connection, area, people):
    posts = [post(1, 1, theme_id=5, area="pay"), post(2, 2, theme_id=5, area="pay"), post(3, 3)]
    rows = answer(connection, "voice_week", *posts, area=area)
    assert sum(row["people"] for row in rows) == people


def test_the_trust_strip_is_of_everybody_in_every_area(connection):
    posts = [post(1, 1, theme_id=5, area="pay"), post(2, 2), post(3, 3, language="other")]
    everywhere, area = (answer(connection, "language_mix", *posts, area=area) for area in (None, "pay"))
    assert everywhere == area
    assert [(row["language"], row["posts"], row["in_theme"]) for row in area] == [("en", 2, 1), ("other", 1, 0)]


def test_threads_carry_the_kind_of_their_opening_post(connection):
    thread = {
        "source": "forum",
        "week": WEEK,
        "is_counted": True,
        "area": "pay",
        "theme_id": 5,
        "starter_person_id": 1,
        "observed_hours": 30.0,
        "response_hours": None,
        "replies": 0,
        "is_open": True,
        "url": None,
        "title": "Why?",
    }
    threads = [
        thread | {"thread_id": 1, "first_post_id": 1},
        thread | {"thread_id": 2, "first_post_id": 99},
        thread | {"thread_id": 3, "first_post_id": 1, "is_counted": False},
    ]
    key = frozen.write(connection, Frozen(posts=[post(1, 1, feedback_type="question")], threads=threads))
    rows = ask(connection, key, insights.Scope(week=WEEK))["threads"]
    assert [(row["thread_id"], row["feedback_type"]) for row in rows] == [(1, "question"), (2, None)]
    assert ask(connection, key, insights.Scope(week=WEEK, area="ship"))["threads"] == []


def test_another_reports_rows_are_never_read(connection):
    mine = frozen.write(connection, Frozen(posts=[post(1, 1)]))
    frozen.write(connection, frozen.make())
    found = ask(connection, mine, insights.Scope(week=WEEK))
    assert sum(row["posts"] for row in found["community_week"]) == 1
    assert found["themes"] == found["theme_week"] == found["threads"] == []

"""The trust strip: what was left out, and which sources are quiet."""

from __future__ import annotations

import pytest

from insights import Scope, trust
from kernel.model import Fact
from tests.insights.made import SCOPE, WEEK, monday, rows, week_row


def facts(scope=SCOPE, **known) -> dict[str, Fact]:
    return {fact.id: fact for fact in trust.facts(rows(**known), scope)}


def source(name: str, *counts: int) -> list[dict]:
    """Posts of a source by week, the newest first; a week with 0 has no row."""
    found = [{"week": monday(ago), "source": name, "posts": n} for ago, n in enumerate(counts) if n]
    return [row | {"counted_posts": row["posts"], "people": 1} for row in found]


def test_what_came_in_is_counted_or_left_out():
    week = week_row(
        0, posts=20, counted_posts=14, bot_posts=3, staff_posts=2, spam_posts=1, duplicate_posts=5, people=9
    )
    found = facts(community_week=[week])
    parts = ["counted", "bots", "staff", "spam"]
    assert sum(found[f"trust.{name}"].value for name in parts) == found["trust.posts"].value == 20
    assert {found[f"trust.{name}"].total for name in parts} == {20}
    assert (found["trust.duplicates"].n, found["trust.duplicates"].total) == (5, 14)


@pytest.mark.parametrize(
    ("counts", "quiet"),
    [
        ((10, 20, 20, 20, 20), 0),  # half is not below half
        ((9, 20, 20, 20, 20), 1),
        ((0, 20, 20, 20, 20), 1),
        ((5,), 0),  # new this week
        ((9, 20), 1),  # known for one week
        ((1, 0, 0, 0, 9), 0),  # mostly silent anyway
    ],
)
def test_a_source_far_below_its_usual_volume_is_quiet(counts, quiet):
    found = facts(source_week=source("forum", *counts))
    assert found["trust.quiet_sources"].value == quiet
    assert found["trust.quiet_sources"].total == 1


def test_sources_are_of_those_known():
    found = facts(source_week=source("forum", 5) + source("chat", 0, 5))
    assert (found["trust.sources"].n, found["trust.sources"].total) == (1, 2)


def test_the_share_in_no_theme_is_of_posts_that_could_be_in_one():
    mix = [
        {"language": "en", "posts": 6, "people": 3, "in_theme": 3},
        {"language": "id", "posts": 2, "people": 1, "in_theme": 2},
        {"language": "other", "posts": 2, "people": 1, "in_theme": 0},
        {"language": "und", "posts": 10, "people": 4, "in_theme": 0},
    ]
    found = facts(language_mix=mix)
    assert (found["trust.in_no_theme"].n, found["trust.in_no_theme"].total) == (3, 8)
    assert (found["trust.other_languages"].n, found["trust.other_languages"].total) == (2, 20)
    assert (found["trust.too_short"].n, found["trust.too_short"].total) == (10, 20)
    only_english = facts(Scope(week=WEEK, languages=("en",)), language_mix=mix)
    assert only_english["trust.in_no_theme"].value == 0.5


def test_an_empty_week_is_zero_posts_and_unknown_shares():
    found = facts()
    assert found["trust.posts"].value == 0
    assert found["trust.in_no_theme"].value is None
    assert found["report.history_weeks"].value == 0

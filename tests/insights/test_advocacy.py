"""Themes: people once, silence is not ignorance, ties, and evidence."""

from __future__ import annotations

import pytest

from insights import Scope, advocacy
from kernel.model import Fact
from tests.insights.made import SCOPE, WEEK, members, rows, theme, theme_row, week_row

WEEKS = [week_row(ago, people=100) for ago in range(9, -1, -1)]


def facts(scope=SCOPE, **known) -> dict[str, Fact]:
    return {fact.id: fact for fact in advocacy.facts(rows(community_week=WEEKS, **known), scope)}


def test_people_are_of_all_active_people():
    found = facts(themes=[theme(1)], theme_week=[theme_row(0, 1, 8), theme_row(1, 1, 2)])
    people = found["theme.1.people"]
    assert (people.value, people.n, people.total, people.previous) == (8, 8, 100, 2)
    change = found["theme.1.change"]
    assert change.value == pytest.approx(4.0)
    assert change.p_value == pytest.approx(2 * (45 + 10 + 1) / 1024)


def test_a_silent_week_is_zero():
    found = facts(themes=[theme(1)], theme_week=[theme_row(0, 1, 6), theme_row(3, 1, 2)])
    assert found["theme.1.people"].series == (0, 0, 0, 0, 2, 0, 0, 6)
    assert found["theme.1.people"].previous == 0
    assert found["theme.1.change"].value is None
    assert found["theme.1.change"].interval is not None


def test_before_its_birth_a_theme_is_unknown():
    found = facts(themes=[theme(1, age=2)], theme_week=[theme_row(0, 1, 6), theme_row(1, 1, 5)])
    assert found["theme.1.people"].series == (None,) * 6 + (5, 6)
    assert found["theme.1.trend"].value is None
    assert found["theme.1.trend"].note == "new"


def test_a_newborn_theme_is_not_compared():
    found = facts(themes=[theme(1, age=1)], theme_week=[theme_row(0, 1, 40)])
    assert found["theme.1.people"].previous is None
    assert (found["theme.1.change"].value, found["theme.1.change"].p_value) == (None, None)
    assert found["theme.1.change"].note == "new"


def test_fewer_than_five_people_are_not_tested():
    found = facts(themes=[theme(1)], theme_week=[theme_row(0, 1, 4), theme_row(1, 1, 1)])
    assert found["theme.1.change"].value == pytest.approx(4.0)
    assert found["theme.1.change"].p_value is None
    assert found["theme.1.change"].note == "few_people"


def test_a_theme_that_fell_silent_is_still_tested():
    found = facts(themes=[theme(1)], theme_week=[theme_row(1, 1, 20)])
    assert found["theme.1.people"].value == 0
    assert found["theme.1.change"].value == 0
    assert found["theme.1.change"].p_value < 0.001
    assert found["theme.1.rank"].value is None


def test_a_theme_silent_for_two_weeks_is_not_told():
    assert not facts(themes=[theme(1)], theme_week=[theme_row(2, 1, 20)]).get("theme.1.people")


def test_a_busy_week_alone_makes_no_theme_grow():
    weeks = [*WEEKS[:-1], week_row(0, people=300)]
    given = rows(community_week=weeks, themes=[theme(1)], theme_week=[theme_row(0, 1, 30), theme_row(1, 1, 10)])
    found = {fact.id: fact for fact in advocacy.facts(given, SCOPE)}
    assert found["theme.1.change"].value == pytest.approx(1.0)
    assert found["theme.1.change"].p_value == pytest.approx(1.0)


def test_level_themes_share_a_rank_and_a_range():
    found = facts(
        themes=[theme(1), theme(2), theme(3)],
        theme_week=[theme_row(0, 1, 40), theme_row(0, 2, 9), theme_row(0, 3, 9)],
        theme_people=members(t1=40, t2=9, t3=9),
    )
    ranks = [found[f"theme.{number}.rank"] for number in (1, 2, 3)]
    assert [rank.value for rank in ranks] == [1, 2, 2]
    assert [(rank.interval.low, rank.interval.high) for rank in ranks] == [(1, 1), (2, 3), (2, 3)]


def test_negative_posts_are_of_judged_posts():
    found = facts(themes=[theme(1)], theme_week=[theme_row(0, 1, 9, negative_posts=3, sentiment_posts=4)])
    fact = found["theme.1.negative"]
    assert (fact.value, fact.n, fact.total) == (0.75, 3, 4)
    assert fact.interval is not None


def test_unjudged_posts_make_the_share_unknown():
    found = facts(themes=[theme(1)], theme_week=[theme_row(0, 1, 9)])
    assert found["theme.1.negative"].value is None
    assert found["theme.1.kind"].value is None
    assert found["theme.1.kind"].note is None


@pytest.mark.parametrize(
    ("kinds", "note", "value"),
    [
        ({"bug": 3, "praise": 1}, "bug", 0.75),
        ({"bug": 2, "praise": 2}, "mixed", 0.5),
        ({"bug": 2, "praise": 1, "other": 1}, "mixed", 0.5),
    ],
)
def test_mostly_needs_a_majority(kinds, note, value):
    fact = facts(themes=[theme(1)], theme_week=[theme_row(0, 1, 9, **kinds)])["theme.1.kind"]
    assert (fact.note, fact.value, fact.total) == (note, value, 4)


def test_a_silent_scope_is_zero():
    found = facts()
    assert (found["voice.people"].value, found["voice.people"].total) == (0, 100)
    assert found["voice.negative"].value is None


def test_areas_stand_side_by_side_in_the_community_report_only():
    row = {"area": "pay", "people": 7, "posts": 9, "themes": 2, "negative_posts": 1, "sentiment_posts": 4}
    assert facts(area_week=[row])["area.pay.people"].total == 100
    assert not [name for name in facts(Scope(week=WEEK, area="pay"), area_week=[row]) if name.startswith("area.")]

"""The pulse: what is known, what is not, and how concentrated."""

from __future__ import annotations

import pytest

from insights import Scope, engagement
from kernel.model import Fact
from tests.insights.made import SCOPE, WEEK, monday, rows, week_row

MEMBERSHIP = {
    "history_weeks": 13,
    "active": 20,
    "new": 3,
    "returning": 15,
    "reactivated": 2,
    "regulars": 8,
    "lost_regulars": 1,
}


def facts(scope=SCOPE, **known) -> dict[str, Fact]:
    return {fact.id: fact for fact in engagement.facts(rows(**known), scope)}


def test_an_area_has_no_pulse():
    assert facts(Scope(week=WEEK, area="pay")) == {}


def test_in_the_first_week_everybody_would_be_new():
    found = facts(community_week=[week_row(0, people=9, new_people=9)])
    assert found["pulse.active"].value == 9
    assert found["pulse.new"].value is None
    assert found["pulse.new"].previous is None


def test_in_the_second_week_new_means_something():
    weeks = [week_row(1, people=9, new_people=9), week_row(0, people=12, new_people=4)]
    new = facts(community_week=weeks)["pulse.new"]
    assert (new.value, new.previous, new.series) == (4, None, (None, 4))


def test_membership_is_told_with_its_denominator():
    found = facts(membership=[MEMBERSHIP])
    returning, lost = found["pulse.returning"], found["pulse.lost_regulars"]
    assert (returning.value, returning.total) == (15, 20)
    assert (lost.value, lost.total, lost.desirable) == (1, 8, -1)
    assert found["pulse.reactivated"].value == 2


def test_a_short_history_knows_nobody_who_came_back():
    found = facts(membership=[MEMBERSHIP | {"history_weeks": 5}])
    assert (found["pulse.reactivated"].value, found["pulse.reactivated"].note) == (None, "short_history")
    assert (found["pulse.lost_regulars"].value, found["pulse.lost_regulars"].note) == (1, "short_history")


@pytest.mark.parametrize("weeks", [1, 5, 12, 13])
def test_the_parts_of_the_active_add_up(weeks):
    weeks_of_calendar = [week_row(1, people=9), week_row(0, people=20, new_people=3)]
    found = facts(membership=[MEMBERSHIP | {"history_weeks": weeks}], community_week=weeks_of_calendar)
    parts = [found.get(f"pulse.{name}") for name in ("new", "returning", "reactivated", "neither")]
    known = [part for part in parts if part and part.value is not None]
    assert sum(part.n for part in known) == 20
    assert {part.total for part in known} == {20}


def test_without_history_nobody_returns():
    found = facts(membership=[MEMBERSHIP | {"history_weeks": 0}])
    assert found["pulse.returning"].value is None
    assert found["pulse.lost_regulars"].value is None
    assert "pulse.neither" not in found


@pytest.mark.parametrize(("people", "value"), [(11, 0.8), (10, None), (0, None)])
def test_ten_of_ten_are_not_a_concentration(people, value):
    found = facts(community_week=[week_row(0, people=people, counted_posts=50, top_posts=40)])
    assert found["pulse.top_share"].value == value


def test_an_unusual_week_is_tested_against_its_history():
    weeks = [week_row(ago, people=50) for ago in range(7, 0, -1)]
    usual, crowded = (facts(community_week=[*weeks, week_row(0, people=n)])["pulse.active"] for n in (51, 120))
    assert usual.p_value > 0.5
    assert crowded.p_value < 0.001


def test_four_people_are_no_trend():
    weeks = [week_row(ago, people=1) for ago in range(7, 0, -1)]
    assert facts(community_week=[*weeks, week_row(0, people=4)])["pulse.active"].p_value is None


def test_mixes_add_up():
    sources = [
        {"week": WEEK, "source": "forum", "posts": 9, "counted_posts": 6, "people": 4},
        {"week": WEEK, "source": "chat", "posts": 2, "counted_posts": 2, "people": 1},
        {"week": monday(1), "source": "mail", "posts": 5, "counted_posts": 5, "people": 1},
    ]
    found = facts(source_week=sources)
    shares = {name: fact.value for name, fact in found.items() if name.startswith("pulse.source.")}
    assert shares == {"pulse.source.forum.posts": 0.75, "pulse.source.chat.posts": 0.25}

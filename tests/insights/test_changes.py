"""Verdicts: after false-discovery control, with five people, and at most five bullets."""

from __future__ import annotations

import insights
from insights.changes import conclude, judge
from kernel.model import Fact
from tests.insights.made import SCOPE, members, rows, theme, theme_row, week_row

WEEKS = [week_row(ago, people=200) for ago in range(9, -1, -1)]


def report(**known) -> dict[str, Fact]:
    given = rows(**({"community_week": WEEKS} | known))
    return {fact.id: fact for fact in insights.assemble(given, SCOPE)}


def steady(number: int, many: int = 20) -> list[dict]:
    return [theme_row(ago, number, many) for ago in range(10)]


def leaping(number: int, now: int, usual: int) -> list[dict]:
    return [theme_row(0, number, now)] + [theme_row(ago, number, usual) for ago in range(1, 10)]


def test_nothing_significant_is_said_by_saying_nothing():
    found = report(themes=[theme(1)], theme_week=steady(1), theme_people=members(t1=20))
    assert not [name for name in found if name.startswith("change.")]
    assert found["report.tests"].n == 0
    # The theme against last week and the month, active people and posts against their history.
    assert found["report.tests"].total == 4
    assert found["theme.1.status"].note == "persistent"


def test_a_leap_is_growing_and_a_fall_is_fading():
    found = report(
        themes=[theme(1), theme(2)],
        theme_week=leaping(1, 60, 10) + leaping(2, 4, 50),
        theme_people=members(t1=60, t2=4),
    )
    assert [found[f"change.{place}"].note for place in (1, 2)] == ["growing", "fading"]
    assert found["change.1"].params["fact"] == "theme.1.change"
    assert (found["theme.1.status"].note, found["theme.2.status"].note) == ("growing", "fading")


def test_many_tests_raise_the_bar():
    change = Fact(id="x.1", label="x", query="q", unit="ratio", value=2.0, p_value=0.04)
    others = [Fact(id=f"x.{n}", label="x", query="q", unit="ratio", value=1.0, p_value=0.9) for n in range(2, 12)]
    assert judge([change])[0].significant is True
    assert judge([change, *others])[0].significant is False


def test_facts_without_a_test_get_no_verdict():
    assert judge([Fact(id="x", label="x", query="q", unit="count", value=1.0)])[0].significant is None


def test_a_new_theme_is_told_with_five_people_and_a_history():
    known = {"themes": [theme(1, age=1)], "theme_week": [theme_row(0, 1, 5)], "theme_people": members(t1=5)}
    assert report(**known)["change.1"].note == "new"
    known["theme_week"] = [theme_row(0, 1, 4)]
    assert "change.1" not in report(**known)
    assert "change.1" not in report(**known | {"theme_week": [theme_row(0, 1, 9)], "community_week": WEEKS[-1:]})


def test_a_young_theme_is_emerging_even_when_it_grows():
    known = [theme_row(0, 1, 60), theme_row(1, 1, 5)]
    found = report(themes=[theme(1, age=2)], theme_week=known, theme_people=members(t1=60))
    assert found["theme.1.status"].note == "emerging"
    assert found["change.1"].note == "growing"


def test_a_theme_as_old_as_the_registry_is_neither_new_nor_emerging():
    for age, status in ((1, "first"), (2, "persistent"), (4, "persistent")):
        known = {"theme_week": [theme_row(ago, 1, 20) for ago in range(age)], "theme_people": members(t1=20)}
        found = report(themes=[theme(1, age=age, is_first=True)], **known)
        assert found["theme.1.status"].note == status
        assert (found["theme.1.change"].note == "first") == (age == 1)
        assert "change.1" not in found
        assert report(themes=[theme(1, age=age)], **known)["theme.1.status"].note == "emerging"


def test_slow_growth_is_seen_against_four_weeks():
    # Not enough against last week alone, enough against the month.
    weeks = [theme_row(0, 1, 40), theme_row(1, 1, 27), *(theme_row(ago, 1, 20) for ago in range(2, 10))]
    found = report(themes=[theme(1)], theme_week=weeks, theme_people=members(t1=40))
    assert found["theme.1.change"].significant is False
    assert found["theme.1.trend"].significant is True
    assert found["theme.1.status"].note == "growing"
    assert "change.1" not in found


def test_at_most_five_bullets_of_every_kind_there_is():
    numbers = range(1, 9)
    rising = [row for number in numbers for row in leaping(number, 90, 5)]
    falling = leaping(9, 1, 80)
    found = report(
        themes=[theme(number) for number in range(1, 10)],
        theme_week=rising + falling,
        theme_people=members(**{f"t{number}": 90 for number in numbers}),
    )
    notes = [found[name].note for name in sorted(found) if name.startswith("change.")]
    assert notes == ["growing"] * 4 + ["fading"]


def test_only_the_top_ten_and_what_changed_are_shown():
    many = {number: 40 - number for number in range(1, 15)}
    found = report(
        themes=[theme(number) for number in [*many, 20]],
        theme_week=[row for number, people in many.items() for row in steady(number, people)] + leaping(20, 0, 60)[1:],
        theme_people=members(**{f"t{number}": people for number, people in many.items()}),
    )
    shown = {int(name.split(".")[1]) for name in found if name.startswith("theme.")}
    assert shown == {*range(1, 11), 20}
    # Those that are not shown were tested all the same.
    assert found["report.tests"].total == 2 * 15 + 2


def test_a_theme_of_too_few_people_is_left_out_and_counted():
    found = report(
        themes=[theme(1), theme(2), theme(3)],
        theme_week=[theme_row(0, 1, 3), theme_row(0, 2, 2), theme_row(1, 3, 4)],
        theme_people=members(t1=3, t2=2),
    )
    assert {int(name.split(".")[1]) for name in found if name.startswith("theme.")} == {1}
    few = found["report.small_themes"]
    assert (few.value, few.total, few.params["min_people"]) == (1, 2, 3)


def test_a_community_wide_rise_is_a_bullet():
    weeks = [*(week_row(ago, people=50, counted_posts=80) for ago in range(9, 0, -1)), week_row(0, people=120)]
    found = report(community_week=weeks)
    assert found["change.1"].note == "up"
    assert found["change.1"].params["fact"] == "pulse.active"


def test_conclusions_are_the_same_in_any_order():
    given = rows(community_week=WEEKS, themes=[theme(1)], theme_week=leaping(1, 60, 10), theme_people=members(t1=60))
    facts = judge([fact for module in insights.MODULES for fact in module.facts(given, SCOPE)])
    forward, backward = conclude(facts, SCOPE), conclude(facts[::-1], SCOPE)
    assert sorted(forward, key=lambda f: f.id) == sorted(backward, key=lambda f: f.id)

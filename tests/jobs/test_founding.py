"""The first weekly run ever founds themes on the weeks before it; they are themes like any others from then on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs import founding, maintenance
from tests.jobs.community import MONDAYS, SUBJECTS
from warehouse.engine import connect


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(founding, "LEAST_POSTS", 60)


def test_the_first_run_knows_the_themes_of_the_weeks_before_it(forum):
    posts = founding.found(forum.context, MONDAYS[2])
    assert 50 < posts <= 60
    born = forum.ask("select theme_id, born_week from core.theme order by 1")
    assert {week for _, week in born} == {MONDAYS[0] - timedelta(weeks=1)}
    spoken = {week for (week,) in forum.ask("select distinct week from core.mention")}
    assert spoken == set(MONDAYS[:2]), "each post is spoken in its own week"
    forum.run(2)
    assert {forum.theme_of(subject) for subject in SUBJECTS} <= set(dict(born))
    later = forum.ask("select theme_id from core.theme_event where kind = 'born' and week = '2026-10-19'")
    assert later == [(forum.theme_of("battery"),)], "only what nobody spoke of before is born"
    assert founding.found(forum.context, MONDAYS[2]) == 0, "themes are founded once"


def test_a_week_of_the_founding_that_runs_late_keeps_its_themes_and_runs_alike_again(forum):
    founding.found(forum.context, MONDAYS[2])
    before = dict(forum.ask("select post_id, theme_id from core.mention"))
    forum.run(2, 1)
    late = forum.state()
    assert set(forum.shown().values()) >= set(before.values())
    same = [before[post] == theme for post, theme in forum.shown().items() if post in before]
    assert sum(same) > 0.9 * len(same) > 20
    forum.run(1)
    assert forum.state() == late


def test_what_was_read_of_a_post_goes_with_it_though_no_run_of_its_day_is_due(forum):
    founding.found(forum.context, MONDAYS[2])
    post = forum.ask("select min(post_id) from core.mention")[0][0]
    assert maintenance.gone_posts() == 0
    with forum.context.begin() as connection:
        connection.execute(text(f"update core.post set status = 'deleted', body = null where post_id = {post}"))
    assert maintenance.gone_posts() == 0, "the run of its day does that, with the marts"
    with connect(forum.context.url).begin() as connection:
        connection.execute(text(f"delete from mart.fct_post where post_id = {post}"))
    assert maintenance.gone_posts() == 1
    assert forum.ask(f"select post_id from core.mention where post_id = {post}") == []


def test_too_few_posts_found_nothing_and_neither_does_a_second_first_week(forum, monkeypatch):
    assert founding.found(forum.context, MONDAYS[1]) == 0
    forum.run(1)
    assert founding.found(forum.context, MONDAYS[3]) == 0
    monkeypatch.setattr(founding, "MOST_POSTS", 30)
    with forum.context.begin() as connection:
        assert not founding.is_due(connection, forum.context, MONDAYS[0])
    assert forum.ask("select count(*) from core.theme where born_week < '2026-10-05'") == [(0,)]


def test_a_thread_that_a_few_people_filled_founds_no_theme_and_neither_bears_one(forum):
    with forum.context.begin() as connection:
        connection.execute(text("update core.post set thread_id = (select min(thread_id) from core.thread)"))
        people = "(select array_agg(member_id) from (select member_id from core.member order by 1 limit 8) m)"
        connection.execute(text(f"update core.post set member_id = {people}[1 + post_id % 8]"))
    founding.found(forum.context, MONDAYS[2])
    forum.run(2, 3)
    assert forum.ask("select count(*) from core.theme") == [(0,)]
    assert forum.ask("select posts = unassigned from core.theme_run where week = '2026-10-26'") == [(True,)]

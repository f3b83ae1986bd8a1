"""People's edits of themes, on a real warehouse: kept through every run, undone one by one, made again from events."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from jobs import edits
from jobs.parts import parts
from kernel.errors import InputError
from nlp.edits import KINDS, UNDONE
from suara.cli.main import app
from tests.jobs.community import MONDAYS, SUBJECTS
from warehouse.engine import connect

BY = "Rina"
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "areas-themes-delivery.md"


def test_every_edit_survives_later_weeks_and_weeks_run_again(forum):
    forum.run(0, 1)
    dark, login, boss = (forum.theme_of(subject) for subject in SUBJECTS)
    moved = forum.posts_of(boss)[0]
    with forum.context.begin() as connection:
        edits.rename(connection, dark, name="Night colours", by=BY)
        edits.merge(connection, login, into=dark, by=BY)
        edits.assign(connection, dark, posts=[moved], by=BY)
        edits.place(connection, dark, area=None, owner="Sari", by=BY)
        edits.retire(connection, boss, by=BY)
    forum.run(2, 3, 1, 2, 3)
    assert forum.theme_of("dark mode") == forum.theme_of("login code") == forum.shown()[moved] == dark
    rows = {row[0]: row[1:] for row in forum.ask("select theme_id, name, owner, status from core.theme")}
    assert rows[dark] == ("Night colours", "Sari", "active")
    assert rows[boss][2] == "retired"
    # What is retired or merged goes on taking its posts, so that no run bears it again.
    assert forum.theme_of("boss fight") == boss
    assert len(rows) == 4
    (words,) = forum.ask(f"select keywords from mart.dim_theme where theme_id = {login}")[0]
    assert any("code" in word or "kode" in word for word in words), "a theme is described by all that is shown under it"


def test_a_part_is_split_off_and_later_posts_like_it_follow(forum):
    forum.run(0, 1)
    dark, login = forum.theme_of("dark mode"), forum.theme_of("login code")
    with forum.context.begin() as connection:
        edits.merge(connection, login, into=dark, by=BY)
        found = parts(connection, forum.context, dark)
        codes = next(part for part in found if forum.about[part.posts[0]] == "login code")
        assert codes.keywords
        assert codes.people > 1
        made = edits.split(connection, dark, posts=codes.posts, name="Codes by SMS", by=BY)
    assert set(codes.posts) <= {*forum.posts_of(made)}
    forum.run(2, 3, 0, 1)
    assert set(codes.posts) <= {*forum.posts_of(made)}
    later = [post for post in forum.posts_of(made) if post not in codes.posts]
    assert {forum.about[post] for post in later} == {"login code"}


def test_undone_edits_leave_all_as_it_was(forum):
    forum.run(0, 1)
    before = forum.state()
    dark, login, boss = (forum.theme_of(subject) for subject in SUBJECTS)
    with forum.context.begin() as connection:
        edits.rename(connection, dark, name="Night", by=BY)
        edits.rename(connection, dark, name="Night colours", by=BY)
        edits.merge(connection, login, into=dark, by=BY)
        edits.assign(connection, dark, posts=forum.posts_of(boss)[:2], by=BY)
        edits.retire(connection, boss, by=BY)
        edits.place(connection, dark, area="look", owner="Sari", by=BY)
        made = edits.split(connection, dark, posts=forum.posts_of(dark)[:3], name="Three", by=BY)
        events = [event for (event,) in connection.execute(text("select max(event_id) from core.theme_event"))]
    first = events[0] - 6
    with forum.context.begin() as connection:
        for event in (first + 2, first, first + 6, first + 1, first + 5, first + 3, first + 4):
            edits.undo(connection, event, by=BY)
    themes_now, shown = forum.state()
    assert ([row for row in themes_now if row[0] != made], shown) == before


def test_the_registry_is_made_again_from_its_events(forum):
    forum.run(0, 1)
    dark, login, boss = (forum.theme_of(subject) for subject in SUBJECTS)
    with forum.context.begin() as connection:
        edits.rename(connection, login, name="Codes", by=BY)
        edits.merge(connection, dark, into=login, by=BY)
        edits.assign(connection, login, posts=forum.posts_of(boss)[:2], by=BY)
        edits.retire(connection, boss, by=BY)
    before = forum.state()
    with connect(forum.context.url).begin() as connection:
        connection.execute(text("update core.theme set name = 'lost', status = 'active', merged_into = null"))
        connection.execute(text("delete from core.mention where method = 'person'"))
        connection.execute(text("update core.theme set name = 'Boss' where theme_id = :boss"), {"boss": boss})
    with forum.context.begin() as connection:
        edits.replay(connection)
    names = {row[0]: row[1:5] for row in forum.state()[0]}  # type: ignore[attr-defined]
    assert names[login] == {row[0]: row[1:5] for row in before[0]}[login]  # type: ignore[attr-defined]
    assert forum.state()[1] == before[1]


def test_weeks_that_run_out_of_order_end_as_those_in_order(forum):
    forum.run(0, 2, 3)
    battery = forum.theme_of("battery")
    with forum.context.begin() as connection:
        edits.rename(connection, battery, name="Power", by=BY)
    late = forum.theme_of("battery")
    forum.run(1, 2, 3)
    assert forum.theme_of("battery") == late == battery
    assert len(forum.ask("select from core.theme")) == 4


def test_a_week_that_runs_late_shares_the_themes_that_later_weeks_bore(forum):
    forum.run(3)
    named = {subject: forum.theme_of(subject) for subject in (*SUBJECTS, "battery")}
    with forum.context.begin() as connection:
        edits.rename(connection, named["battery"], name="Power", by=BY)
    forum.run(2, 3)
    assert {subject: forum.theme_of(subject) for subject in named} == named
    born = dict(forum.ask("select theme_id, born_week from core.theme"))
    assert set(born.values()) == {MONDAYS[2]}
    assert forum.ask(f"select name from core.theme where theme_id = {named['battery']}") == [("Power",)]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda c, a, b: edits.rename(c, 99, name="x", by=BY), "there is no theme 99"),
        (lambda c, a, b: edits.merge(c, a, into=a, by=BY), "cannot be merged into itself"),
        (lambda c, a, b: edits.assign(c, a, posts=[10**6], by=BY), "no such posts in the marts: 1000000"),
        (lambda c, a, b: edits.split(c, a, posts=[], name="x", by=BY), "no posts are named"),
        (lambda c, a, b: edits.undo(c, 1, by=BY), "event 1 is no edit by a person"),
        (lambda c, a, b: (edits.merge(c, a, into=b, by=BY), edits.merge(c, b, into=a, by=BY)), "lives on in theme"),
        (lambda c, a, b: (edits.retire(c, a, by=BY), edits.rename(c, a, name="x", by=BY)), "is retired"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(forum, edit, said):
    forum.run(0)
    with pytest.raises(InputError, match=said), forum.context.begin() as connection:
        edit(connection, forum.theme_of("dark mode"), forum.theme_of("boss fight"))


def test_what_rests_on_a_split_is_undone_before_it(forum):
    forum.run(0)
    dark = forum.theme_of("dark mode")
    with forum.context.begin() as connection:
        made = edits.split(connection, dark, posts=forum.posts_of(dark)[:3], name="Three", by=BY)
        edits.rename(connection, made, name="Drei", by=BY)
        number = connection.execute(text("select max(event_id) from core.theme_event")).scalar_one()
        with pytest.raises(InputError, match="has been edited since") as refused:
            edits.undo(connection, number - 1, by=BY)
        assert str(number) in refused.value.remedy
        edits.undo(connection, number, by=BY)
        edits.undo(connection, number - 1, by=BY)
        with pytest.raises(InputError, match="is undone already"):
            edits.undo(connection, number - 1, by=BY)
    assert made not in forum.shown().values()


def test_the_how_to_does_what_it_says(forum, monkeypatch, tmp_path):
    (tmp_path / "suara.toml").write_text('[areas.payments]\ntitle = "Payments"\nteam = "Payments team"\n')
    monkeypatch.setenv("SUARA_CONFIG", str(tmp_path / "suara.toml"))
    forum.run(0, 1)
    page = HOW_TO.read_text("utf-8")
    section = page[page.index("## Edit what") : page.index("## Promote")]
    typed = [line for line in section.splitlines() if line.startswith("suara ")]
    assert len(typed) == 12
    for line in typed:
        result = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == 0, (line, result.output)
    (row,) = forum.ask("select name, area, owner, status from core.theme where theme_id = 3")
    assert row == ("Refunds take weeks", "payments", "Sari", "active")
    kinds = forum.ask("select distinct kind from core.theme_event where week is null")
    assert {kind for (kind,) in kinds} == {*KINDS, UNDONE}


def test_an_audit_proposes_and_changes_nothing(forum):
    forum.run(0, 1)
    result = CliRunner().invoke(app, ["themes", "audit"], catch_exceptions=False)
    assert "nothing to propose" in result.stdout, result.stdout
    dark, login = forum.theme_of("dark mode"), forum.theme_of("login code")
    with forum.context.begin() as connection:
        edits.merge(connection, login, into=dark, by=BY)
    (proposal,) = json.loads(CliRunner().invoke(app, ["themes", "audit", "--json"], catch_exceptions=False).stdout)
    assert (proposal["proposal"], proposal["theme_id"]) == ("split", dark)
    assert {forum.about[post] for post in proposal["post_ids"]} < {"dark mode", "login code"}
    assert forum.theme_of("login code") == forum.theme_of("dark mode") == dark


def test_the_events_alone_leave_a_post_in_no_theme_where_a_run_found_none_after_its_edit_was_undone(forum):
    forum.run(0, 1)
    dark, login = forum.theme_of("dark mode"), forum.theme_of("login code")
    moved = forum.posts_of(login)[0]
    with forum.context.begin() as connection:
        edits.assign(connection, dark, posts=[moved], by=BY)
        edits.undo(connection, edits.standing(connection)[-1].event_id, by=BY)
        assert connection.execute(text(f"select theme_id from core.mention where post_id = {moved}")).scalar() == login
        connection.execute(text(f"delete from core.mention where post_id = {moved}"))  # as a run that finds it in none
        edits.replay(connection)
        assert connection.execute(text(f"select theme_id from core.mention where post_id = {moved}")).scalar() is None

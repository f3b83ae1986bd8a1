"""The DAGs, run in this process on real parts: two days, the same day twice, a week, and what a failure looks like."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from jobs import daily, plan, weekly
from jobs.context import open_context
from jobs.pages import newest_page
from kernel.calendar import days_of_week
from kernel.clock import FixedClock
from kernel.errors import InputError, RunFailedError, StaleInputError
from suara.cli.main import app
from suara.cli.run import run_daily, run_weekly
from suara.local import airflow
from suara.local.dagruns import run_dag

MONDAY = date(2026, 10, 19)
DAYS = days_of_week(MONDAY)


def rows(query, **parameters):
    with open_context().begin() as connection:
        return connection.execute(text(query), parameters).all()


def facts_of(day):
    return rows("select * from mart.fct_post where created_date = :day order by post_id", day=day)


def run(name, settings, **conf):
    airflow.prepare(settings.home / "airflow" / "inprocess")
    run_dag(name, conf, log=settings.home / "logs" / "test.log")


def test_two_days_and_one_of_them_again(community):
    run("community_daily", community, day=str(DAYS[0]))
    first = facts_of(DAYS[0])
    assert first, "the example has posts on its first day"
    assert facts_of(DAYS[1]) == []
    run("community_daily", community, day=str(DAYS[1]))
    assert facts_of(DAYS[1])
    run("community_daily", community, day=str(DAYS[0]))
    assert facts_of(DAYS[0]) == first


def test_weeks_that_never_ran_are_run_with_the_newest_one(community):
    four = [date(2026, 10, 19), date(2026, 10, 26), date(2026, 11, 2), date(2026, 11, 9)]
    assert plan.open_weeks() == four


def test_day_that_ran_is_due_again_only_when_it_changed(community):
    run_daily(DAYS[:1], print, settings=community)
    assert plan.missing_days(DAYS[0], DAYS[0]) == []
    with open_context().begin() as connection:
        connection.execute(text("set local role suara_ingest"))
        post = facts_of(DAYS[0])[0].post_id
        connection.execute(text("update core.post set version = version + 1 where post_id = :post"), {"post": post})
    assert plan.missing_days(DAYS[0], DAYS[0]) == DAYS[:1]
    said = []
    assert run_daily(DAYS[:1], said.append, settings=community) == 1
    assert plan.missing_days(DAYS[0], DAYS[0]) == []


def test_week_ends_at_a_proposed_report_and_stands_until_something_changes(community):
    said = []
    run_weekly([MONDAY], said.append, settings=community)
    page = newest_page(open_context(), MONDAY, "community")
    assert page.exists()
    (report,) = rows("select report_id, status from mart.report where week = :week", week=MONDAY)
    assert report.status == "proposed"
    facts = rows("select * from mart.report_fact where report_id = :report order by fact_id", report=report.report_id)
    assert facts
    before = page.read_bytes()
    run_weekly([MONDAY], said.append, settings=community)
    assert "nothing has changed" in said[-3]
    run_weekly([MONDAY], said.append, settings=community, again=True)
    (again,) = rows("select report_id from mart.report where week = :week", week=MONDAY)
    assert again.report_id == report.report_id
    assert page.read_bytes() == before
    assert plan.open_weeks() == [date(2026, 10, 26), date(2026, 11, 2), date(2026, 11, 9)]


def test_themes_keep_their_ids_when_a_week_runs_again(community):
    run_weekly([MONDAY], print, settings=community)
    mentions = "select post_id, theme_id, confidence from core.mention where week = :week order by post_id"
    before = rows(mentions, week=MONDAY)
    run_weekly([MONDAY], print, settings=community, again=True)
    assert rows(mentions, week=MONDAY) == before != []


def test_week_with_a_missing_day_is_refused_with_the_command_that_helps(community):
    with pytest.raises(StaleInputError, match="suara run daily --from 2026-09-07 --to 2026-09-13"):
        run("advocacy_weekly", community, week="2026-09-07")


def test_what_is_not_over_is_refused_or_left_out(community, monkeypatch):
    # A Thursday noon in Jakarta; the example goes on until Sunday.
    monkeypatch.setattr("jobs.context.SystemClock", lambda: FixedClock(datetime(2026, 11, 12, 5, tzinfo=UTC)))
    assert plan.open_weeks()[-1] == date(2026, 11, 2)
    with pytest.raises(StaleInputError, match="2026-11-12 is not over yet"):
        daily.gate(date(2026, 11, 12))
    with pytest.raises(StaleInputError, match="the week of 2026-11-09 is not over yet"):
        weekly.gate(date(2026, 11, 9))
    said = []
    assert run_daily([date(2026, 11, 12), date(2026, 11, 13)], said.append, settings=community) == 0
    assert said == ["Not over yet, so not run: 2026-11-12 to 2026-11-13"]
    with pytest.raises(StaleInputError, match="not over yet: the week of 2026-11-09"):
        run_weekly([date(2026, 11, 9)], said.append, settings=community)


def test_days_by_the_command_count_for_the_schedule_and_stale_ones_do_not_pass(community):
    # No other test makes the reports of this week.
    monday, after = date(2026, 11, 2), date(2026, 11, 9)
    run_daily([*days_of_week(monday), after], print, settings=community, again=True)
    from airflow.serialization.decoders import decode_partition_mapper
    from airflow.serialization.encoders import encode_partition_mapper

    from dags.advocacy_weekly import _BY_WEEK

    scheduler = decode_partition_mapper(encode_partition_mapper(_BY_WEEK))
    emitted = daily.facts(after, fingerprint=daily.gate(after).fingerprint)
    by_week = Counter(scheduler.to_downstream(day) for day in emitted)
    assert by_week[str(monday)] == 7, "the schedule never saw these days, and still the week has to come"
    assert scheduler.to_upstream(str(monday)) == {*emitted} - {str(after)}
    assert weekly.gate(monday)
    with open_context().begin() as connection:
        connection.execute(text("set local role suara_ingest"))
        post = rows("select post_id from mart.fct_post where created_date = :day limit 1", day=monday)[0].post_id
        connection.execute(text("update core.post set version = version + 1 where post_id = :post"), {"post": post})
    with pytest.raises(StaleInputError, match="suara run daily --from 2026-11-02 --to 2026-11-02"):
        weekly.gate(monday)


def test_failing_task_stops_what_follows_and_names_its_log(community, monkeypatch):
    def burst(*args, **kwargs):
        message = "spilled words of a post"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(daily.annotate, "prepare", burst)
    day = str(DAYS[2])
    with pytest.raises(RunFailedError, match="task 'enrich' failed") as caught:
        run("community_daily", community, day=day)
    assert "spilled" not in str(caught.value)
    assert "test.log" in str(caught.value)
    assert rows("select state from ops.pipeline_run where kind = 'daily' and partition = :day", day=day) == [
        ("running",)
    ]


def test_run_that_does_not_say_its_day_is_refused(community):
    with pytest.raises(InputError, match="does not say which day"):
        run("community_daily", community)


@pytest.mark.parametrize("empty", [date(2026, 11, 16), date(2020, 1, 6)], ids=["after all posts", "before all posts"])
def test_week_without_posts_gives_an_honest_empty_report(community, empty):
    run_weekly([empty], print, settings=community)
    assert newest_page(open_context(), empty, "community").exists()
    join = "mart.report_post p join mart.report r using (report_id)"
    posts = rows(f"select count(*) from {join} where r.week = :week and p.week = r.week", week=empty)
    assert posts == [(0,)]


def test_only_a_promoted_report_is_delivered(community):
    from jobs import deliver
    from warehouse import reporting

    run_weekly([MONDAY], print, settings=community)
    (report,) = rows("select report_id from mart.report where week = :week", week=MONDAY)
    with pytest.raises(StaleInputError, match="only a report that a person promoted"):
        deliver.send(report.report_id)
    context = open_context()
    with context.begin() as connection:
        reporting.promote(connection, report.report_id, by="Rani", now=context.clock.now())
    run("deliver", community)
    assert deliver.promoted() == []


def test_promoted_report_keeps_its_page_when_posts_change(community):
    monday = date(2026, 11, 9)
    run_weekly([monday], print, settings=community)
    cli = CliRunner()
    said = cli.invoke(app, ["report", "promote", "--week", str(monday), "--by", "Rani"]).output
    page = newest_page(open_context(), monday, "community")
    assert str(page) in said.replace("\n", "")
    promoted = page.read_text()
    assert "current already, promoted by Rani" in cli.invoke(
        app, ["report", "promote", "--week", str(monday), "--by", "Sari"]
    ).output  # fmt: skip
    with open_context().begin() as connection:
        connection.execute(text("set local role suara_ingest"))
        post = rows("select post_id from mart.fct_post where created_date = :day limit 1", day=monday)[0].post_id
        delete = "update core.post set version = version + 1, status = 'deleted', body = null where post_id = :post"
        connection.execute(text(delete), {"post": post})
    run_weekly([monday], print, settings=community)
    proposal = newest_page(open_context(), monday, "community")
    assert proposal.parent.parent.name == f"{monday}-2"
    assert page.read_text() == promoted
    index = (community.home / "reports" / "index.html").read_text()
    assert f'href="{monday}/community/report.html"' in index
    assert f'href="{monday}-2/community/report.html"' in index
    said = cli.invoke(app, ["report", "promote", "--week", str(monday), "--by", "Sari"]).output
    assert f"Superseded: {page}" in said.replace("\n", "")
    assert page.read_text() != promoted
    assert f'href="{monday}/community/report.html"' not in (community.home / "reports" / "index.html").read_text()


def test_maintenance_makes_partitions_ahead(community):
    run("maintenance", community)
    names = rows("select inhrelid::regclass::text from pg_inherits where inhparent = 'raw.event'::regclass")
    ahead = open_context().clock.now().strftime("%Y%m")
    assert f"raw.event_{ahead}" in {name for (name,) in names}

"""A report checked again: whole when nobody touched it, news told from faults, and every fault found."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import create_engine, text

from jobs.context import open_context
from jobs.verify import verify
from suara.cli.run import run_weekly

MONDAY = date(2026, 10, 26)


@pytest.fixture
def report(community):
    run_weekly([MONDAY], print, settings=community, again=True)
    facts, quotes, findings = verify(MONDAY, "community")
    assert facts > 20
    assert quotes > 0
    assert findings == []
    return community


@pytest.fixture
def owner(report):
    engine = create_engine(open_context().url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def change(engine, statement):
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1


def test_frozen_row_that_was_touched_breaks_the_report(owner):
    change(
        owner,
        """
        delete from mart.report_post where (report_id, post_id) = (
            select report_id, post_id from mart.report_post
            where is_counted and week = (select max(week) from mart.report_post) order by post_id limit 1)
        """,
    )
    assert any(finding.broken for finding in verify(MONDAY, "community")[2])


def test_number_that_was_touched_breaks_the_report(owner):
    fact = "select fact_id from mart.report_fact where value is not null order by fact_id limit 1"
    with owner.begin() as connection:
        name = connection.execute(text(fact)).scalar_one()
    change(
        owner,
        """
        update mart.report_fact set value = value + 1 where (report_id, fact_id) = (
            select report_id, fact_id from mart.report_fact join mart.report using (report_id)
            where value is not null and area = 'community' and week = date '2026-10-26'
            order by fact_id, report_id limit 1)
        """,
    )
    assert [finding.what for finding in verify(MONDAY, "community")[2] if finding.broken] == [name]


def test_post_that_was_edited_later_is_news_and_no_fault(owner):
    change(
        owner,
        """
        update mart.fct_post set version = version + 1 where post_id = (
            select post_id from mart.fct_post where week = date '2026-10-26' and is_counted order by post_id limit 1)
        """,
    )
    findings = verify(MONDAY, "community")[2]
    assert ("1 posts", "were edited since") in {(finding.what, finding.cause) for finding in findings}
    assert not any(finding.broken for finding in findings)

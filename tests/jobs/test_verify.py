"""A report checked again: whole when nobody touched it, news told from faults, and every fault found."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import create_engine, text

from jobs import pages
from jobs.context import open_context
from jobs.verify import verify
from suara.cli.run import run_weekly
from warehouse import reporting

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
            select p.report_id, p.post_id from mart.report_post p join mart.report r using (report_id)
            where p.is_counted and p.week = r.week and r.area = 'community' and r.week = date '2026-10-26'
            order by p.post_id limit 1)
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


@pytest.mark.parametrize(
    ("forgery", "chosen"),
    [
        ("high = high + 0.1", "high is not null"),
        ("significant = coalesce(not significant, true)", "true"),
        ("detail = jsonb_set(detail, '{note}', '\"growing\"')", "unit = 'text'"),
        ('params = params || \'{"area": "x"}\'', "true"),
    ],
)
def test_forged_part_of_a_fact_is_found(owner, forgery, chosen):
    with owner.begin() as connection:
        rows = connection.execute(
            text(f"""
                update mart.report_fact set {forgery} where (report_id, fact_id) = (
                    select report_id, fact_id from mart.report_fact join mart.report using (report_id)
                    where {chosen} and area = 'community' and week = date '2026-10-26'
                    order by fact_id limit 1)
                returning fact_id
            """)
        ).scalars()
        forged = list(rows)
    assert forged, "the example has no such fact: choose another part"
    assert [finding.what for finding in verify(MONDAY, "community")[2] if finding.broken] == forged


def test_forged_quote_is_found(owner):
    change(
        owner,
        """
        update mart.report_quote set quoted = 'Nobody said so.' where (report_id, quote_id) = (
            select report_id, quote_id from mart.report_quote join mart.report using (report_id)
            where area = 'community' and week = date '2026-10-26' order by quote_id limit 1)
        """,
    )
    causes = {finding.cause for finding in verify(MONDAY, "community")[2] if finding.broken}
    assert causes == {"nobody wrote these words at this place", "the stored words do not have the stored hash"}


def test_settings_of_today_break_no_report(owner, community):
    path = community.config
    before = path.read_text()
    page = pages.newest_page(open_context(), MONDAY, "community").read_bytes()
    path.write_text(before + "\n[response]\nsla_hours = 12\n\n[areas.later]\ntitle = 'Later'\nteam = 'Later'\n")
    try:
        assert verify(MONDAY, "community")[2] == []
        render_again()
        assert pages.newest_page(open_context(), MONDAY, "community").read_bytes() == page
    finally:
        path.write_text(before)


def test_words_of_somebody_who_opted_out_since_are_on_no_page(owner, community):
    with owner.begin() as connection:
        quote = connection.execute(
            text("""
                select q.quoted, p.member_id from mart.report_quote q
                join mart.report using (report_id) join core.post p using (post_id)
                where area = 'community' and week = date '2026-10-26' order by quote_id limit 1
            """)
        ).one()
    twin = pages.newest_page(open_context(), MONDAY, "community").with_suffix(".json")
    assert json.dumps(quote.quoted, ensure_ascii=False) in twin.read_text()
    change(owner, f"update core.member set opted_out = true where member_id = {quote.member_id}")
    try:
        render_again()
        assert json.dumps(quote.quoted, ensure_ascii=False) not in twin.read_text()
        findings = verify(MONDAY, "community")[2]
        assert "are by somebody who opted out since" in {finding.cause for finding in findings}
        assert not any(finding.broken for finding in findings)
    finally:
        change(owner, f"update core.member set opted_out = false where member_id = {quote.member_id}")


def render_again():
    context = open_context()
    with context.begin() as connection:
        row = reporting.find_report(connection, MONDAY, "community")
    pages.write_pages(context, row.report_id)


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

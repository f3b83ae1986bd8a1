"""A report checked again: whole when nobody touched it, news told from faults, and every fault found."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from jobs import pages
from jobs.context import open_context
from jobs.verify import verify
from kernel.errors import InputError
from kernel.settings import read_settings
from suara.cli.main import app
from suara.cli.run import run_weekly
from warehouse import reporting

MONDAY = date(2026, 10, 26)


@pytest.fixture
def report(community):
    run_weekly([MONDAY], print, settings=community, again=True)
    check = verify(MONDAY, "community")
    assert check.facts > 20
    assert check.quotes > 0
    assert check.pages == 3
    assert check.findings == []
    return community


@pytest.fixture
def owner(report):
    engine = create_engine(open_context().url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def change(engine, statement):
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1


def findings_now():
    """What is found in the report itself, whose pages were written again after it was touched."""
    render_again()
    return verify(MONDAY, "community").findings


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
    assert any(finding.broken for finding in findings_now())


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
    assert [finding.what for finding in findings_now() if finding.broken] == [name]


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
    assert [finding.what for finding in findings_now() if finding.broken] == forged


def test_forged_quote_is_found(owner):
    change(
        owner,
        """
        update mart.report_quote set quoted = 'Nobody said so.' where (report_id, quote_id) = (
            select report_id, quote_id from mart.report_quote join mart.report using (report_id)
            where area = 'community' and week = date '2026-10-26' order by quote_id limit 1)
        """,
    )
    causes = {finding.cause for finding in findings_now() if finding.broken}
    assert causes == {"nobody wrote these words at this place", "the stored words do not have the stored hash"}


def test_settings_of_today_break_no_report(owner, community):
    path = community.config
    before = path.read_text()
    page = pages.newest_page(open_context(), MONDAY, "community").read_bytes()
    path.write_text(before + "\n[response]\nsla_hours = 12\n\n[areas.later]\ntitle = 'Later'\nteam = 'Later'\n")
    try:
        assert findings_now() == []
        assert pages.newest_page(open_context(), MONDAY, "community").read_bytes() == page
    finally:
        path.write_text(before)


def test_words_of_somebody_who_opted_out_since_are_on_no_page(owner, community):
    twin = pages.newest_page(open_context(), MONDAY, "community").with_suffix(".json")
    with owner.begin() as connection:
        quotes = connection.execute(
            text("""
                select q.quoted, p.member_id from mart.report_quote q
                join mart.report using (report_id) join core.post p using (post_id)
                where area = 'community' and week = date '2026-10-26' order by quote_id
            """)
        ).all()
    # A page shows the first of its themes; the quotes of the others wait.
    quote = next(one for one in quotes if json.dumps(one.quoted, ensure_ascii=False) in twin.read_text())
    change(owner, f"update core.member set opted_out = true where member_id = {quote.member_id}")
    try:
        left = [finding for finding in verify(MONDAY, "community").findings if finding.is_page]
        assert {finding.what for finding in left} >= {str(twin)}
        assert {"still has words of somebody" in finding.cause for finding in left} == {True}
        assert not any(finding.broken for finding in left)
        findings = findings_now()
        assert json.dumps(quote.quoted, ensure_ascii=False) not in twin.read_text()
        assert not any(finding.is_page for finding in findings)
        assert "are by somebody who opted out since" in {finding.cause for finding in findings}
        assert not any(finding.broken for finding in findings)
    finally:
        change(owner, f"update core.member set opted_out = false where member_id = {quote.member_id}")


@pytest.mark.parametrize("kind", [".html", ".md", ".json"])
def test_page_that_was_touched_or_lost_breaks_the_report_until_it_is_written_again(report, kind):
    page = pages.newest_page(open_context(), MONDAY, "community").with_suffix(kind)
    whole = page.read_text()
    for forged in (whole.replace("8", "9"), whole + " ", None):
        page.unlink() if forged is None else page.write_text(forged)
        (finding,) = verify(MONDAY, "community").findings
        assert finding.broken
        assert finding.what == str(page)
        command = f"suara report render --week {MONDAY} --area community --revision 1"
        assert command in finding.cause
        said = CliRunner().invoke(app, ["report", "verify", "--week", str(MONDAY)])
        assert said.exit_code == 1
        assert CliRunner().invoke(app, command.split()[1:]).exit_code == 0
        assert page.read_text() == whole
        assert verify(MONDAY, "community").findings == []


def test_page_of_another_version_is_not_called_a_forgery(owner):
    change(owner, "update mart.report set code_version = '0.0.9' where area = 'community' and week = date '2026-10-26'")
    findings = verify(MONDAY, "community").findings
    assert len(findings) == 3
    assert {"page of Suara 0.0.9 cannot be compared" in finding.cause for finding in findings} == {True}
    assert not any(finding.broken for finding in findings)
    assert findings_now() == []


def test_verify_says_which_report_of_which_home(report):
    said = CliRunner().invoke(app, ["report", "verify", "--week", str(MONDAY)]).output
    check = verify(MONDAY, "community")
    assert f"Report {check.meta.report_id} of Example: 'community', week of {MONDAY}, revision 1, proposed" in said
    assert f"in {report.home}" in said


def test_trace_shows_the_posts_behind_a_number_and_its_query(report):
    traced = ["report", "trace", "voice.people", "--week", str(MONDAY)]
    said = CliRunner().invoke(app, traced).output
    told = json.loads(CliRunner().invoke(app, [*traced, "--json"]).stdout)
    assert told["n"] == len({post["person_id"] for post in told["posts"]}) > 5
    assert f"people {told['n']} ({told['n']} of {told['total']})" in said
    assert f"-v input_id={told['report_id']} -v week={MONDAY} -v area=" in said
    assert f"{len(told['posts'])} posts by {told['n']} people" in said
    for post in told["posts"]:
        assert f"post {post['post_id']}, person {post['person_id']}, {post['day']}, forum" in said
        assert " ".join(post["words"].split()) in said
    lost = CliRunner().invoke(app, ["report", "trace", "voice.persons", "--week", str(MONDAY)])
    assert isinstance(lost.exception, InputError)


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
    findings = findings_now()
    assert ("1 posts", "were edited since") in {(finding.what, finding.cause) for finding in findings}
    assert not any(finding.broken for finding in findings)


def test_post_that_became_a_copy_later_is_news_and_no_fault(owner):
    change(
        owner,
        """
        update mart.fct_post set is_duplicate = not is_duplicate where post_id = (
            select max(post_id) from mart.fct_post where week = date '2026-10-26' and is_counted)
        """,
    )
    findings = findings_now()
    assert ("1 posts", "repeat another post since, or none any more") in {(one.what, one.cause) for one in findings}
    assert not any(finding.broken for finding in findings)


def test_promoted_page_is_checked_by_its_revision_beside_a_newer_proposal(owner):
    """The last test here: from now on the week has another report."""
    context = open_context()
    with context.begin() as connection:
        promoted = reporting.find_report(connection, MONDAY, "community")
        reporting.promote(connection, promoted.report_id, by="Rani", now=context.clock.now())
    page = pages.write_pages(context, promoted.report_id)
    change(
        owner,
        """
        update core.theme set name = name || ' again', name_source = 'person' where theme_id = (
            select theme_id from mart.fct_theme_week where week = date '2026-10-26'
            order by people desc, theme_id limit 1)
        """,
    )
    run_weekly([MONDAY], print, settings=read_settings(), again=True)
    page.unlink()
    newest, older = (verify(MONDAY, "community", revision) for revision in (None, promoted.revision))
    assert (newest.meta.revision, newest.meta.status) == (promoted.revision + 1, "proposed")
    assert newest.findings == []
    assert (older.meta.report_id, older.meta.status) == (promoted.report_id, "current")
    assert [finding.what for finding in older.findings if finding.broken] == [str(page)]
    with pytest.raises(InputError, match="has no revision 99"):
        verify(MONDAY, "community", 99)

"""Every rule of every suite holds on a healthy week and breaks on a broken one."""

from __future__ import annotations

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import insert, text

from kernel.calendar import day_span, week_span
from tests.warehouse.rows import Rows, at
from warehouse import marts
from warehouse.engine import connect, conninfo
from warehouse.quality import gate, suites
from warehouse.quality.gate import GateResult, check
from warehouse.quality.rules import Batch, Rule
from warehouse.tables import core, raw, themes

UTC = ZoneInfo("UTC")
DAY = date(2026, 11, 2)
SPANS = {name: week_span(DAY, UTC) if name == "themes_week" else day_span(DAY, UTC) for name in suites.SUITES}

# Posts are named p0 to p9; each statement breaks one thing, mostly on a post of its own.
BREAKS = {
    "ingest": """
        alter table core.post drop constraint uq_post_source_id_external_id;
        update core.post set external_id = 'p1' where external_id = 'p0';
        update core.post set version = -1 where external_id = 'p2';
        update core.post set body = null where external_id = 'p3';
        update core.post set version = 0 where external_id = 'p4';
        update core.post set loaded_at = created_at - interval '25 hours' where external_id = 'p5';
        update core.post set created_at = created_at - interval '1 day';
        insert into core.post (source_id, external_id, thread_id, member_id, version, created_at, body, last_event_id)
        select source_id, 'before-' || n, thread_id, member_id, 1, timestamptz '2026-10-30', 'x', 'e'
        from core.post cross join generate_series(1, 14) n where external_id = 'p2';
        update core.post set created_at = created_at + interval '1 day'
        where external_id like 'p%' and external_id <> 'p9';
        with chat as (insert into core.source (name, kind) values ('chat', 'chat') returning source_id),
             member as (insert into core.member (source_id, external_id) select source_id, 'm' from chat returning *),
             thread as (insert into core.thread (source_id, external_id) select source_id, 't' from chat returning *)
        insert into core.post (source_id, external_id, thread_id, member_id, version, created_at, body, last_event_id)
        select thread.source_id, 'silent-' || n, thread_id, member_id, 1, timestamptz '2026-10-30', 'x', 'e'
        from member cross join thread cross join generate_series(1, 14) n;
        update raw.event set subject = 'post/nowhere' where subject = 'post/p6';
    """,
    "posts_day": """
        update core.post set version = 2, changed_at = '2026-11-02 23:00' where external_id = 'p0';
        update core.post set version = 2, changed_at = '2027-01-01' where external_id = 'p1';
        update {of_p3} set text_sha256 = '\\x00';
        update {of_p4} set duplicate_of = (select post_id from core.post where external_id = 'p9');
        update {of_p5} set sentiment = 'angry';
        update {of_p6} set toxicity = 2;
        update {of_p7} set masked = 'write to ayu.w@example.org';
    """,
    "mart_day": """
        update mart.fct_post set created_at = '2026-11-03' where post_id = {p3};
        update mart.fct_post set role = 'bot', is_counted = true where post_id = {p5};
        update mart.fct_post set thread_id = -1 where post_id = {p6};
        delete from mart.fct_post where post_id = {p7};
        delete from core.post_annotation where post_id = {p8};
        update core.post set status = 'deleted', changed_at = '2027-01-01' where post_id = {p9};
        update mart.fct_thread_response set first_response_at = started_at - interval '1 hour';
        insert into mart.fct_post
        select case when n <= 60 then n else -n end + 1000, case when n <= 60 then created_date else '2026-10-30' end,
               week, created_at, version, source_id, thread_id, member_id, person_id, role, is_thread_start, n <= 60,
               is_duplicate, false, duplicate_of, 'und', sentiment, sentiment_score, feedback_type, type_score,
               toxicity, words, rating, reactions, theme_id, theme_confidence, masked, url
        from mart.fct_post cross join generate_series(1, 3000) n where post_id = {p6};
    """,
    "themes_week": """
        update core.mention set confidence = 1.5 where post_id = {p0};
        update core.post set created_at = '2026-11-10' where post_id = {p1};
        update mart.fct_post set theme_id = null where post_id = {p3};
        insert into mart.fct_theme_week values
            ('2026-11-02', -1, 0, 0, 0, 0, 0, 0, 0, 5), ('2026-11-02', -2, 3, 2, 0, 0, 0, 0, 0, 5),
            ('2026-11-02', -3, 3, 3, 0, 0, 0, 0, 0, 2), ('2026-11-02', -4, 3, 3, 0, 2, 1, 0, 0, 5),
            ('2026-11-02', -5, 3, 3, 0, 0, 4, 0, 0, 5);
        update core.theme_run set posts = 60, assigned = 61, unassigned = 62, continuity = 0.1;
    """,
}


@pytest.fixture
def healthy(warehouse_url: str) -> str:
    """A week of one source: ten posts on Monday that were read, filed and put into themes."""
    engine = connect(warehouse_url, role="owner")
    with engine.begin() as connection:
        rows = Rows(connection)
        source = rows.source()
        members = [rows.member(source, role=role) for role in ("member", "member", "staff")]
        thread, theme = rows.thread(source), rows.theme()
        for number in range(10):
            name, moment = f"p{number}", f"2026-11-02 {10 + number}:00"
            post = rows.post(
                thread, members[number % 3], moment, external_id=name, version=1, is_thread_start=not number,
                loaded_at=at(moment), changed_at=at(moment),
                read={"annotated_at": at("2026-11-03"), "sentiment": "neutral", "sentiment_score": 0.5},
            )  # fmt: skip
            arrive(rows, source, name, moment, number)
            if number % 3 != 2:
                rows.mention(post, theme)
        run = {"week": DAY, "model": "m", "params": {}, "posts": 10, "assigned": 6, "born": 0, "unassigned": 4}
        connection.execute(insert(themes.theme_run).values(**run, continuity=None))
        for offset in range(7):
            marts.refresh_posts(connection, DAY + timedelta(days=offset), UTC)
            marts.refresh_threads(connection, DAY + timedelta(days=offset), UTC)
        marts.refresh_theme_week(connection, DAY)
    engine.dispose()
    return warehouse_url


def arrive(rows: Rows, source: int, name: str, moment: str, offset: int) -> None:
    """Put a post's event into the archive and its version into the history."""
    values = {"topic": "posts", "kafka_partition": 0, "kafka_offset": offset, "record_ts": at(moment), "event_id": name}
    values |= {"source": "urn:community:forum:forum", "type": "community.post.created.v1", "subject": f"post/{name}"}
    rows.connection.execute(insert(raw.event).values(**values, event_time=at(moment), payload="{}"))
    version = {
        "source_id": source,
        "external_id": name,
        "version": 1,
        "event_type": "created",
        "event_time": at(moment),
    }
    rows.connection.execute(insert(core.post_revision).values(version))


def break_it(url: str, statements: str) -> None:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for number in range(10):
            found = connection.execute(
                "select post_id from core.post where external_id = %s", [f"p{number}"]
            ).fetchone()
            assert found is not None
            statements = statements.replace(f"{{p{number}}}", str(found[0]))
        of = r"core.post_annotation a"
        statements = re.sub(
            r"update \{of_(p\d)\} set ([^;]*);",
            rf"update {of} set \2 from core.post p where p.post_id = a.post_id and p.external_id = '\1';",
            statements,
        )
        connection.execute(statements.encode())


def run(url: str, suite: str) -> GateResult:
    return check(url, [suite], partition=DAY, span=SPANS[suite])


def said(messages: list[str]) -> set[str]:
    """The rules' own words, without the name of the batch and the counts."""
    return {re.sub(r" \(\d+ of \d+\)$", "", message.partition(": ")[2]) for message in messages}


def of_tier(suite: str, severity: str) -> set[str]:
    return {rule.broken for batch in suites.SUITES[suite] for rule in batch.rules if rule.severity == severity}


def stored(url: str) -> list[dict[str, object]]:
    engine = connect(url, role="reader")
    with engine.connect() as connection:
        found = [
            dict(row) for row in connection.execute(text("select * from ops.quality_result order by 1")).mappings()
        ]
    engine.dispose()
    return found


def test_a_healthy_week_passes_every_suite(healthy: str) -> None:
    for suite in suites.SUITES:
        assert run(healthy, suite) == GateResult([], [])
    results = stored(healthy)
    assert len(results) == sum(len(batch.rules) for batches in suites.SUITES.values() for batch in batches)
    assert {(result["outcome"], result["partition"]) for result in results} == {("passed", DAY)}


@pytest.mark.parametrize("suite", BREAKS)
def test_every_rule_can_break(healthy: str, suite: str) -> None:
    break_it(healthy, BREAKS[suite])
    found = run(healthy, suite)
    missing = {"no theme run is recorded for the week"}  # the next test's
    assert said(found.critical) == of_tier(suite, "critical") - missing
    assert said(found.warnings) == of_tier(suite, "warning")


# A rule that watches several things, and one statement for each of them, on a post or thread of its own.
FOLDED = {
    "unknown_label": ("sentiment = 'angry'", "feedback_type = 'rant'"),
    "score_outside": ("language_confidence = 1.5", "sentiment_score = -0.1", "type_score = 'nan'", "toxicity = 2",
                      "spam = 2", "words = -1"),
    "repeats_no_original": ("duplicate_of = {p9}", "duplicate_of = {p1}", "duplicate_of = {p1}", "duplicate_of = 0"),
    "misfiled": ("created_at = '2026-11-03'", "created_at = '2026-11-01 23:59'", "week = '2026-11-09'"),
    "counted_wrongly": ("role = 'bot', is_counted = true", "role = 'staff', is_counted = true",
                        "is_spam = true, is_counted = true"),
    "answered_out_of_order": ("first_response_at = started_at - interval '1 hour'",
                              "first_response_at = last_post_at + interval '1 hour'",
                              "first_response_at = null, last_post_at = started_at - interval '1 hour'",
                              "first_response_at = null, first_staff_response_at = started_at",
                              "first_staff_response_at = first_response_at - interval '1 minute'"),
}  # fmt: skip


@pytest.mark.parametrize("column", FOLDED)
def test_a_rule_sees_each_thing_that_it_watches(healthy: str, column: str) -> None:
    suite = "posts_day" if column in ("unknown_label", "score_outside", "repeats_no_original") else "mart_day"
    table = "core.post_annotation" if suite == "posts_day" else "mart.fct_post"
    if column == "answered_out_of_order":  # ten threads, with one post each
        table = "mart.fct_thread_response"
        break_it(
            healthy,
            """
            update mart.fct_post set thread_id = post_id;
            create temp table pattern as select * from mart.fct_thread_response;
            delete from mart.fct_thread_response;
            insert into mart.fct_thread_response
            select f.post_id, t.source_id, started_date, t.week, started_at, starter_person_id, starter_role,
                   t.is_counted, f.post_id, first_response_at, first_response_post_id, first_responder_role,
                   first_staff_response_at, replies, people, last_post_at, status
            from pattern t cross join mart.fct_post f;
            """,
        )
    key = "thread_id" if table == "mart.fct_thread_response" else "post_id"
    for number, change in enumerate(FOLDED[column]):
        break_it(healthy, f"update {table} set {change} where {key} = {{p{number}}}")
    broken = next(rule.broken for rule in suites.SUITES[suite][0].rules if rule.options["column"] == column)
    counts = f"{broken} ({len(FOLDED[column])} of 10)"
    assert run(healthy, suite).critical == [f"{suites.SUITES[suite][0].name}: {counts}"]


def test_a_copy_of_a_post_that_is_gone_is_critical_unless_it_went_while_the_day_ran(healthy: str) -> None:
    break_it(
        healthy,
        """
        update {of_p5} set duplicate_of = {p1};
        update core.post set status = 'deleted', changed_at = '2027-01-01' where external_id = 'p1';
        """,
    )
    assert run(healthy, "posts_day").critical == []
    break_it(healthy, "update core.post set changed_at = '2026-11-02 23:00' where external_id = 'p1';")
    (gone,) = run(healthy, "posts_day").critical
    assert "posts said to repeat a later one, one that is gone" in gone
    assert "(1 of 9)" in gone


def test_a_week_without_a_theme_run_is_refused(healthy: str) -> None:
    break_it(healthy, "delete from core.theme_run")
    assert run(healthy, "themes_week").critical == ["core.theme_run: no theme run is recorded for the week (1 of 1)"]


@pytest.mark.parametrize("suite", ["ingest", "posts_day", "mart_day"])
def test_a_day_without_posts_passes(warehouse_url: str, suite: str) -> None:
    assert run(warehouse_url, suite) == GateResult([], [])


def test_what_changed_while_the_day_ran_is_a_warning(healthy: str) -> None:
    break_it(
        healthy,
        """
        update core.post set version = 2, changed_at = '2026-11-03 00:00:01' where external_id = 'p0';
        update core.post set status = 'deleted', changed_at = '2026-11-03 00:00:01' where external_id = 'p1';
        """,
    )
    late = "posts that arrived or changed while the day ran; it is due again (1 of 9)"
    assert run(healthy, "posts_day") == GateResult([], [f"core.post_annotation: {late}"])
    late = "posts that changed while the day ran; it is due again (2 of 10)"
    assert run(healthy, "mart_day") == GateResult([], [f"mart.fct_post: {late}"])


def test_what_changed_before_the_run_began_is_critical(healthy: str) -> None:
    break_it(
        healthy,
        """
        update core.post set version = 2, changed_at = '2026-11-05' where external_id = 'p0';
        insert into ops.pipeline_run (kind, partition, state, input_fingerprint, code_version, started_at)
        values ('daily', '2026-11-02', 'running', '', '', '2026-11-06');
        """,
    )
    unread = "live posts whose current version has no annotation (1 of 10)"
    assert run(healthy, "posts_day") == GateResult([f"core.post_annotation: {unread}"], [])
    stale = "posts in the mart that are gone or have another version (1 of 10)"
    assert run(healthy, "mart_day") == GateResult([f"mart.fct_post: {stale}"], [])


def test_no_value_leaves_the_database(
    healthy: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    break_it(healthy, "update {of_p0} set masked = 'mail secret.person@example.org', sentiment = 'secret.person';")
    found = run(healthy, "posts_day")
    assert said(found.critical) == {"annotations with an unknown sentiment or kind of feedback"}
    assert said(found.warnings) == {"masked texts that still hold an e-mail address"}
    output = capfd.readouterr()
    for place in (repr(found), repr(stored(healthy)), output.out, output.err, caplog.text):
        assert "secret.person" not in place


def test_an_error_is_told_from_a_failure_and_keeps_its_tier(
    healthy: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rules = [Rule("ExpectColumnValuesToBeNull", {"column": name}, f"bad {name}", tier) for name, tier in
             (("nowhere", "critical"), ("body", "warning"), ("unknown", "warning"))]  # fmt: skip
    batches = (Batch("posts", "select body from core.post", rules), Batch("nothing", "select cast(body as int) as body"
               " from core.post", rules[1:2]))  # fmt: skip
    monkeypatch.setitem(suites.SUITES, "odd", batches)
    found = check(healthy, ["odd"], partition=DAY, span=SPANS["ingest"])
    assert found.critical == ["posts: could not be checked for bad nowhere"]
    assert found.warnings == [
        "posts: bad body (10 of 10)",
        "posts: could not be checked for bad unknown",
        "nothing: could not be checked for bad body",
    ]
    assert [result["outcome"] for result in stored(healthy)] == ["error", "failed", "error", "error"]
    assert "Words." not in repr(stored(healthy)) + "".join(capfd.readouterr())


def test_no_connection_stays_open(healthy: str) -> None:
    run(healthy, "ingest")
    with psycopg.connect(conninfo(healthy)) as connection:
        others = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchone()
    assert others == (0,)


def test_an_awkward_password_is_no_trouble(healthy: str) -> None:
    with psycopg.connect(conninfo(healthy), autocommit=True) as connection:
        connection.execute("drop role if exists awkward")
        connection.execute("create role awkward login password '$a%b@c' in role suara_pipeline")
    try:
        head, _, place = healthy.partition("@")
        assert head
        url = f"postgresql://awkward:%24a%25b%40c@{place}"
        outcomes = gate.evaluate(url, suites.INGEST, partition=DAY, span=SPANS["ingest"])
        assert {outcome.outcome for batch in outcomes for outcome in batch} == {"passed"}
    finally:
        with psycopg.connect(conninfo(healthy), autocommit=True) as connection:
            connection.execute("drop role awkward")

"""What is frozen: no words of who does not want it, titles where there are any, first posts wherever they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, text

from kernel.calendar import day_span, week_span
from reports import evidence
from tests.warehouse.rows import Rows
from warehouse import documents, marts, reporting
from warehouse.freeze import MOST_TOXIC, freeze
from warehouse.tables import reports as tables

MONDAY = date(2026, 11, 2)
ZONE = ZoneInfo("UTC")


@pytest.fixture
def rows(connection: Connection) -> Rows:
    return Rows(connection)


def frozen(connection: Connection, table: str) -> list[dict]:
    """Refresh the day that is asked about, freeze its week and return the frozen rows."""
    marts.refresh_posts(connection, MONDAY, ZONE)
    marts.refresh_threads(connection, MONDAY, ZONE)
    about = {
        "week": MONDAY,
        "area": "community",
        "revision": 1,
        "input_id": 0,
        "proposed_at": datetime(2026, 11, 9, tzinfo=UTC),
        "timezone": "UTC",
        "language": "en",
        "input_fingerprint": "",
        "code_version": "0",
        "config": {},
    }
    key = connection.execute(insert(tables.report).values(about).returning(tables.report.c.report_id)).scalar_one()
    freeze(connection, key, MONDAY, week_span(MONDAY, ZONE))
    found = connection.execute(text(f"select * from mart.{table} where report_id = :key"), {"key": key})
    return [dict(row) for row in found.mappings()]


def ask(rows: Rows, masked: str, *, member: dict | None = None, thread: dict | None = None, **post) -> int:
    source = rows.source(f"forum-{masked[:20]}")
    writer = rows.member(source, **(member or {}))
    begun = rows.thread(source, **(thread or {}))
    read = {"masked": masked} | post.pop("read", {})
    values = {"is_thread_start": True, "url": "https://forum.example.org/1"} | post
    rows.post(begun, writer, "2026-11-02 10:00", read=read, **values)
    return begun


@pytest.mark.parametrize(
    ("member", "read", "title", "url"),
    [
        ({}, {}, "Why does it stop?", True),
        ({"opted_out": True}, {}, None, False),
        ({"erased_at": datetime(2026, 11, 3, tzinfo=UTC)}, {}, None, False),
        ({}, {"toxicity": 0.9}, None, True),
    ],
)
def test_words_of_a_thread_are_frozen_only_where_they_may_be_shown(connection, rows, member, read, title, url):
    ask(rows, "Why does it stop?\nIt stops each morning.", member=member, read=read, title="Why does it stop?")
    (thread,) = frozen(connection, "report_thread")
    assert (thread["title"], thread["url"] is not None) == (title, url)


def test_a_thread_without_a_title_is_called_by_its_first_words(connection, rows):
    ask(rows, "First line.\nSecond line.")
    assert frozen(connection, "report_thread")[0]["title"] == "First line.\nSecond line."


@pytest.mark.parametrize(("status", "is_open"), [("open", True), ("solved", False), ("closed", False)])
def test_a_thread_is_frozen_as_open_or_not(connection, rows, status, is_open):
    ask(rows, "Why?", thread={"status": status})
    assert frozen(connection, "report_thread")[0]["is_open"] is is_open


def test_replies_of_the_one_who_asked_are_no_replies(connection, rows):
    source = rows.source()
    asker, other = rows.member(source), rows.member(source)
    thread = rows.thread(source)
    for hour, member in enumerate((asker, asker, other, asker)):
        rows.post(thread, member, f"2026-11-02 1{hour}:00", is_thread_start=hour == 0)
    assert frozen(connection, "report_thread")[0]["replies"] == 1


def test_who_wrote_long_before_the_first_run_is_not_new(connection, rows):
    source = rows.source()
    veteran = rows.member(source)
    rows.post(rows.thread(source), veteran, "2024-03-06 10:00", is_read=False)
    rows.post(rows.thread(source), veteran, "2026-11-02 10:00")
    (post,) = frozen(connection, "report_post")
    assert post["person_first_week"] == date(2024, 3, 4)
    since = connection.execute(text("select posts_since, themes_since from mart.report")).one()
    assert tuple(since) == (MONDAY, None)


def test_a_changed_proposal_keeps_its_revision_but_neither_number_nor_time(connection, rows):
    def propose(hour: int):
        marts.refresh_posts(connection, MONDAY, ZONE)
        now = datetime(2026, 11, 9, hour, tzinfo=UTC)
        about = {"timezone": "UTC", "language": "en", "code_version": "0", "config": {}, "now": now}
        proposal = reporting.Proposal(week=MONDAY, area="community", **about)
        key = reporting.propose_input(connection, proposal, week_span(MONDAY, ZONE))
        found = documents.read_report(connection, key)
        return key, found["proposed_at"], found["revision"]

    ask(rows, "Why does it stop?")
    first = propose(3)
    assert propose(4) == first
    ask(rows, "Why does it stop again?")
    second = propose(5)
    assert second[0] != first[0]
    assert second[1] - first[1] == timedelta(hours=2)
    assert second[2] == first[2] == 1


def test_titles_and_quotes_have_the_same_bound():
    assert MOST_TOXIC == evidence.MOST_TOXIC
    assert day_span(MONDAY, ZONE).start == week_span(MONDAY, ZONE).start

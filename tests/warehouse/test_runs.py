"""Which days are due, and how far the sink has come."""

from __future__ import annotations

from datetime import date
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, text

from tests.warehouse.rows import Rows, at
from warehouse.engine import connect
from warehouse.runs import day_fingerprints, loaded_through
from warehouse.tables.raw import ingest_offset

DAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    "change", ["update core.thread set status = 'solved'", "update core.member set opted_out = true"]
)
def test_a_day_is_due_when_a_thread_is_solved_or_a_member_opts_out(rows: Rows, change: str) -> None:
    source = rows.source()
    rows.post(rows.thread(source), rows.member(source), "2026-11-02 10:00")
    before = day_fingerprints(rows.connection, DAY, DAY, ZoneInfo("UTC"))
    rows.connection.execute(text(change))
    assert day_fingerprints(rows.connection, DAY, DAY, ZoneInfo("UTC")) != before


def test_how_far_other_groups_have_come_does_not_matter(warehouse_url: str) -> None:
    engine = connect(warehouse_url, role="ingest")
    with engine.connect() as connection:
        for group, moment in (("suara-sink", "2026-11-03"), ("an old trial", "2026-11-01")):
            values = {"consumer_group": group, "topic": "posts", "kafka_partition": 0, "next_offset": 1}
            values |= {"topic_id": uuid4(), "last_record_ts": at(moment)}
            connection.execute(insert(ingest_offset).values(values))
        assert loaded_through(connection, at("2026-11-03"))
        assert not loaded_through(connection, at("2026-11-03"), group="an old trial")
    engine.dispose()

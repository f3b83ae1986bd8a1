from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Connection, text

from tests.warehouse.rows import Rows, at
from warehouse.engine import connect
from warehouse.partitions import drop_months_before, ensure_arrivals, ensure_months

EVENT = text("""
    insert into raw.event
        (topic, kafka_partition, kafka_offset, record_ts, event_id, source, type, event_time, payload)
    values ('posts', 0, :offset, :moment, 'id', 'urn:community:forum:x', 'type', :moment, '{}')
""")
TODAY = date(2026, 11, 20)
PLACES = "select tableoid::regclass::text, kafka_offset from raw.event order by kafka_offset"


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[Connection]:
    """A transaction on the test's own database, because events arrive in another one."""
    engine = connect(warehouse_url, role="pipeline")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def arrive(url: str, *moments: str) -> None:
    engine = connect(url, role="ingest")
    with engine.begin() as connection:
        for offset, moment in enumerate(moments):
            connection.execute(EVENT, {"offset": offset, "moment": at(moment)})
    engine.dispose()


def test_months_take_their_rows_from_the_default(warehouse_url: str, connection: Connection, rows: Rows) -> None:
    arrive(
        warehouse_url, "2026-10-31 23:59:59", "2026-11-01 00:00", "2026-11-30 23:59", "2026-12-01 00:00", "1999-01-01"
    )
    made = ensure_months(connection, date(2026, 11, 15), date(2026, 12, 1), today=TODAY)
    assert made == ["raw.event_202611", "raw.event_202612", "mart.fct_post_202611", "mart.fct_post_202612"]
    assert rows.all(PLACES) == [
        ("raw.event_default", 0),
        ("raw.event_202611", 1),
        ("raw.event_202611", 2),
        ("raw.event_202612", 3),
        ("raw.event_default", 4),
    ]


def test_months_are_made_once_and_the_role_stays(connection: Connection, rows: Rows) -> None:
    ensure_months(connection, date(2026, 12, 31), date(2027, 1, 1), today=TODAY)
    assert ensure_months(connection, date(2026, 12, 1), date(2027, 1, 31), today=TODAY) == []
    assert rows.all("select current_user::text") == [("suara_pipeline",)]


def test_of_the_past_the_archive_gets_only_months_that_have_rows(warehouse_url: str, connection: Connection) -> None:
    arrive(warehouse_url, "2026-09-30")
    assert ensure_months(connection, date(2026, 8, 1), date(2026, 9, 1), today=TODAY) == [
        "raw.event_202609",
        "mart.fct_post_202608",
        "mart.fct_post_202609",
    ]


def test_a_month_is_made_after_whoever_writes_into_the_default_is_done(
    warehouse_url: str, connection: Connection
) -> None:
    writer = connect(warehouse_url, role="ingest")
    with ThreadPoolExecutor(1) as thread, writer.connect() as writing:
        writing.execute(EVENT, {"offset": 7, "moment": at("2026-11-05")})
        made = thread.submit(ensure_months, connection, TODAY, TODAY, today=TODAY)
        locks = text("select count(*) from pg_locks join pg_database d on d.oid = database "
                     "where not granted and datname = current_database()")  # fmt: skip
        while not writing.execute(locks).scalar_one():
            assert not made.done()
            time.sleep(0.01)
        writing.commit()
        assert made.result() == ["raw.event_202611", "mart.fct_post_202611"]
    writer.dispose()
    assert connection.execute(text(PLACES)).all() == [("raw.event_202611", 7)]


def test_the_archive_has_room_for_this_month_and_the_next(connection: Connection, rows: Rows) -> None:
    assert ensure_arrivals(connection, date(2026, 12, 31)) == ["raw.event_202612", "raw.event_202701"]
    assert ensure_arrivals(connection, date(2026, 12, 1)) == []
    assert rows.all("select current_user::text") == [("suara_pipeline",)]


def test_new_months_have_the_keys_of_their_table(connection: Connection, rows: Rows) -> None:
    ensure_months(connection, date(2026, 11, 1), date(2026, 11, 1), today=TODAY)
    found = rows.all("select count(*) from pg_indexes where schemaname = 'raw' and tablename = 'event_202611'")
    assert found == rows.all("select count(*) from pg_indexes where schemaname = 'raw' and tablename = 'event'")


def test_old_months_are_dropped_whole(warehouse_url: str, connection: Connection, rows: Rows) -> None:
    arrive(warehouse_url, "2026-09-30", "2026-10-01", "2026-10-31", "2026-11-01", "1999-01-01")
    ensure_months(connection, date(2026, 9, 1), date(2026, 11, 1))
    assert drop_months_before(connection, date(2026, 10, 31)) == 1
    assert [offset for _, offset in rows.all(PLACES)] == [1, 2, 3]
    assert drop_months_before(connection, date(2026, 11, 1)) == 1
    assert [offset for _, offset in rows.all(PLACES)] == [3]

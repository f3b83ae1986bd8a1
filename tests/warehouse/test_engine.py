from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from kernel.errors import PartUnavailableError, SettingsError, WarehouseError
from warehouse.engine import connect

ALLOWED = {
    "reader": [
        "select * from mart.fct_post",
        "select * from mart.weekly_theme_trends",
        "select * from mart.dim_member",
        "select * from ops.freshness",
        "select * from ops.rejected_digest",
    ],
    "ingest": [
        "insert into core.source (name, kind) values ('new', 'forum')",
        "update core.post set status = 'deleted'",
        "update raw.ingest_offset set next_offset = 1",
        "select * from privacy.tombstone",
        "insert into privacy.tombstone (member_hash) values ('x')",
        "create temporary table load as select * from core.post with no data",
    ],
    "pipeline": [
        "select * from raw.event",
        "delete from core.post_annotation",
        "insert into mart.dim_date values ('2026-11-02', '2026-11-02', 2026, 45, '2026-11-01', 1, false)",
        "delete from mart.fct_post",
        "delete from privacy.pii_span where post_id = 1",
    ],
    "privacy": [
        "select * from privacy.pii_span",
        "delete from raw.event",
        "update core.post set body = null",
        "delete from mart.fct_post",
    ],
}
REFUSED = {
    "reader": [
        "select * from core.post",
        "select * from core.member_person",
        "select * from raw.event",
        "select * from privacy.pii_span",
        "insert into mart.dim_date values ('2026-11-02', '2026-11-02', 2026, 45, '2026-11-01', 1, false)",
        "delete from ops.pipeline_run",
        "select * from ops.setting",
    ],
    "ingest": [
        "delete from core.post",
        "delete from privacy.tombstone",
        "delete from raw.event",
        "truncate raw.event",
        "insert into core.theme (name, born_week) values ('x', '2026-11-02')",
        "select * from mart.fct_post",
        "select * from privacy.pii_span",
    ],
    "pipeline": [
        "select * from privacy.pii_span",
        "select span_start from privacy.pii_span",
        "select * from privacy.tombstone",
        "delete from raw.event",
        "create table mart.of_mine (one int)",
    ],
    "privacy": [
        "drop table core.post",
    ],
}


@pytest.mark.parametrize("role", ALLOWED)
def test_what_a_role_may_do(shared_url: str, role: Any) -> None:
    engine = connect(shared_url, role=role)
    with engine.connect() as connection:
        for statement in ALLOWED[role]:
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize("role", REFUSED)
def test_what_a_role_may_not_do(shared_url: str, role: Any) -> None:
    engine = connect(shared_url, role=role)
    for statement in REFUSED[role]:
        with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))
    engine.dispose()


def test_the_role_outlives_a_rollback_and_the_zone_is_utc(shared_url: str) -> None:
    engine = connect(shared_url, role="reader")
    for _ in range(2):
        with engine.connect() as connection:
            assert connection.execute(text("select current_user")).scalar() == "suara_reader"
            assert connection.execute(text("show timezone")).scalar() == "UTC"
            connection.rollback()
    engine.dispose()


def test_no_server() -> None:
    engine = connect("postgresql://suara:secret@127.0.0.1:1/suara")
    with pytest.raises(PartUnavailableError, match="does not answer") as caught:
        engine.connect()
    assert "secret" not in str(caught.value)


def test_no_roles(postgres_url: str) -> None:
    engine = connect(postgres_url, role="nobody")  # type: ignore[arg-type]
    with pytest.raises(WarehouseError, match="suara_nobody"):
        engine.connect()
    engine.dispose()


@pytest.mark.parametrize("url", ["not an address", "sqlite:///file.db"])
def test_another_kind_of_address(url: str) -> None:
    with pytest.raises(SettingsError, match=r"PostgreSQL|URL"):
        connect(url)

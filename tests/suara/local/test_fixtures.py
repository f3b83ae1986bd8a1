"""The fixtures that other rooms stand on."""

from __future__ import annotations

import psycopg

from suara.local import kafka as broker
from warehouse import migrate


def test_the_broker_answers(kafka: str) -> None:
    assert broker.answers(int(kafka.rpartition(":")[2]))


def test_each_test_gets_an_empty_database(postgres_url: str, empty_url: str) -> None:
    assert empty_url != postgres_url
    with psycopg.connect(empty_url) as connection:
        tables = connection.execute(
            "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'public'"
        ).fetchone()
        assert tables == (0,)
        connection.execute("create extension vector")


def test_each_test_gets_a_migrated_database(warehouse_url: str) -> None:
    migrate.check(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("insert into ops.setting (name, value) values ('planted', 'x')")


def test_a_database_holds_nothing_of_the_test_before(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        assert connection.execute("select count(*) from ops.setting where name = 'planted'").fetchone() == (0,)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from kernel.errors import WarehouseError
from warehouse import migrate, views
from warehouse.engine import connect, conninfo, login
from warehouse.tables import METADATA, SCHEMAS

# Everything of a table but its partitions, in words that two databases can be compared by.
SHAPE = """
    select c.oid::regclass::text as relation, 'table' as what, '' as name,
           concat_ws(' ', pg_get_partkeydef(c.oid), c.reloptions::text, obj_description(c.oid)) as definition
    from ours c
    union all
    select c.oid::regclass::text, 'column', a.attname,
           concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                     pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
    from ours c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    union all
    select c.oid::regclass::text, 'constraint', k.conname, pg_get_constraintdef(k.oid)
    from ours c join pg_constraint k on k.conrelid = c.oid
    union all
    select c.oid::regclass::text, 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    from ours c join pg_index i on i.indrelid = c.oid
    order by 1, 2, 3
"""
OURS = """
    with ours as (
        select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('raw', 'core', 'mart', 'privacy', 'ops') and c.relkind in ('r', 'p')
          and not c.relispartition and c.relname <> 'alembic_version'
    )
"""


def shape(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(OURS + SHAPE).fetchall()  # type: ignore[arg-type]


def execute(url: str, statement: str) -> None:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def test_up_down_and_up_again(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.check(empty_url)
    before = shape(empty_url)
    migrate.downgrade(empty_url, "base")
    assert shape(empty_url) == []
    with psycopg.connect(conninfo(empty_url)) as connection:
        left = connection.execute(
            "select nspname from pg_namespace where nspname = any(%s)", [list(SCHEMAS)]
        ).fetchall()
        granted = connection.execute("select count(*) from pg_default_acl").fetchone()
    assert left == []
    assert granted == (0,)
    migrate.upgrade(empty_url)
    migrate.check(empty_url)
    assert shape(empty_url) == before


def test_each_revision_can_be_taken_back(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    for revision in ("0012", "0011", "0005", "0004", "0003", "0002", "0001"):
        migrate.downgrade(empty_url, revision)
    migrate.upgrade(empty_url)
    migrate.check(empty_url)


def test_revisions_make_what_the_tables_say(warehouse_url: str, empty_url: str) -> None:
    execute(empty_url, "create extension vector")
    for schema in SCHEMAS:
        execute(empty_url, f"create schema {schema}")
    engine = login(empty_url)
    METADATA.create_all(engine)
    engine.dispose()
    assert shape(warehouse_url) == shape(empty_url)


def test_upgrade_twice_changes_nothing(warehouse_url: str) -> None:
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        before = connection.execute("select 'core.member_person'::regclass::oid").fetchone()
        migrate.upgrade(warehouse_url)
        assert connection.execute("select 'core.member_person'::regclass::oid").fetchone() == before


def test_upgrade_at_the_same_time(empty_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrate.upgrade, [empty_url] * 3))
    migrate.check(empty_url)


def test_check_names_what_differs(warehouse_url: str) -> None:
    execute(warehouse_url, "alter table core.post add column mood text")
    with pytest.raises(WarehouseError, match="mood"):
        migrate.check(warehouse_url)


def test_check_ignores_partitions(warehouse_url: str) -> None:
    execute(
        warehouse_url, "create table raw.event_1999 partition of raw.event for values from ('1999-1-1') to ('2000-1-1')"
    )
    migrate.check(warehouse_url)


def test_views_are_made_anew_when_a_file_changes(warehouse_url: str) -> None:
    execute(warehouse_url, "update ops.setting set value = 'x' || value where name = 'views'")
    execute(warehouse_url, "create view mart.of_an_analyst as select 1 as one")
    with pytest.raises(WarehouseError, match="views differ"):
        migrate.check(warehouse_url)
    migrate.upgrade(warehouse_url)
    migrate.check(warehouse_url)
    execute(warehouse_url, "select one from mart.of_an_analyst")


def test_a_view_that_stands_on_ours_is_not_dropped(warehouse_url: str) -> None:
    execute(warehouse_url, "update ops.setting set value = 'x' || value where name = 'views'")
    execute(warehouse_url, "create view mart.of_an_analyst as select name from mart.dim_source")
    with pytest.raises(WarehouseError, match="Objects of your own"):
        migrate.upgrade(warehouse_url)
    execute(warehouse_url, "select name from mart.of_an_analyst")


def test_what_an_older_version_made_is_dropped_too(warehouse_url: str) -> None:
    """Its mark named views only, without their kind."""
    execute(warehouse_url, "create view mart.of_long_ago as select 1 as one")
    execute(
        warehouse_url, "update ops.setting set value = replace(value, ' core.', ' mart.of_long_ago core.') "
        "where name = 'views'"
    )  # fmt: skip
    migrate.upgrade(warehouse_url)
    migrate.check(warehouse_url)
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        assert connection.execute("select to_regclass('mart.of_long_ago')").fetchone() == (None,)


def test_every_view_file_is_made() -> None:
    folder = (migrate.Path(views.__file__)).parent
    assert sorted(path.stem for path in folder.glob("*.sql")) == sorted(views.MADE)


@pytest.mark.parametrize("role", ["ingest", "pipeline", "reader", "privacy"])
def test_head_is_recognised_by_every_role(shared_url: str, role: Any) -> None:
    engine = connect(shared_url, role=role)
    migrate.require_head(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("revision", "message"), [("0003", "at revision 0003, and this version needs"), ("9999", "newer Suara")]
)
def test_another_revision_is_refused(warehouse_url: str, revision: str, message: str) -> None:
    execute(warehouse_url, f"update ops.alembic_version set version_num = '{revision}'")
    engine = connect(warehouse_url, role="reader")
    with pytest.raises(WarehouseError, match=message):
        migrate.require_head(engine)
    engine.dispose()


def test_an_empty_database_is_refused(empty_url: str) -> None:
    engine = create_engine(make_url(empty_url).set(drivername="postgresql+psycopg"))
    with pytest.raises(WarehouseError, match="empty"):
        migrate.require_head(engine)
    engine.dispose()


def test_an_owner_without_superuser(warehouse_url: str, empty_url: str) -> None:
    """A login of an operator's own needs the extension and the roles from an administrator, and nothing else."""
    name = make_url(empty_url).database
    execute(empty_url, f"create role \"{name}\" login password 'secret'")
    try:
        execute(empty_url, f'alter database "{name}" owner to "{name}"')
        url = make_url(empty_url).set(username=name, password="secret").render_as_string(hide_password=False)
        with pytest.raises(WarehouseError, match="CREATE EXTENSION vector"):
            migrate.upgrade(url)
        execute(empty_url, "create extension vector")
        with pytest.raises(WarehouseError, match="suara_owner, suara_ingest"):
            migrate.upgrade(url)
        execute(empty_url, f'grant suara_owner, suara_ingest, suara_pipeline, suara_reader, suara_privacy to "{name}"')
        migrate.upgrade(url)
        migrate.check(url)
        engine = connect(url, role="reader")
        with engine.connect() as connection:
            assert connection.execute(text("select count(*) from mart.dim_source")).scalar() == 0
        engine.dispose()
    finally:
        execute(warehouse_url, f'drop database "{name}" with (force)')
        execute(warehouse_url, f'drop role "{name}"')
        execute(warehouse_url, f'create database "{name}"')

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from pgvector.psycopg import register_vector
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from tests.warehouse.rows import Rows
from warehouse.bulk import copy_rows, driver_of, staged, upsert
from warehouse.engine import connect
from warehouse.tables.core import post_embedding, source

THINGS = Table(
    "things",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("version", Integer),
    Column("words", Text),
    Column("tags", ARRAY(Text)),
    Column("detail", JSONB),
    schema="pg_temp",
)
NAMES = [column.name for column in THINGS.columns]


def upsert_slowly(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    key: Sequence[str],
    update: Sequence[str] | None = None,
    newer: str | None = None,
) -> None:
    """The same promise, one row at a time: what the fast way is measured against."""
    for row in rows:
        statement = insert(table).values(dict(zip(columns, row, strict=True)))
        changed = [name for name in columns if name not in key] if update is None else update
        if not changed:
            connection.execute(statement.on_conflict_do_nothing(index_elements=key))
            continue
        excluded = statement.excluded
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=key,
                set_={name: excluded[name] for name in changed},
                where=None if newer is None else table.c[newer] <= excluded[newer],
            )
        )


def content(connection: Connection) -> list[Any]:
    return list(connection.execute(select(THINGS).order_by(THINGS.c.name, THINGS.c.place)).all())


def batch(seed: int) -> list[tuple[Any, ...]]:
    """Rows that collide, some of them with themselves, holding everything that COPY must escape."""
    chance = random.Random(seed)  # noqa: S311
    texts = ["plain", "tab\there", "line\nend", "back\\slash", "\\N", "", None, "emoji 🙏", "'quote\""]
    return [
        (
            chance.choice("abc"),
            chance.randrange(3),
            # Equal versions of one key differ in nothing: a version names one state.
            version := chance.randrange(4),
            texts[version],
            [texts[version] or "none", "x"],
            {"text": texts[version], "n": [1, None]} if version else None,
        )
        for _ in range(20)
    ]


@pytest.mark.parametrize("options", [{}, {"newer": "version"}, {"update": []}, {"update": ["words"]}])
def test_the_fast_way_equals_the_slow_way(connection: Connection, options: dict[str, Any]) -> None:
    results = []
    for way in (upsert, upsert_slowly):
        THINGS.create(connection)
        for seed in range(6):
            rows = batch(seed)
            if "update" in options:  # or what of equal keys is inserted first would show
                rows = list({row[:2]: row for row in rows}.values())
            way(connection, THINGS, NAMES, rows, key=["name", "place"], **options)
        results.append(content(connection))
        THINGS.drop(connection)
    assert results[0] == results[1]
    assert len(results[0]) == 9


def test_it_counts_what_it_changed(connection: Connection) -> None:
    THINGS.create(connection)
    columns, key = ["name", "place", "version"], ["name", "place"]
    assert upsert(connection, THINGS, columns, [("a", 1, 1), ("b", 1, 1), ("b", 1, 2)], key=key) == 2
    assert upsert(connection, THINGS, columns, [("a", 1, 1), ("b", 1, 3)], key=key) == 1
    assert upsert(connection, THINGS, columns, [("a", 1, 0), ("b", 1, 3)], key=key, newer="version") == 0
    assert upsert(connection, THINGS, columns, [], key=key) == 0


def test_vectors_come_back_as_they_went(connection: Connection) -> None:
    vectors = np.random.default_rng(1).normal(size=(3, 384)).astype(np.float32)
    rows = [(bytes([number]) * 32, "model", vector) for number, vector in enumerate(vectors)]
    columns, key = ["text_sha256", "model", "embedding"], ["text_sha256", "model"]
    assert upsert(connection, post_embedding, columns, rows, key=key, update=[]) == 3
    assert upsert(connection, post_embedding, columns, rows[:1], key=key, update=[]) == 0
    register_vector(driver_of(connection))
    stored = connection.execute(text("select embedding from core.post_embedding order by text_sha256")).scalars().all()
    assert np.array_equal(np.stack([vector.to_numpy() for vector in stored]), vectors)


def test_copying_a_key_twice_is_an_error(connection: Connection) -> None:
    assert copy_rows(connection, source, ["name", "kind"], [("a", "forum"), ("b", "chat")]) == 2
    with pytest.raises(Exception, match="duplicate key"):
        copy_rows(connection, source, ["name", "kind"], [("a", "forum")])


def test_what_postgresql_cannot_hold_is_refused_without_a_trace(warehouse_url: str) -> None:
    engine = connect(warehouse_url)
    with pytest.raises(Exception, match="NUL"), engine.begin() as connection:
        upsert(connection, source, ["name", "kind"], [("fine", "forum"), ("bad\x00", "forum")], key=["name"])
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from core.source")).scalar() == 0
    engine.dispose()


def test_staged_rows_are_gone_afterwards(connection: Connection) -> None:
    for _ in range(2):
        with staged(connection, source, ["name", "kind"], [("a", "forum")]) as name:
            count = driver_of(connection).execute(b"select count(*) from " + name.as_bytes()).fetchone()
            assert count == (1,)
    assert connection.execute(text("select to_regclass('pg_temp.staged_source')")).scalar() is None


def test_two_writers_of_the_same_keys_do_not_lock_each_other_out(warehouse_url: str) -> None:
    names = [f"source-{number}" for number in range(50)]

    def write(order: list[str]) -> None:
        engine = connect(warehouse_url)
        for turn in range(10):
            with engine.begin() as connection:
                upsert(
                    connection, source, ["name", "kind"], [(name, f"{turn}{order[0]}") for name in order], key=["name"]
                )
        engine.dispose()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, [names, names[::-1]]))
    engine = connect(warehouse_url)
    with engine.connect() as connection:
        assert len(Rows(connection).all("select name from core.source")) == 50
    engine.dispose()

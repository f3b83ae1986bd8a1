"""Many rows into PostgreSQL at once, on the transaction of a SQLAlchemy connection.

Rows are copied into a temporary table and merged from there: several times faster than lists given to `execute`. Within
one call each key appears once and rows are merged in the order of their keys, so that two writers never wait for each
other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from pgvector.psycopg import register_vector
from pgvector.sqlalchemy import VECTOR
from psycopg.sql import SQL, Composable, Composed, Identifier
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

Row = Sequence[Any]


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Append rows, each holding `columns` in that order, and return how many. A key that exists is an error."""
    return _copy(connection, table, columns, rows, into=_name(table))


def upsert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    key: Sequence[str],
    update: Sequence[str] | None = None,
    newer: str | None = None,
) -> int:
    """Insert rows, or update those whose `key` exists; return how many rows were inserted or changed.

    `update` names the columns to overwrite: all but the key by default, none to keep what is there. With `newer`, a row
    is overwritten only by a greater value of that column. Of several rows with one key the greatest of `newer` counts,
    else the last.
    """
    distinct = _distinct(rows, columns, key=key, newer=newer)
    if not distinct:
        return 0
    changed = [name for name in columns if name not in key] if update is None else update
    target, keys = _name(table), _list(key)
    with staged(connection, table, columns, distinct) as source:
        merge = SQL("insert into {} as old ({}) select {} from {} order by {} on conflict ({}) ").format(
            target, _list(columns), _list(columns), source, keys, keys
        )
        return driver_of(connection).execute(merge + _resolution(changed, newer)).rowcount


@contextmanager
def staged(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[Composable]:
    """Hold rows in a temporary table with `columns` of `table`, for a merge of one's own; give its quoted name."""
    driver = driver_of(connection)
    name = Identifier(f"staged_{table.name}")
    make = SQL("create temporary table {} on commit drop as select {} from {} with no data")
    driver.execute(make.format(name, _list(columns), _name(table)))
    _copy(connection, table, columns, rows, into=name)
    yield name
    driver.execute(SQL("drop table {}").format(name))


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's connection under a SQLAlchemy connection, inside the same transaction."""
    if not connection.in_transaction():
        connection.begin()
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _distinct(rows: Iterable[Row], columns: Sequence[str], *, key: Sequence[str], newer: str | None) -> list[Row]:
    places = [columns.index(name) for name in key]
    found: dict[tuple[Any, ...], Row] = {}
    age = None if newer is None else columns.index(newer)
    for row in rows:
        identity = tuple(row[place] for place in places)
        if age is None or identity not in found or row[age] >= found[identity][age]:
            found[identity] = row
    return list(found.values())


def _resolution(changed: Sequence[str], newer: str | None) -> Composable:
    if not changed:
        return SQL("do nothing")
    assignments = SQL(", ").join(SQL("{0} = excluded.{0}").format(Identifier(name)) for name in changed)
    if newer is not None:
        guard: Composable = SQL("old.{0} < excluded.{0}").format(Identifier(newer))
    else:
        before = SQL(", ").join(Identifier("old", name) for name in changed)
        after = SQL(", ").join(Identifier("excluded", name) for name in changed)
        guard = SQL("({}) is distinct from ({})").format(before, after)
    return SQL("do update set {} where {}").format(assignments, guard)


def _copy(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row], *, into: Composable
) -> int:
    driver = driver_of(connection)
    kinds = [table.c[name].type for name in columns]
    vectors = any(isinstance(kind, VECTOR) for kind in kinds)
    # Vectors as text are seven times slower. Arrays have no binary form here, and stand only in small tables.
    binary = vectors and not any(isinstance(kind, ARRAY) for kind in kinds)
    if vectors:
        register_vector(driver)
    documents = [place for place, kind in enumerate(kinds) if isinstance(kind, JSONB)] if not binary else []
    statement = SQL("copy {} ({}) from stdin").format(into, _list(columns))
    total = 0
    with driver.cursor() as cursor, cursor.copy(statement + SQL(" (format binary)" if binary else "")) as copy:
        if binary:
            copy.set_types([kind.compile(connection.dialect).split("(")[0].lower() for kind in kinds])
        for row in rows:
            copy.write_row(_wrapped(row, documents) if documents else row)
            total += 1
    return total


def _wrapped(row: Row, documents: Sequence[int]) -> Row:
    cells = list(row)
    for place in documents:
        if cells[place] is not None:
            cells[place] = Jsonb(cells[place])
    return cells


def _name(table: Table) -> Identifier:
    return Identifier(table.schema, table.name) if table.schema else Identifier(table.name)


def _list(columns: Sequence[str]) -> Composed:
    return SQL(", ").join(map(Identifier, columns))

"""The data dictionary, read from the comments in a live database, so that it cannot say what is not there.

python -m warehouse.dictionary postgresql://... > docs/reference/dictionary.md
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from sqlalchemy import Connection, text

from warehouse.engine import connect

Kind = Literal["table", "view", "type"]

_COLUMNS = text("""
    select n.nspname as schema, obj_description(n.oid, 'pg_namespace') as schema_meaning,
           c.relname as relation, c.relkind as kind, obj_description(coalesce(t.oid, c.oid)) as meaning,
           a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
           a.attnotnull as is_required, col_description(c.oid, a.attnum) as column_meaning
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_type t on t.typrelid = c.oid and c.relkind = 'c'
    where n.nspname in ('raw', 'core', 'mart', 'ops', 'privacy')
      and c.relkind in ('r', 'p', 'v', 'c') and not c.relispartition
    order by array_position(array['mart', 'ops', 'core', 'raw', 'privacy'], n.nspname::text), c.relname, a.attnum
""")
_FUNCTIONS = text("""
    select concat_ws('.', n.nspname, f.proname) as name, pg_get_function_arguments(f.oid) as arguments,
           pg_get_function_result(f.oid) as result, coalesce(obj_description(f.oid, 'pg_proc'), '') as meaning
    from pg_proc f join pg_namespace n on n.oid = f.pronamespace
    where n.nspname in ('raw', 'core', 'mart', 'ops', 'privacy')
    order by 1, 2
""")
_KINDS: dict[str, Kind] = {"r": "table", "p": "table", "v": "view", "c": "type"}
_TYPES = {"timestamp with time zone": "timestamptz", "double precision": "float8", "real": "float4"}


@dataclass(frozen=True)
class Column:
    """A column of a table or view; `meaning` is empty when nobody has written it down."""

    name: str
    type: str
    is_required: bool
    meaning: str


@dataclass(frozen=True)
class Relation:
    """A table, a view or the type of a function's rows, with its columns."""

    schema: str
    schema_meaning: str
    name: str
    kind: Kind
    meaning: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Function:
    """A function with its arguments and what it returns, as PostgreSQL writes them."""

    name: str
    arguments: str
    result: str
    meaning: str


def functions(connection: Connection) -> list[Function]:
    """Return every function of ours."""
    return [Function(**row) for row in connection.execute(_FUNCTIONS).mappings()]


def describe(connection: Connection) -> list[Relation]:
    """Return every table, view and type of ours, those for readers first; partitions are part of their table."""
    found = []
    rows = connection.execute(_COLUMNS).all()
    for _, group in groupby(rows, key=lambda row: (row.schema, row.relation)):
        columns = list(group)
        first = columns[0]
        found.append(
            Relation(
                schema=first.schema,
                schema_meaning=first.schema_meaning or "",
                name=first.relation,
                kind=_KINDS[first.kind],
                meaning=first.meaning or "",
                columns=tuple(
                    Column(row.name, _TYPES.get(row.type, row.type), row.is_required, row.column_meaning or "")
                    for row in columns
                ),
            )
        )
    return found


def undocumented(relations: Sequence[Relation], functions: Sequence[Function] = ()) -> list[str]:
    """Return the names of schemas, tables, views, columns and functions that nobody has explained."""
    missing = {relation.schema for relation in relations if not relation.schema_meaning}
    missing |= {f"{relation.schema}.{relation.name}" for relation in relations if not relation.meaning}
    missing |= {
        f"{relation.schema}.{relation.name}.{column.name}"
        for relation in relations
        for column in relation.columns
        if not column.meaning
    }
    return sorted(missing | {function.name for function in functions if not function.meaning})


def markdown(relations: Sequence[Relation], functions: Sequence[Function]) -> str:
    """Return the dictionary as one page."""
    return "\n".join(_page(relations, functions)) + "\n"


def _page(relations: Sequence[Relation], functions: Sequence[Function]) -> Iterator[str]:
    yield "# Data dictionary"
    yield ""
    yield "Made from the comments in the database by `python -m warehouse.dictionary`; do not edit it by hand."
    yield "Readers see `mart` and `ops`. Every column of a table may be empty unless it says *required*."
    for schema, group in groupby(relations, key=lambda relation: relation.schema):
        members = list(group)
        yield f"\n## {schema}\n\n{members[0].schema_meaning}"
        for relation in members:
            yield f"\n### {schema}.{relation.name}\n\n*{relation.kind.capitalize()}.* {relation.meaning}"
            yield "\n| column | type | meaning |\n|---|---|---|"
            for column in relation.columns:
                required = ", required" if column.is_required else ""
                yield f"| {column.name} | {column.type}{required} | {column.meaning.replace('|', '/')} |"
    yield "\n## Functions\n\nCall them in a query: `select * from mart.search_posts('refund', language => 'en')`."
    for function in functions:
        yield f"\n### {function.name}()\n\n{function.meaning}"
        yield f"\nTakes `{re.sub(r'::[a-z]+', '', function.arguments)}`. Returns `{function.result}`."


def main(arguments: Sequence[str]) -> int:
    """Print the dictionary of the database whose address is the only argument."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m warehouse.dictionary postgresql://...\n")
        return 2
    engine = connect(arguments[0], role="owner")
    with engine.connect() as connection:
        sys.stdout.write(markdown(describe(connection), functions(connection)))
    engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Monthly partitions of the tables that grow for ever: made ahead, filled from the default, dropped when too old.

A row without a partition of its month goes to the default partition, so that a wrong clock loses nothing; making the
month later takes its rows along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, text

from warehouse.bulk import driver_of

# Table and the column that its months are of.
MONTHLY = {("raw", "event"): "record_ts", ("mart", "fct_post"): "created_date"}


def ensure_months(connection: Connection, first: date, last: date, *, today: date | None = None) -> list[str]:
    """Make the partitions of all months from `first` to `last`; return the names of new ones.

    Nothing new arrives in a month before that of `today`, by default the server's: of those the archive gets only the
    ones that its default partition holds rows of. The login must be able to act as the owner. Months of instants are
    months in UTC.
    """
    with _as_owner(connection):
        today = today or connection.execute(text("select current_date")).scalar_one()
        made = []
        for (schema, table), column in MONTHLY.items():
            months = _missing(connection, schema, table, first, last)
            if schema == "raw":
                months = [m for m in months if m >= today.replace(day=1) or _is_waited_for(connection, m)]
            if months:
                made += _make_months(connection, schema, table, column, months)
        return made


def ensure_arrivals(connection: Connection, today: date) -> list[str]:
    """Make the archive's partitions of this month and the next where the login may; return the names of new ones.

    Elsewhere rows go to the default partition until the owner makes their month.
    """
    if not connection.execute(text("select pg_has_role(session_user, 'suara_owner', 'SET')")).scalar_one():
        return []
    with _as_owner(connection):
        months = _missing(connection, "raw", "event", today, _next(today))
        return _make_months(connection, "raw", "event", MONTHLY["raw", "event"], months) if months else []


def drop_months_before(connection: Connection, oldest: date) -> int:
    """Drop the months of `raw.event` that end before `oldest`; return how many. Older rows of the default go too."""
    with _as_owner(connection):
        doomed = [
            name
            for name in _existing(connection, "raw", "event")
            if name[-6:].isdigit() and _next(date(int(name[-6:-2]), int(name[-2:]), 1)) <= oldest
        ]
        for name in doomed:
            driver_of(connection).execute(SQL("drop table {}").format(Identifier("raw", name)))
        connection.execute(text("delete from raw.event_default where record_ts < :oldest"), {"oldest": oldest})
        return len(doomed)


def _missing(connection: Connection, schema: str, table: str, first: date, last: date) -> list[date]:
    existing = _existing(connection, schema, table)
    missing, month = [], first.replace(day=1)
    while month <= last:
        if f"{table}_{month:%Y%m}" not in existing:
            missing.append(month)
        month = _next(month)
    return missing


def _is_waited_for(connection: Connection, month: date) -> bool:
    query = "select exists (select from raw.event_default where record_ts >= :start and record_ts < :end)"
    return bool(connection.execute(text(query), {"start": month, "end": _next(month)}).scalar_one())


def _make_months(connection: Connection, schema: str, table: str, column: str, months: Sequence[date]) -> list[str]:
    """Make months while nobody writes: a row that reached the default after the move would forbid the attaching."""
    driver_of(connection).execute(
        SQL("lock table only {} in share row exclusive mode").format(Identifier(schema, table))
    )
    existing = _existing(connection, schema, table)  # another process may have made some until the lock was ours
    missing = [month for month in months if f"{table}_{month:%Y%m}" not in existing]
    return [_make(connection, schema, table, column, month) for month in missing]


def _make(connection: Connection, schema: str, table: str, column: str, month: date) -> str:
    name = f"{table}_{month:%Y%m}"
    parts = {
        "new": Identifier(schema, name),
        "parent": Identifier(schema, table),
        "rest": Identifier(schema, f"{table}_default"),
        "column": Identifier(column),
        "given": SQL(", ").join(map(Identifier, _given(connection, schema, table))),
        "start": month.isoformat(),
        "end": _next(month).isoformat(),
    }
    # Attaching a finished table, unlike `create .. partition of`, lets readers of other months go on.
    for statement in (
        "create table {new} (like {parent} including defaults including constraints including generated)",
        "with moved as (delete from {rest} where {column} >= {start} and {column} < {end} returning {given}) "
        "insert into {new} ({given}) select * from moved",
        "alter table {parent} attach partition {new} for values from ({start}) to ({end})",
    ):
        driver_of(connection).execute(SQL(statement).format(**parts))
    return f"{schema}.{name}"


def _given(connection: Connection, schema: str, table: str) -> list[str]:
    """Return the columns that are written, not generated from others."""
    names = connection.execute(
        text("""
            select attname from pg_attribute
            where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped and attgenerated = ''
            order by attnum
        """),
        {"table": f"{schema}.{table}"},
    ).scalars()
    return list(names)


def _existing(connection: Connection, schema: str, table: str) -> set[str]:
    names = connection.execute(
        text("""
            select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = cast(:parent as regclass)
        """),
        {"parent": f"{schema}.{table}"},
    ).scalars()
    return set(names)


def _next(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


@contextmanager
def _as_owner(connection: Connection) -> Iterator[None]:
    before = connection.execute(text("select current_setting('role')")).scalar_one()
    connection.execute(text("set local role suara_owner"))
    yield
    connection.execute(text("select set_config('role', :before, true)"), {"before": before})

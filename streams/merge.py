"""Events into `raw` and `core`, by COPY into temporary tables and one merging statement a table, inside a transaction.

Statements lock rows in the order of their natural keys, so that two sinks never wait for each other in a circle. Raises
psycopg's errors as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import psycopg

from streams.events import MemberErasedEvent
from streams.forgotten import bury, forgotten_of
from streams.stage import Arrival, Key, Row, Staged, account_of, stage

Driver = psycopg.Connection[Any]


def _sql(name: str) -> str:
    return (files("streams") / "sql" / f"{name}.sql").read_text("utf-8")


class _Stage(NamedTuple):
    """A temporary table: how it is filled, its column types, and the statements that merge it."""

    copy: str
    types: str
    statements: tuple[str, ...]


_ERASURES = 7_307_119  # any number but those of other locks; the same for every sink
_ALONE = "select pg_advisory_xact_lock(%s)"
_WITH_OTHERS = "select pg_advisory_xact_lock_shared(%s)"

_EVENT = "text int4 int8 timestamptz text text text text timestamptz text"
_EVENT_COPY: str = """
    copy {}
        (topic, kafka_partition, kafka_offset, record_ts, event_id, source, type, subject, event_time, payload)
    from stdin (format binary)
"""
_SOURCE = _Stage("copy stage_source from stdin (format binary)", "text text", (_sql("source"),))
_MEMBER = _Stage(
    "copy stage_member from stdin (format binary)",
    "text text timestamptz timestamptz int8 text text timestamptz bool",
    (_sql("member"), _sql("person")),
)
_THREAD = _Stage(
    "copy stage_thread from stdin (format binary)",
    "text text text timestamptz text timestamptz int8 text text",
    (_sql("thread"),),
)
_POST = _Stage(
    "copy stage_post from stdin (format binary)",
    "text text int8 text text timestamptz text text timestamptz bool text timestamptz text text text text text[] text "
    "int2 text text text text bool",
    (_sql("post"), _sql("revision")),
)
_REACTION = _Stage(
    "copy stage_reaction from stdin (format binary)",
    "text text text text int8 timestamptz timestamptz",
    (_sql("reaction"),),
)
_DECISION = _Stage(
    "copy stage_decision from stdin (format binary)",
    "text text text text text text text timestamptz timestamptz text int8",
    (_sql("decision"),),
)
_EVENT_MERGE = _sql("event")
_TEMPORARY = _sql("stage")


def prepare(driver: Driver) -> None:
    """Make this connection's temporary tables."""
    driver.execute(_TEMPORARY)


def write(
    driver: Driver,
    arrivals: Sequence[Arrival],
    staged: Staged,
    *,
    again: bool = False,
    moved: Callable[[], None] = lambda: None,
) -> int:
    """Write events, which were staged, but for those of forgotten members; return how many were written.

    Needs an open transaction.

    `moved` is called after each statement, so that many short ones are told from one that hangs.

    Erasures are written alone: a sink that looked for tombstones before one was committed would bring words back. With
    `again`, erasures that were carried out before are only archived: others may have named the threads since.
    """
    driver.execute(_ALONE if staged.erased else _WITH_OTHERS, [_ERASURES])
    kept = arrivals
    buried = forgotten_of(driver, staged.members.keys())
    forgotten = buried | staged.erased.keys()
    if forgotten:
        kept = [arrival for arrival in arrivals if not _belongs(arrival, forgotten)]
        staged = stage(arrival for arrival in kept if not (again and _asks_for(arrival, buried)))
    if kept:
        _archive(driver, kept)
        moved()
        _merge(driver, staged, moved)
        if staged.erased:
            bury(driver, staged.erased)
    return len(kept)


def _archive(driver: Driver, arrivals: Sequence[Arrival]) -> None:
    """Append to `raw.event`. Records that are there already, because offsets were set back, stay as they are."""
    try:
        with driver.transaction():
            _copy(driver, _EVENT_COPY.format("raw.event"), _EVENT, map(_event_row, arrivals))
    except psycopg.errors.UniqueViolation:
        _copy(driver, _EVENT_COPY.format("stage_event"), _EVENT, map(_event_row, arrivals))
        driver.execute(_EVENT_MERGE)


def _merge(driver: Driver, staged: Staged, moved: Callable[[], None]) -> None:
    for target, rows in (
        (_SOURCE, staged.source_rows()),
        (_MEMBER, staged.member_rows()),
        (_THREAD, staged.thread_rows()),
        (_POST, staged.post_rows()),
        (_REACTION, staged.reaction_rows()),
        (_DECISION, staged.decision_rows()),
    ):
        if _copy(driver, target.copy, target.types, rows):
            for statement in target.statements:
                driver.execute(statement)
                moved()


def _copy(driver: Driver, statement: str, types: str, rows: Iterable[Row]) -> bool:
    """Copy rows and say whether there were any."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return False
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types.split())
        copy.write_row(first)
        for row in rows:
            copy.write_row(row)
    return True


def _event_row(arrival: Arrival) -> Row:
    record, record_ts, event = arrival
    payload = record.value or b""
    return (
        record.topic, record.partition, record.offset, record_ts, event.id, event.source,
        event.__struct_config__.tag, event.subject, event.time, payload.decode(),
    )  # fmt: skip


def _asks_for(arrival: Arrival, members: set[Key]) -> bool:
    """Say whether an event is the erasure of one of these members."""
    return isinstance(arrival.event, MemberErasedEvent) and account_of(arrival.event) in members


def _belongs(arrival: Arrival, forgotten: set[Key]) -> bool:
    """Say whether an event holds words or acts of a forgotten member; the request itself is kept."""
    return not isinstance(arrival.event, MemberErasedEvent) and account_of(arrival.event) in forgotten

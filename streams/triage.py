"""Dead letters as people work on them: which there are, what one says, and giving some of them up.

Reads and changes `raw.rejected_event`, the mirror of the dead letter topic. No question here returns a payload but the
one that asks for it by name. Times are the broker's: when a record was appended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement, Connection, case, func, literal, select, tuple_, update

from kernel.errors import InputError
from streams.deadletters import CUT_FROM_BYTES
from warehouse.tables.raw import rejected_event

_ID = re.compile(r"(?P<topic>[\w.-]+)/(?P<partition>\d{1,9})/(?P<offset>\d{1,18})", re.ASCII)
_SOURCE = re.compile(rb"([a-z0-9][a-z0-9_-]*):")
_table = rejected_event.c
PLACE = (_table.topic, _table.kafka_partition, _table.kafka_offset)


class LetterId(NamedTuple):
    """The place of a refused record in Kafka; written `topic/partition/offset`."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the id that a person wrote. Raises `InputError`."""
        found = _ID.fullmatch(text.strip())
        if found is None:
            message = f"'{text}' is no id of a dead letter"
            raise InputError(message, remedy="Ids are TOPIC/PARTITION/OFFSET; `suara dlq list` prints them.")
        return cls(found["topic"], int(found["partition"]), int(found["offset"]))

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True)
class Filter:
    """Which dead letters are meant: all of them, but for what is set. Times are half-open: since <= arrival < until."""

    ids: Sequence[LetterId] = ()
    topic: str | None = None
    stage: str | None = None
    reason: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: str | None = "open"

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a row of `raw.rejected_event` must fulfil. A source is known by the key, `<source>:<thread>`."""
        found: list[ColumnElement[bool]] = [
            column == wanted
            for column, wanted in (
                (_table.topic, self.topic),
                (_table.stage, self.stage),
                (_table.reason, self.reason),
                (_table.status, self.status),
            )
            if wanted is not None
        ]
        if self.ids:
            found.append(tuple_(*PLACE).in_([tuple(place) for place in self.ids]))
        if self.source is not None:
            start = f"{self.source}:".encode()
            found.append(func.substring(_table.record_key, 1, len(start)) == literal(start))
        if self.since is not None:
            found.append(_table.record_ts >= self.since)
        if self.until is not None:
            found.append(_table.record_ts < self.until)
        return found


FORGOTTEN = "its words were deleted, for its member was forgotten"
# Why a record cannot be sent again as it was; null when it can.
HINDRANCE: ColumnElement[str | None] = case(
    (_table.cleared_because == "age", "its words were deleted, for it was kept too long"),
    (_table.cleared_because == "erasure", FORGOTTEN),
    (_table.payload.is_(None), "it had no value"),
    (_table.headers.has_key(CUT_FROM_BYTES), "it was cut at 1 MiB"),
)


def counts(connection: Connection, wanted: Filter) -> list[dict[str, Any]]:
    """Return how many dead letters there are by stage, reason and status, most first."""
    query = (
        select(
            _table.stage,
            _table.reason,
            _table.status,
            func.count().label("events"),
            func.min(_table.first_failed_at).label("first_failed_at"),
            func.max(_table.record_ts).label("newest_record_ts"),
        )
        .where(*wanted.conditions())
        .group_by(_table.stage, _table.reason, _table.status)
        .order_by(func.count().desc(), _table.stage, _table.reason, _table.status)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def newest(connection: Connection, wanted: Filter, *, limit: int) -> list[dict[str, Any]]:
    """Return the dead letters that were appended last, newest first, without their payloads."""
    query = (
        select(*PLACE, _table.stage, _table.reason, _table.detail, _table.record_key, _table.record_ts,
               _table.attempts, _table.status)
        .where(*wanted.conditions())
        .order_by(_table.record_ts.desc(), *PLACE)
        .limit(limit)
    )  # fmt: skip
    rows = connection.execute(query).mappings()
    return [
        {
            "id": str(LetterId(row["topic"], row["kafka_partition"], row["kafka_offset"])),
            "source": source_of(row["record_key"]),
            **{name: row[name] for name in ("stage", "reason", "detail", "record_ts", "attempts", "status")},
        }
        for row in rows
    ]


def hindrances(connection: Connection, wanted: Filter) -> dict[str, int]:
    """Return how many dead letters cannot be sent again as they were, by why."""
    query = (
        select(HINDRANCE, func.count())
        .where(*wanted.conditions(), HINDRANCE.is_not(None))
        .group_by(HINDRANCE)
        .order_by(HINDRANCE)
    )
    return {str(why): number for why, number in connection.execute(query)}


def describe(connection: Connection, letter: LetterId) -> dict[str, Any]:
    """Return all that is known of a dead letter but its payload. Raises `InputError` when there is none."""
    left_out = {"topic", "kafka_partition", "kafka_offset", "payload", "record_key", "record_headers"}
    columns = [column for column in _table if column.name not in left_out]
    query = select(
        *columns, _table.record_key, _table.record_headers, func.octet_length(_table.payload).label("payload_bytes"),
        HINDRANCE.label("cannot_be_replayed"),
    ).where(*Filter(ids=[letter], status=None).conditions())  # fmt: skip
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise _unknown(letter)
    own = row["record_headers"] or []
    return {
        "id": str(letter),
        "source": source_of(row["record_key"]),
        "key": _readable(row["record_key"]),
        **{column.name: row[column.name] for column in columns},
        "record_headers": {_readable(own[at]): _readable(own[at + 1]) for at in range(0, len(own), 2)},
        "payload_bytes": row["payload_bytes"],
        "cannot_be_replayed": row["cannot_be_replayed"],
    }


def payload(connection: Connection, letter: LetterId) -> bytes | None:
    """Return the refused bytes, which may hold people's words. Raises `InputError` when there is no such letter."""
    found = connection.execute(select(_table.payload).where(*Filter(ids=[letter], status=None).conditions())).all()
    if not found:
        raise _unknown(letter)
    value: bytes | None = found[0].payload
    return value


def discard(connection: Connection, wanted: Filter, *, because: str, at: datetime) -> int:
    """Mark dead letters as given up, with the reason, and return how many. The rows stay."""
    changed = connection.execute(
        update(rejected_event)
        .where(*wanted.conditions())
        .values(status="discarded", resolution=because, resolved_at=at)
    )
    return changed.rowcount


def source_of(key: bytes | None) -> str | None:
    """Return the source that a record's key names, if it names one."""
    found = _SOURCE.match(key or b"")
    return found[1].decode() if found else None


def _readable(value: bytes | None) -> str | None:
    return None if value is None else bytes(value).decode(errors="backslashreplace")


def _unknown(letter: LetterId) -> InputError:
    return InputError(f"there is no dead letter {letter}", remedy="`suara dlq list` shows those that are open.")

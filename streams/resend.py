"""Sending refused records again: to the topic they came from, under their own keys, and marked once they are there.

At least once: a record is marked after the broker has acknowledged it, so a process that is killed in between sends it
twice. The sink recognises that by the event's id and version. A record that is refused again is a new dead letter,
which counts the attempts on and keeps the time of the first failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select, tuple_, update

from kernel.clock import Clock
from kernel.errors import InputError
from kernel.settings import KafkaSettings
from streams.broker import MAX_RECORD_BYTES, Header, Producer
from streams.deadletters import ATTEMPT, FIRST_FAILED_AT
from streams.decode import Rejection, decode
from streams.events import Event, MemberErasedEvent
from streams.forgotten import clear_refused, forgotten_of
from streams.publisher import CONTENT_TYPE_HEADER
from streams.stage import account_of
from streams.triage import FORGOTTEN, HINDRANCE, PLACE, Filter, LetterId, describe
from warehouse.bulk import driver_of
from warehouse.tables.raw import rejected_event

# Up to this many payloads of a mebibyte each are in memory at once, and are marked together.
TOGETHER = 50
_table = rejected_event.c


class Replayed(NamedTuple):
    """Records sent again and acknowledged, and those left alone, by why they cannot be sent as they were."""

    sent: int
    left: Mapping[str, int]


@dataclass(frozen=True)
class _Again:
    """A record to be sent again."""

    letter: LetterId
    key: bytes | None
    value: bytes
    headers: Sequence[Header]


class Replayer:
    """Holds the warehouse and the producer that sends records again. Use it in a `with` block."""

    def __init__(self, engine: Engine, kafka: KafkaSettings, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._producer = Producer(kafka, max_record_bytes=2 * MAX_RECORD_BYTES)

    def __enter__(self) -> Replayer:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close()

    def replay(self, wanted: Filter) -> Replayed:
        """Send the dead letters that are wanted, in the order of their log, but for those of forgotten members.

        Raises as `Producer` does. What was sent before an error is marked, but for the last few; to run it again goes
        on from there.
        """
        sent, left, last = 0, Counter[str](), None
        while True:
            with self._engine.begin() as connection:
                found = _next(connection, wanted, after=last)
                if not found:
                    return Replayed(sent, dict(left))
                last = _id(found[-1])
                left.update(row.hindrance for row in found if row.hindrance is not None)
                whole = [row for row in found if row.hindrance is None]
                # Most are without their words already; one that an older version wrote may not be.
                gone = clear_refused(driver_of(connection), [(_id(row), row.record_key, row.payload) for row in whole])
                left.update([FORGOTTEN] * len(gone))
                records = [_again(row) for row in whole if _id(row) not in gone]
                self._send(connection, records)
                sent += len(records)

    def replay_mended(self, letter: LetterId, value: bytes) -> None:
        """Send one dead letter with the value that a person mended, under the key that the event in it names.

        Raises `InputError` when the sink would refuse that value too, or when the dead letter is not open.
        """
        event = require_good(value, now=self._clock.now())
        with self._engine.begin() as connection:
            found = _next(connection, Filter(ids=[letter]), after=None)
            if not found:
                known = describe(connection, letter)
                message = f"{letter} is {known['status']}, since {known['resolved_at']:%Y-%m-%d %H:%M} UTC"
                raise InputError(message, remedy="Nothing was sent.")
            _require_remembered(connection, event)
            key = event.partitionkey.encode()
            self._send(connection, [_Again(letter, key, value, _headers(found[0]))])

    def _send(self, connection: Connection, records: Sequence[_Again]) -> None:
        for record in records:
            self._producer.send(record.letter.topic, key=record.key, value=record.value, headers=record.headers)
        self._producer.flush()
        self._mark(connection, [record.letter for record in records])

    def _mark(self, connection: Connection, letters: Sequence[LetterId]) -> None:
        connection.execute(
            update(rejected_event)
            .where(tuple_(*PLACE).in_([tuple(letter) for letter in letters]))
            .values(status="replayed", resolved_at=self._clock.now(), resolution=None)
        )


def require_good(value: bytes, *, now: datetime) -> Event:
    """Return the event in a mended value. Raises `InputError` when the sink would refuse it again."""
    event = decode(value, record_ts=now)
    if isinstance(event, Rejection):
        message = f"the mended record would be refused again: {event.stage}.{event.reason}"
        raise InputError(f"{message}, {event.detail}" if event.detail else message, remedy="Nothing was sent.")
    return event


def _require_remembered(connection: Connection, event: Event) -> None:
    account = account_of(event)
    if account and not isinstance(event, MemberErasedEvent) and forgotten_of(driver_of(connection), [account]):
        message = "the mended record holds what a forgotten member said"
        raise InputError(message, remedy="Nothing was sent. Delete the file, and discard the dead letter.")


def _next(connection: Connection, wanted: Filter, *, after: LetterId | None) -> Sequence[Any]:
    """Return the next rows and lock them, so that of two people who replay the same at once only one sends it."""
    query = (
        select(*PLACE, _table.record_key, _table.payload, _table.record_headers, _table.attempts,
               _table.first_failed_at, HINDRANCE.label("hindrance"))
        .where(*wanted.conditions())
        .order_by(*PLACE)
        .limit(TOGETHER)
        .with_for_update()
    )  # fmt: skip
    if after is not None:
        query = query.where(tuple_(*PLACE) > tuple_(*after))
    return connection.execute(query).all()


def _id(row: Any) -> LetterId:
    return LetterId(*row[:3])


def _again(row: Any) -> _Again:
    return _Again(_id(row), row.record_key, row.payload, _headers(row))


def _headers(row: Any) -> list[Header]:
    first_failed_at: datetime = row.first_failed_at
    return [
        *_own(row.record_headers),
        (ATTEMPT, str(row.attempts).encode()),
        (FIRST_FAILED_AT, first_failed_at.isoformat().encode()),
    ]


def _own(parts: Sequence[bytes] | None) -> list[Header]:
    if parts is None:
        return [CONTENT_TYPE_HEADER]
    return [(bytes(parts[at]).decode(), bytes(parts[at + 1])) for at in range(0, len(parts), 2)]

"""Records that were refused: sent to the dead letter topic with typed reasons, before the warehouse moves past them.

Headers carry the names that Kafka Connect uses, which every Kafka tool knows, and some of our own. They say where and
why, never what: the refused bytes are in the value, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import NamedTuple

from kernel.settings import KafkaSettings
from streams.broker import MAX_RECORD_BYTES, Header, Producer, Record
from streams.decode import Rejection

CONNECT = "__connect.errors."
OURS = "x-suara-"
ATTEMPT = OURS + "attempt"
FIRST_FAILED_AT = OURS + "first-failed-at"
NULL_VALUE = OURS + "null-value"
CUT_FROM_BYTES = OURS + "cut-from-bytes"


class Refusal(NamedTuple):
    """A record that was refused at `failed_at`, and why."""

    record: Record
    record_ts: datetime
    rejection: Rejection
    failed_at: datetime


class DeadLetters:
    """Holds the producer of the dead letter topic; it connects when first needed. `moved` follows each letter."""

    def __init__(self, settings: KafkaSettings, *, topic: str, moved: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._moved = moved
        self._topic = topic
        self._producer: Producer | None = None

    def send(self, refusals: Sequence[Refusal]) -> None:
        """Send dead letters and return once the broker has them all. Raises as `Producer.flush` does."""
        if not refusals:
            return
        if self._producer is None:
            self._producer = Producer(self._settings, max_record_bytes=2 * MAX_RECORD_BYTES)
        try:
            for refusal in refusals:
                record, value = refusal.record, (refusal.record.value or b"")[:MAX_RECORD_BYTES]
                self._producer.send(self._topic, key=record.key, value=value, headers=_all_headers(refusal))
                self._moved()
            self._producer.flush()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect."""
        if self._producer is not None:
            self._producer.close()
            self._producer = None


def headers_of(refusal: Refusal) -> dict[str, str]:
    """Return the headers that explain a dead letter, without any content of the record."""
    record, rejection = refusal.record, refusal.rejection
    headers = {
        CONNECT + "topic": record.topic,
        CONNECT + "partition": str(record.partition),
        CONNECT + "offset": str(record.offset),
        CONNECT + "connector.name": "suara-sink",
        CONNECT + "task.id": "0",
        CONNECT + "stage": rejection.stage,
        CONNECT + "class.name": "streams.decode" if rejection.stage != "load" else "streams.load",
        CONNECT + "exception.class.name": rejection.reason,
        CONNECT + "exception.message": rejection.detail or rejection.reason,
        ATTEMPT: str(attempt_of(record)),
        FIRST_FAILED_AT: _first_failed_at(refusal),
        OURS + "sink-version": version("suara"),
    }
    if record.value is None:
        headers[NULL_VALUE] = "true"
    elif len(record.value) > MAX_RECORD_BYTES:
        headers[CUT_FROM_BYTES] = str(len(record.value))
    return headers


def own_headers(record: Record) -> list[Header]:
    """Return what the record's sender wrote in its headers, without what a failure or a replay added."""
    return [(name, value or b"") for name, value in record.headers or () if not name.startswith((CONNECT, OURS))]


def attempt_of(record: Record) -> int:
    """Return how often this record was refused, this time included: a replay keeps the count in a header."""
    before = dict(record.headers or ()).get(ATTEMPT)
    return int(before) + 1 if before is not None and before.isdigit() and len(before) < 9 else 1


def _first_failed_at(refusal: Refusal) -> str:
    before = dict(refusal.record.headers or ()).get(FIRST_FAILED_AT, b"")
    try:
        return datetime.fromisoformat(before.decode("ascii")).isoformat()
    except ValueError:
        return refusal.failed_at.isoformat()


def _all_headers(refusal: Refusal) -> list[Header]:
    """Return the record's own headers, then ours; those of an earlier failure are replaced."""
    return own_headers(refusal.record) + [(name, value.encode()) for name, value in headers_of(refusal).items()]

"""The same verdict after every failure: what the broker holds stands in the warehouse, each record exactly once.

It reads the log with a consumer that is in no group and knows nothing of the sink, from the first offset of each
partition, and compares record by record.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import Connection, text

from kernel.errors import SuaraError
from streams.broker import Place
from streams.decode import Rejection, decode
from streams.offsets import waiting
from tests.streams.conftest import Stream
from tests.streams.reducer import read_core, reduce

PATIENCE_SECONDS = 90.0
Where = tuple[str, int, int]
"""Topic, partition and offset."""


def until(true: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS, but: Callable[[], str]) -> Any:
    """Wait until something is true, and return it; fail with what `but` says when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{but()} within {seconds:.0f} s"
        time.sleep(0.1)
    return found


def until_loaded(stream: Stream, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until the running sinks have brought every record into the warehouse."""
    until(lambda: _left(stream) == 0, seconds=seconds, but=lambda: "the sinks did not load what waits")


def _left(stream: Stream) -> int | None:
    """Return how many records wait, or None while a part is away."""
    try:
        return waiting(stream.engine, stream.settings, topics=stream.topics)
    except SuaraError:
        return None


def read_log(stream: Stream) -> list[Any]:
    """Return all records of the topics, from the first offset of each partition to its end now."""
    with closing(
        KafkaConsumer(bootstrap_servers=stream.settings.bootstrap_servers.split(","), enable_auto_commit=False)  # type: ignore[union-attr]
    ) as consumer:
        places = [
            TopicPartition(topic, part) for topic in stream.topics for part in consumer.partitions_for_topic(topic)
        ]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends, records = consumer.end_offsets(places), []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(consumer.position(place) < ends[place] for place in places):
            assert time.monotonic() < deadline, "the log cannot be read to its end"
            records += [record for found in consumer.poll(timeout_ms=500).values() for record in found]
    return [record for record in records if record.offset < ends[TopicPartition(record.topic, record.partition)]]


def judge(stream: Stream, *, acknowledged: Collection[str] = ()) -> int:
    """Fail unless warehouse and broker hold the same, and return the number of records that were compared.

    `acknowledged` are the ids of the events that the broker said it has: each must be in its log.
    """
    log = read_log(stream)
    sent = {(record.topic, record.partition, record.offset): record.value for record in log}
    decoded = {(r.topic, r.partition, r.offset): decode(r.value, record_ts=_instant(r.timestamp)) for r in log}
    events = {where: event for where, event in decoded.items() if not isinstance(event, Rejection)}
    assert len(sent) == len(log)
    lost = set(acknowledged) - {event.id for event in events.values()}
    assert not lost, f"the broker acknowledged {len(lost)} events and does not have them"
    with stream.engine.connect() as connection:
        _same_records("raw.event", _rows(connection, "raw.event"), {where: sent[where] for where in events})
        refused = {where: sent[where] for where in decoded.keys() - events.keys()}
        _same_records("raw.rejected_event", _rows(connection, "raw.rejected_event"), refused)
        _ends_agree(connection, sent)
        for source in sorted({event.source.rpartition(":")[2] for event in events.values()}):
            history = [event for event in events.values() if event.source.rpartition(":")[2] == source]
            expected, found = reduce(history), read_core(connection, source)
            for table, content in expected.items():
                wrong = {
                    key for key in content.keys() | found[table].keys() if content.get(key) != found[table].get(key)
                }
                assert not wrong, f"{len(wrong)} rows of core, {table}, are wrong, such as {sorted(wrong, key=str)[0]}"
    lettered = {_origin(letter) for letter in stream.letters()} if refused else set()
    assert refused.keys() <= lettered, f"{len(refused.keys() - lettered)} refused records have no dead letter"
    return len(log)


def _same_records(table: str, rows: list[tuple[Where, bytes | None]], expected: dict[Where, bytes | None]) -> None:
    times = Counter(where for where, _ in rows)
    doubled = [where for where, n in times.items() if n > 1]
    lost, invented = sorted(expected.keys() - times.keys()), sorted(times.keys() - expected.keys())
    changed = [where for where, value in rows if where in expected and value != expected[where]]
    wrong = {"doubled": doubled, "lost": lost, "invented": invented, "changed": changed}
    verdict = ", ".join(f"{len(found)} {how} such as {found[0]}" for how, found in wrong.items() if found)
    assert not verdict, f"{table}: {verdict}"


def _rows(connection: Connection, table: str) -> list[tuple[Where, bytes | None]]:
    rows = connection.execute(text(f"select topic, kafka_partition, kafka_offset, payload from {table}"))
    return [
        ((t, p, o), value.encode() if isinstance(value, str) else value and bytes(value)) for t, p, o, value in rows
    ]


def _ends_agree(connection: Connection, sent: Collection[Where]) -> None:
    ends: dict[Place, int] = {}
    for topic, part, offset in sent:
        ends[Place(topic, part)] = max(ends.get(Place(topic, part), 0), offset + 1)
    rows = connection.execute(text("select topic, kafka_partition, next_offset from raw.ingest_offset"))
    assert {Place(topic, part): end for topic, part, end in rows if end} == ends


def _origin(letter: Any) -> Where:
    headers = {name: value.decode() for name, value in letter.headers if name.startswith("__connect.errors.")}
    topic, part, offset = (headers[f"__connect.errors.{name}"] for name in ("topic", "partition", "offset"))
    return topic, int(part), int(offset)


def _instant(milliseconds: int) -> datetime:
    """Return the instant that an event may not be after; a producer's clock may say anything."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds < 4e12 else datetime.now(UTC)

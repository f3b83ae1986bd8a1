"""The work of a Kafka Connect JDBC sink, done with Suara's parts: one topic into one table, the newest version wins.

A worker of `sink.py --peer`: rows and offsets move in one transaction, and no older version replaces a newer one; the
peer promises neither. Runs until it is stopped: `python benchmarks/same_work.py ADDRESS TOPIC GROUP TABLE BATCH`, with
the database's URL in PEER_URL.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from kernel.memory import rare_collections
from kernel.settings import KafkaSettings
from streams.broker import Consumer, Place, Record

OFFSETS = "peer_offset"


class Post(msgspec.Struct, frozen=True):
    """The peer's record, in the order of the table's columns."""

    post_id: str
    thread_id: str
    version: int
    author_id: str
    created_at: datetime
    lang: str
    title: str
    body: str
    ce_source: str
    ce_type: str
    score: int
    pinned: bool
    reply_to: str | None = None


TYPES = ("text", "text", "int4", "text", "timestamptz", "text", "text", "text", "text", "text", "int8", "bool", "text")
Part = tuple[list[Post], dict[Place, tuple[int, int]]]


def read(consumer: Consumer, database: psycopg.Connection[Any], decoder: msgspec.json.Decoder[Post]) -> Part:
    """Return the newest state of each post in the next records, and from where to where they reach."""
    found = consumer.poll(seconds=0.5)
    for change in consumer.changes():
        for place in change.places if change.kind == "assigned" else ():
            consumer.seek(place, _stored(database, place))
            found.pop(place, None)
    newest: dict[str, Post] = {}
    for record in _in_order(found):
        post = decoder.decode(record.value or b"")
        known = newest.get(post.post_id)
        if known is None or known.version < post.version:
            newest[post.post_id] = post
    reach = {place: (records[0].offset, records[-1].offset + 1) for place, records in found.items()}
    return sorted(newest.values(), key=lambda post: post.post_id), reach


def load(database: psycopg.Connection[Any], table: str, part: Part) -> None:
    """Write a part and move its offsets, or neither."""
    posts, reach = part
    with database.transaction(), database.cursor() as cursor:
        for place, (start, end) in sorted(reach.items()):
            moved = cursor.execute(
                f"update {OFFSETS} set next = %s where topic = %s and part = %s and next = %s",
                [end, *place, start],
            )
            if moved.rowcount != 1:
                message = f"offsets of {place} were moved by another worker"
                raise RuntimeError(message)
        with cursor.copy("copy stage from stdin (format binary)") as copy:
            copy.set_types(TYPES)
            for post in posts:
                copy.write_row(msgspec.structs.astuple(post))
        cursor.execute(_upsert(table))


def _upsert(table: str) -> str:
    names = Post.__struct_fields__
    values = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return f"""
        insert into {table} as old select * from stage
        on conflict (post_id) do update set {values} where old.version < excluded.version
    """


def _in_order(found: Mapping[Place, list[Record]]) -> Iterable[Record]:
    return (record for records in found.values() for record in records)


def _stored(database: psycopg.Connection[Any], place: Place) -> int:
    """Return where a partition stands, which it does from its first assignment on."""
    database.execute(f"insert into {OFFSETS} values (%s, %s, 0) on conflict do nothing", [*place])
    found = database.execute(f"select next from {OFFSETS} where topic = %s and part = %s", [*place])
    return int(found.fetchall()[0][0])


def main() -> None:
    """Load until SIGTERM, reading ahead while PostgreSQL works."""
    address, topic, group, table, batch = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    decoder = msgspec.json.Decoder(Post)
    settings = KafkaSettings(bootstrap_servers=address)
    reading = psycopg.connect(os.environ["PEER_URL"], autocommit=True)
    writing = psycopg.connect(os.environ["PEER_URL"], prepare_threshold=None, autocommit=True)
    writing.execute(f"create temp table stage (like {table}) on commit delete rows")
    consumer = Consumer(settings, [topic], group=group, max_records=int(batch))
    with rare_collections(), ThreadPoolExecutor(1) as ahead:
        part: Part = ([], {})
        while not stop.is_set():
            coming = ahead.submit(read, consumer, reading, decoder)
            if part[1]:
                load(writing, table, part)
            part = coming.result()
    consumer.close()


if __name__ == "__main__":
    main()

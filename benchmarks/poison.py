"""What one bad record does to Suara's sink and to Kafka Connect with the Debezium JDBC sink; used by `sink.py --peer`.

A case is 1,000 good records with the poison amid them, in a topic of its own. The peer's cases are those of its own
script (`peer_poison.py`), with its dead letter queue on; Suara's are the same faults in events of its own contract.
"""

from __future__ import annotations

import importlib
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.peer import peer_servers
from kernel.clock import SystemClock
from kernel.settings import read_settings
from streams.broker import Producer, create_topics
from streams.events import Author, Event, Maker, PostCreated, PostState, encode
from streams.sink import Sink
from suara.local import stack
from warehouse.engine import connect

GOOD = 1000
AT = datetime(2026, 1, 5, tzinfo=UTC)

Say = Callable[[str], None]


def _event(source: str, number: int) -> Event:
    post = PostState(
        post_id=f"p{number}", thread_id=f"t{number // 8}", author=Author(id=f"m{number % 50}"), version=1,
        created_at=AT, body="the app is slow after this update", title="A title",
    )  # fmt: skip
    return Maker(kind="forum", instance=source).post(PostCreated, post, at=AT + timedelta(seconds=number))


def _changed(**fields: Any) -> Callable[[bytes], bytes]:
    def change(value: bytes) -> bytes:
        event = json.loads(value)
        event["data"] |= fields
        return json.dumps(event).encode()

    return change


def _without_key(value: bytes) -> bytes:
    event = json.loads(value)
    del event["data"]["post_id"]
    return json.dumps(event).encode()


# By the peer's names of the faults.
POISON: dict[str, Callable[[bytes], bytes]] = {
    "invalid_json": lambda value: value[:200],
    "missing_key": _without_key,
    "too_long": _changed(body="x" * 200_001),
    "nul_byte": _changed(body="a\0b"),
    "wrong_type_int": _changed(version="abc"),
    "wrong_type_str": _changed(title=12345),
    "bad_date": _changed(created_at="32/13/2026"),
    "extra_field": _changed(brand_new=1),
}
FIVE = ("invalid_json", "missing_key", "too_long", "nul_byte", "wrong_type_int")
CASES = ((), FIVE, *((kind,) for kind in POISON))


def compare_poison(folder: Path, *, say: Say) -> list[dict[str, Any]]:
    """Return a row a case: how many good rows and bad ones landed with each sink, its dead letters, and if it died."""
    ours = list(_ours(say))
    theirs = {tuple(run["kinds"]): run for run in _theirs(folder, say)}
    return [row | _columns(theirs[kinds]) for kinds, row in zip(CASES, ours, strict=True)]


def _columns(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "connect_good": run["good_after_restart"],
        "connect_bad": len(run["poison_rows"]),
        "connect_dead_letters": run["dlq"],
        "connect": "failed, and again after a restart" if run["died_again"] else "failed" if run["died"] else "runs",
    }


def _ours(say: Say) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="suara-poison-") as name:
        Path(name).chmod(0o711)
        with stack.owned(read_settings({"SUARA_HOME": name}), sink=False, say=say) as found:
            engine = connect(found.warehouse_url)
            for number, kinds in enumerate(CASES):
                topic, source = f"poison.{number}", f"case{number}"
                _send(found, topic, source, kinds)
                worker = Sink(found.kafka, found.warehouse_url, clock=SystemClock(), topics=[topic])
                totals = worker.run(threading.Event(), until_idle=True)
                with engine.connect() as connection:
                    good, bad = connection.execute(_LANDED, {"source": source, "good": GOOD}).one()
                label = " ".join(kinds).replace("_", " ") if len(kinds) < 2 else "the first five at once"
                say(f"ours, {label or 'none'}: {good}")
                yield {
                    "poison": label or "none",
                    "suara_good": good,
                    "suara_bad": bad,
                    "suara_dead_letters": totals.rejected,
                }


def _send(found: stack.Addresses, topic: str, source: str, kinds: tuple[str, ...]) -> None:
    create_topics(found.kafka, {topic: 4}, configs={topic: {"message.timestamp.type": "LogAppendTime"}})
    with Producer(found.kafka) as producer:
        for index in range(GOOD):
            event = _event(source, index)
            if index == GOOD // 2:
                for place, kind in enumerate(kinds):
                    value = POISON[kind](encode(_event(source, GOOD + place)))
                    producer.send(topic, key=event.partitionkey.encode(), value=value)
            producer.send(topic, key=event.partitionkey.encode(), value=encode(event))


def _theirs(folder: Path, say: Say) -> list[dict[str, Any]]:
    with peer_servers(folder, say=say) as (_, arguments, database):
        script = importlib.import_module("peer_poison")
        arguments.mode, arguments.batch, arguments.out = "unnest", 500, Path(arguments.work) / "poison.jsonl"
        script.poison_runs(arguments, database)
        return [json.loads(line) for line in arguments.out.read_text("utf-8").splitlines()]


_LANDED = text("""
    select count(*) filter (where substring(p.external_id from 2)::int < :good),
           count(*) filter (where substring(p.external_id from 2)::int >= :good)
    from core.post p join core.source s using (source_id)
    where s.name = :source
""")

"""How many events a second go from Kafka to rows in `core`, and what they cost: `python -m benchmarks.sink`.

Starts a broker and a PostgreSQL of its own in a temporary home, sends generated events (sending is timed by itself),
then runs sinks until nothing waits. Speed and CPU are those from a fifth to nine tenths of the events, so that neither
starting nor noticing the end counts. CPU is that of the sinks and of all of PostgreSQL; with other work on the machine
only it can be compared. Every run checks that each event arrived. With `--peer` a second part moves the peer's own
records into one table, by Suara's parts and by Kafka Connect with the Debezium JDBC sink, and a third shows both what
bad records do: `python -m benchmarks.sink --peer FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from sqlalchemy import Engine
from sqlalchemy import text as sql

from benchmarks.page import Figures, page
from benchmarks.peer import compare
from benchmarks.poison import compare_poison
from kernel import log
from kernel.clock import SystemClock
from kernel.settings import Settings, read_settings
from streams.broker import Producer
from streams.events import (
    Author,
    Event,
    Maker,
    PostCreated,
    PostEdited,
    PostRef,
    PostState,
    Reaction,
    ReactionAdded,
    encode,
)
from streams.offsets import positions
from streams.topics import Topic
from suara.local import postgres, processes, stack
from warehouse.engine import connect

START = datetime(2026, 1, 5, tzinfo=UTC)
RECENT = 5000
WINDOW = (0.2, 0.9)
WORDS = (
    "the app is slow after this update",
    "I cannot log in, please help",
    "thanks, it works again",
    "aplikasi lambat sekali",
    "tidak bisa masuk, tolong diperbaiki",
    "terima kasih, sudah bagus lagi",
)


def events(*, number: int, seed: int, posts_only: bool, step: timedelta = timedelta(seconds=30)) -> Iterator[Event]:
    """Yield a believable mix: new posts, and unless `posts_only` 10 % edits, 2 % deletions and 10 % reactions.

    They are `step` apart, and all but new posts are about one of the newest 5,000.
    """
    chance, maker = random.Random(seed), Maker(kind="forum", instance="bench")  # noqa: S311
    posts: list[PostState] = []
    for index in range(number):
        at = START + step * index
        fate = 0.0 if posts_only or not posts else chance.random()
        if fate < 0.78:
            posts.append(_post(chance, index, at))
            yield maker.post(PostCreated, posts[-1], at=at)
            if len(posts) == 2 * RECENT:
                del posts[:RECENT]
            continue
        post = posts[-1 - chance.randrange(min(len(posts), RECENT))]
        if fate < 0.88:
            changed = {name: getattr(post, name) for name in post.__struct_fields__}
            changed |= {"version": index + 1, "edited_at": at, "body": _words(chance)}
            yield maker.post(PostEdited, PostState(**changed), at=at)
        elif fate < 0.90:
            gone = {name: getattr(post, name) for name in PostRef.__struct_fields__}
            yield maker.deleted(PostRef(**(gone | {"version": index + 1})), at=at)
        else:
            member = Author(id=f"m{chance.randrange(3000)}")
            liked = Reaction(post_id=post.post_id, thread_id=post.thread_id, member=member, kind="like", version=index)
            yield maker.reaction(ReactionAdded, liked, at=at)


def _post(chance: random.Random, index: int, at: datetime) -> PostState:
    thread = index // 8 - int(chance.expovariate(0.05)) % (index // 8 + 1)
    member = int(chance.paretovariate(0.9)) % 3000
    return PostState(
        post_id=str(index), thread_id=f"t{thread}", author=Author(id=f"m{member}", display_name=f"Member {member}"),
        version=1, created_at=at, body=_words(chance), thread_title=f"Thread number {thread}", category="general",
        url=f"https://forum.example/t/{thread}/{index}", is_thread_start=index % 8 == 0,
    )  # fmt: skip


def _words(chance: random.Random) -> str:
    return ". ".join(chance.choices(WORDS, k=int(chance.lognormvariate(1.9, 0.8)) + 1))


class Sample(NamedTuple):
    """An instant: seconds, records loaded, and CPU seconds of the sinks, of PostgreSQL and of the whole machine."""

    at: float
    loaded: int
    sinks: float
    postgres: float
    machine: float


def measure(*, number: int, batch: int, seed: int, posts_only: bool, processes: int) -> dict[str, Any]:
    """Return the figures of one run on servers of its own."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="suara-bench-") as folder:
        Path(folder).chmod(0o711)
        settings = read_settings({"SUARA_HOME": folder})
        with stack.owned(settings, sink=False, say=_say) as found:
            began, size = clock.monotonic(), 0
            with Producer(found.kafka) as producer:
                for event in events(number=number, seed=seed, posts_only=posts_only):
                    value = encode(event)
                    size += len(value)
                    producer.send(Topic.POSTS, key=event.partitionkey.encode(), value=value)
            sent = clock.monotonic() - began
            command = [sys.executable, "-m", "suara", "sink", "--until-idle", "--batch", str(batch)]
            environment = {**os.environ, "SUARA_HOME": folder, **found.environment()}
            sinks = [psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(processes)]
            engine = connect(found.warehouse_url, role="ingest")
            first, last = (_sample(engine, settings, sinks, reached=number * share) for share in WINDOW)
            memory = max(sink.memory_info().rss for sink in sinks)
            assert [sink.wait() for sink in sinks] == [0] * processes
            assert _count(found.warehouse_url) == number
            engine.dispose()
    return {
        "events": number,
        "bytes_per_event": round(size / number),
        "batch": batch,
        "sent_per_second": round(number / sent),
        "processes": processes,
        "memory_mb": round(memory / 2**20),
        **_rates(first, last),
    }


def _sample(engine: Engine, settings: Settings, sinks: Sequence[psutil.Process], *, reached: float) -> Sample:
    """Wait until so many records are loaded, and look."""
    while (number := loaded(engine, settings.kafka.group)) < reached:
        time.sleep(0.02)
    cpu = [sink.cpu_times() for sink in sinks]
    return Sample(
        SystemClock().monotonic(),
        number,
        sum(times.user + times.system for times in cpu),
        _postgres_seconds(settings.home),
        sum(psutil.cpu_times()[:3]),
    )


def _rates(first: Sample, last: Sample) -> dict[str, Any]:
    seconds, records, sinks, postgres, machine = (end - start for start, end in zip(first, last, strict=True))
    return {
        "loaded_per_second": round(records / seconds),
        "sink_cpu_us": round(sinks / records * 1e6, 1),
        "postgres_cpu_us": round(postgres / records * 1e6, 1),
        "cpu_seconds_per_million": round((sinks + postgres) / records * 1e6, 1),
        "other_cores_busy": round((machine - sinks - postgres) / seconds, 2),
    }


def loaded(engine: Engine, group: str) -> int:
    """Return how many records of the posts' topic the sinks of a group have loaded or refused."""
    return sum(position.next_offset for position in positions(engine, group=group, topics=[Topic.POSTS]).values())


def _postgres_seconds(home: Path) -> float:
    """Return the CPU seconds of the server and all of its children, those that have ended included."""
    record = next(record for record in processes.all_recorded(home) if record.name == postgres.NAME)
    parent = psutil.Process(record.identity.pid)
    family = [times.user + times.system for times in (child.cpu_times() for child in parent.children(recursive=True))]
    times = parent.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system + sum(family))


def _count(url: str) -> int:
    engine = connect(url)
    with engine.connect() as connection:
        found: int = connection.execute(sql("select count(*) from raw.event")).scalar_one()
    engine.dispose()
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000, help="how many events (300,000)")
    parser.add_argument("--batch", type=int, default=4000, help="records committed together, at most (4,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the generated events (1)")
    parser.add_argument("--posts-only", action="store_true", help="an import: new posts, no edits and reactions")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 3], help="sinks side by side (1 2 3)")
    parser.add_argument("--peer", type=Path, metavar="FOLDER", help="beside Kafka Connect, by its benchmark in FOLDER")
    parser.add_argument("--records", type=int, default=300_000, help="how many records both move with --peer (300,000)")
    parser.add_argument("--repeat", type=int, default=3, help="repeats of each setting with --peer (3)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to this file, too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    log.configure()
    shape = {"number": options.events, "batch": options.batch, "seed": options.seed, "posts_only": options.posts_only}
    parts: dict[str, Figures] = {"full": [measure(**shape, processes=number) for number in options.processes]}
    if options.peer:
        parts["same"] = compare(options.peer, records=options.records, repeats=options.repeat, say=_say)
        parts["poison"] = compare_poison(options.peer, say=_say)
    text = page(**parts, records=options.records, repeats=options.repeat)
    if options.write:
        options.write.write_text(text, "utf-8")
    sys.stdout.write(json.dumps(parts) + "\n" if options.json else text)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()

"""How long a search takes among so many posts, with generated vectors and words, and what an index would bring."""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import numpy as np
import psutil
from sqlalchemy import Connection, text

from benchmarks.understanding.warehouse import throwaway
from jobs import spaces
from jobs.search import Query, rank
from nlp import space
from warehouse.bulk import copy_rows
from warehouse.partitions import ensure_months
from warehouse.search import Filters, by_meaning, by_words
from warehouse.tables.core import post_embedding
from warehouse.vectors import Vectors, speak_vectors

HELP = "how long a search takes among so many generated posts, compared one by one and with an index (--hnsw)"

_FIRST, _LAST = date(2026, 1, 5), date(2027, 1, 3)
_MODEL = "generated"
# A year of posts of twelve words, of which a few are common and most are rare.
_ROWS = (
    "insert into core.source (name, kind) values ('made', 'other')",
    "insert into core.member (source_id, external_id) select source_id, 'all' from core.source",
    "insert into core.person (founding_member_id) select member_id from core.member",
    "insert into core.thread (source_id, external_id) select source_id, 'all' from core.source",
    """
    insert into core.post
        (post_id, source_id, external_id, thread_id, member_id, version, created_at, body, last_event_id)
    select place, source_id, place, thread_id, member_id, 1, cast(:first as date) + place % 364, 'words', 'made'
    from core.member join core.thread using (source_id) cross join generate_series(0, :posts - 1) place
    """,
    """
    insert into core.post_annotation
        (post_id, post_version, steps, language, language_confidence, masked, encoded, text_sha256, words, is_spam)
    select post_id, version, '1', (array['en', 'id'])[1 + post_id % 2], 1, body, body,
        sha256(convert_to(post_id::text, 'utf8')), 12, false
    from core.post
    """,
    """
    insert into mart.fct_post
        (post_id, created_date, week, created_at, version, source_id, thread_id, member_id, person_id, role,
         is_thread_start, is_spam, is_duplicate, is_counted, language, words, reactions, masked)
    select p.post_id, p.created_at::date, date_trunc('week', p.created_at)::date, p.created_at, p.version, p.source_id,
        p.thread_id, p.member_id, 1, 'member', false, false, false, true, a.language, a.words, 0,
        (select string_agg('word' || floor(power(random(), 3) * 20000), ' ') from generate_series(1, 12)
         where p.post_id >= 0)
    from core.post p join core.post_annotation a using (post_id)
    """,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    parser.add_argument("--vectors", type=int, nargs="+", default=[100_000], metavar="N", help="posts (default 100000)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="searches of each kind (default 5)")
    parser.add_argument("--hnsw", action="store_true", help="also build pgvector's HNSW index: minutes for 100,000")
    parser.add_argument("--seed", type=int, default=1, help="other vectors")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the median time of each kind of search, by the number of posts."""
    return [row for number in options.vectors for row in _among(number, options)]


def _among(number: int, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    draw = np.random.default_rng(options.seed)
    with throwaway() as connection:
        connection.execute(text("set local max_parallel_workers_per_gather = 0"))
        _fill(connection, number, draw)
        asked, week = _vectors(1, draw)[0], Filters(week=date(2026, 6, 1))

        def near(filters: Filters) -> Callable[[], object]:
            return lambda: by_meaning(connection, asked, "en", filters, encoder=_MODEL, most=50)

        ways: dict[str, Callable[[], object]] = {
            "meaning, all posts": near(Filters()),
            "meaning, one week": near(week),
            "a rare word": lambda: by_words(connection, "word19990", Filters(), most=50),
            "a word of one post in three": lambda: by_words(connection, "word0", Filters(), most=50),
            "three words, all ways": lambda: rank(
                connection, Query(_MODEL, asked, "en", "word1 word300 word9000"), Filters()
            ),
        }
        for name, search in ways.items():
            yield {"posts": number, "search": name} | _median(connection, search, options.repeat)
        if options.hnsw:
            yield from _indexed(connection, number, asked, options.repeat)


def _fill(connection: Connection, number: int, draw: np.random.Generator) -> None:
    ensure_months(connection, _FIRST, _LAST, today=_FIRST)
    connection.execute(text("select setseed(0.5)"))
    for statement in _ROWS:
        connection.execute(text(statement), {"posts": number, "first": _FIRST})
    spaces.freeze(connection, _MODEL, space.default(), posts=number)
    rows = (
        (hashlib.sha256(str(start + place).encode()).digest(), _MODEL, vector)
        for start in range(0, number, 1000)
        for place, vector in enumerate(_vectors(min(1000, number - start), draw))
    )
    copy_rows(connection, post_embedding, ["text_sha256", "model", "embedding"], rows)
    connection.execute(text("analyze"))


def _vectors(number: int, draw: np.random.Generator) -> Vectors:
    found = draw.standard_normal((number, space.DIMENSIONS), dtype=np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def _indexed(connection: Connection, number: int, asked: Vectors, repeat: int) -> Iterator[dict[str, Any]]:
    """Build the index on the vectors as they are stored, which is what it costs on projected ones too."""
    speak_vectors(connection)
    connection.execute(text("set local maintenance_work_mem = '2GB'"))
    began = time.perf_counter()
    connection.execute(text("create index hnsw on core.post_embedding using hnsw (embedding vector_cosine_ops)"))
    built = time.perf_counter() - began
    megabytes = connection.execute(text("select pg_relation_size('core.hnsw') / 1000000")).scalar_one()
    nearest = text("select text_sha256 from core.post_embedding order by embedding <=> :asked limit 40")
    spent = _median(connection, lambda: connection.execute(nearest, {"asked": asked}).all(), repeat)
    yield {
        "posts": number,
        "search": "nearest by HNSW alone, no filters",
        **spent,
        "seconds to build": round(built, 1),
        "megabytes": int(megabytes),
    }


def _median(connection: Connection, search: Callable[[], object], repeat: int) -> dict[str, float]:
    """Return the median milliseconds that pass, and those of them that the server works on its one core.

    One search before these brings what is on the disk into memory.
    """
    server = psutil.Process(connection.execute(text("select pg_backend_pid()")).scalar_one())
    search()
    passed, worked = [], []
    for _ in range(repeat):
        began, before = time.perf_counter(), sum(server.cpu_times()[:2])
        search()
        passed.append(time.perf_counter() - began)
        worked.append(sum(server.cpu_times()[:2]) - before)
    return {
        "milliseconds": round(statistics.median(passed) * 1000, 1),
        "of the server's CPU": round(statistics.median(worked) * 1000),
    }

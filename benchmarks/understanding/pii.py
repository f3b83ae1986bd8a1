"""How much personal data is found in generated posts, how much of what is found is personal, and at what speed."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from benchmarks.understanding import data, pii_posts
from benchmarks.understanding.pii_posts import Planted
from kernel.model import BodyFormat, PiiSpan
from nlp import pii, text

HELP = "personal data found, and taken for such, in generated posts; how often per 10,000 posts of a file"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    parser.add_argument("--posts", type=int, default=150, help="posts of each kind and language (default 150)")
    parser.add_argument("--seed", type=int, default=1, help="draws other posts")
    parser.add_argument("--data", type=Path, help="count in this CSV or JSON-lines file instead, plain or gzip")
    parser.add_argument("--text", nargs="+", metavar="COLUMN", help="columns of the file's texts; title first")
    parser.add_argument(
        "--format", choices=get_args(BodyFormat), default="text", help="how the file's texts are written"
    )
    parser.add_argument("--rows", type=int, default=0, help="rows drawn from the file, 0 for all (default 0)")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return for each kind and language what was found; for a file, how many spans of each kind it holds."""
    if options.data:
        return _counted(options)
    posts = pii_posts.posts(options.seed, each=options.posts)
    pii.find([post.text for post in posts[:100]])  # reads patterns and word lists
    figures = []
    for language in ("en", "id"):
        own = [post for post in posts if post.language == language]
        found = list(zip(own, pii.find([post.text for post in own]), strict=True))
        figures += [_row(kind, language, found) for kind in pii_posts.KINDS]
    return [
        *figures,
        {"kind": "all", "posts": len(posts), "posts_per_cpu_second": _speed([post.text for post in posts])},
    ]


def _row(kind: str, language: str, found: Sequence[tuple[Planted, tuple[PiiSpan, ...]]]) -> dict[str, Any]:
    planted = [(post, span, spans) for post, spans in found for span in post.spans if span.kind == kind]
    claimed = [(post, span) for post, spans in found for span in spans if span.kind == kind]
    hidden = sum(_is_hidden(post.text, span, spans) for post, span, spans in planted)
    right = sum(_is_right(post, span) for post, span in claimed)
    return {
        "kind": kind,
        "language": language,
        "posts": len(planted),
        "recall": round(hidden / max(len(planted), 1), 3),
        "precision": round(right / max(len(claimed), 1), 3),
        "found": len(claimed),
        "in_traps": sum(not post.spans for post, _ in claimed),
        "posts_per_cpu_second": _speed([post.text for post, _, _ in planted]),
    }


def _is_hidden(body: str, planted: PiiSpan, found: Sequence[PiiSpan]) -> bool:
    """Tell whether each letter and digit of the planted stretch is masked as what it is."""
    covered = {place for span in found if span.kind == planted.kind for place in range(span.start, span.end)}
    return all(place in covered or not body[place].isalnum() for place in range(planted.start, planted.end))


def _is_right(post: Planted, claimed: PiiSpan) -> bool:
    """Tell whether what is masked stands in a planted stretch of its kind, letter by letter."""
    meant = {place for span in post.spans if span.kind == claimed.kind for place in range(span.start, span.end)}
    return all(place in meant or not post.text[place].isalnum() for place in range(claimed.start, claimed.end))


def _speed(texts: Sequence[str]) -> int:
    """Return posts per CPU-second, the best of three runs: what else the machine does only slows a run down."""
    seconds = []
    for _ in range(3):
        began = time.process_time()
        pii.find(texts)
        seconds.append(time.process_time() - began)
    return round(len(texts) / max(min(seconds), 1e-9))


def _counted(options: argparse.Namespace) -> list[dict[str, Any]]:
    columns = options.text
    if not columns:
        sys.exit("--data needs the columns of its texts: --text COLUMN")
    rows = data.labelled(options.data, columns, columns[0], number=options.rows, seed=options.seed)
    texts = [text.clean(words, body_format=options.format) for words, _ in rows]
    counts = Counter(span.kind for spans in pii.find(texts) for span in spans)
    per_post = 10_000 / max(len(texts), 1)
    figures: list[dict[str, Any]] = [
        {"kind": kind, "spans": counts[kind], "per_10,000_posts": round(counts[kind] * per_post, 1)}
        for kind in pii.KINDS
    ]
    return [*figures, {"kind": "all", "posts": len(texts), "posts_per_cpu_second": _speed(texts)}]

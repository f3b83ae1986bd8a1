"""What many posts cost to be clustered and named: CPU and memory, on made-up subjects of any number."""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from benchmarks.understanding.engines import Texts, suara
from nlp import space
from nlp.vectors import unit

HELP = "what clustering and naming so many posts costs, on subjects that are made up"

_WORDS, _SPOKEN = 12, 8
_SPREAD = 1.5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    parser.add_argument("--posts", type=int, nargs="+", default=[10_000, 100_000], help="how many (10000 100000)")
    parser.add_argument("--subjects", type=int, default=80, help="of which they speak (default 80)")
    parser.add_argument("--seed", type=int, default=1, help="draws other posts")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return one row for each number of posts, the smallest first; memory is the most that the process ever held."""
    figures = []
    for number in sorted(options.posts):
        texts, about = _made(number, options.subjects, options.seed)
        began = time.process_time()
        found = suara(texts, granularity=2.0, seed=options.seed)
        seconds = time.process_time() - began
        figures.append(
            {
                "posts": number,
                "themes": len(found.names),
                "ari": round(adjusted_rand_score(about, found.labels), 3),
                "unassigned": round(float((found.labels < 0).mean()), 4),
                "cpu_seconds": round(seconds, 1),
                "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
            }
        )
    return figures


def _made(number: int, subjects: int, seed: int) -> tuple[Texts, np.ndarray]:
    """Return posts of a few words that their subject has, with vectors around a centre that their subject has."""
    draw = np.random.default_rng(seed)
    about = draw.integers(subjects, size=number)
    centres = draw.standard_normal((subjects, space.DIMENSIONS), dtype=np.float32)
    vectors = centres[about] + _SPREAD * draw.standard_normal((number, space.DIMENSIONS), dtype=np.float32)
    spoken = draw.integers(_WORDS, size=(number, _SPOKEN))
    words = [
        " ".join(f"{_name(subject)}{_name(word)}" for word in row) for subject, row in zip(about, spoken, strict=True)
    ]
    return Texts(words, ["en"] * number, unit(vectors), subjects), about


def _name(number: int) -> str:
    """Return a number in letters, for words hold no digits."""
    return "".join("bcdfghjklm"[int(digit)] + "a" for digit in str(number))

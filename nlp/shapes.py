"""What a theme looks like in a week: its direction, how near a post must be, phrases, and posts that stand for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp import matching
from nlp.words import count_words

Vectors = NDArray[np.float32]
Words = tuple[str, ...]

# Greetings and thanks found no themes and stand for none; they may be in one.
LEAST_WORDS = 3
# How much a week moves a theme's centroid.
_DRIFT = 0.2
_EXEMPLARS = 5
# Posts among which exemplars are chosen.
_MOST_COVERED = 400
# The cosine over which a post's certainty climbs from 0.5 to 0.73.
_CERTAINTY_STEP = 0.1


@dataclass(frozen=True)
class ThemePost:
    """A post that could be in a theme, the people who said nearly the same elsewhere, and the thread that it is in."""

    post_id: int
    person_id: int
    text: str
    language: str
    repeated_by: frozenset[int] = frozenset()
    thread_id: int | None = None


@dataclass(frozen=True)
class Shape:
    """What a theme looks like after this week. `similarity` is the cosine to its centroid before, None at birth."""

    centroid: Vectors
    threshold: float
    keywords: tuple[str, ...]
    exemplars: tuple[int, ...]
    size: int
    similarity: float | None


def shape_of(
    vectors: Vectors, known: matching.Known, number: int, *, posts: Sequence[ThemePost], said: Vectors, keywords: Words
) -> Shape:
    """Return the shape of a theme after a week; `number` is its place among the known ones, or beyond them if new.

    `vectors` are what the theme itself took: they draw its direction away from what it was, and none leave it there.
    `posts` and their rows `said` are all that is shown under its name, those of themes merged into it among them.
    """
    before = known.centroids[number] if number < len(known) else None
    if before is not None and not len(vectors):
        return Shape(before, float(known.thresholds[number]), keywords, exemplars(posts, said), len(posts), 1.0)
    centre = matching.centroid(vectors)
    if before is not None:
        centre = matching.centroid(np.stack([(1 - _DRIFT) * before, _DRIFT * centre]))
    return Shape(
        centroid=centre,
        threshold=matching.threshold(np.vstack([known.remembered[known.themes == number], vectors])),
        keywords=keywords,
        exemplars=exemplars(posts, said),
        size=len(posts),
        similarity=float(before @ centre) if before is not None else None,
    )


def certainty(vector: Vectors, shape: Shape) -> float:
    """Return how sure a post belongs: a half at the threshold, more inside of it."""
    return 1 / (1 + math.exp((shape.threshold - float(vector @ shape.centroid)) / _CERTAINTY_STEP))


def exemplars(posts: Sequence[ThemePost], vectors: Vectors) -> tuple[int, ...]:
    """Return posts by different people that together stand for all others, most central first."""
    if not posts:
        return ()
    central = vectors @ matching.centroid(vectors)
    rows = np.argsort(-central, kind="stable")[:_MOST_COVERED]
    likeness = vectors[rows] @ vectors[rows].T
    covered = np.full(len(rows), -1.0, dtype=np.float32)
    free = np.array([count_words(posts[row].text) >= LEAST_WORDS for row in rows])
    people = np.array([posts[row].person_id for row in rows])
    chosen: list[int] = []
    while len(chosen) < _EXEMPLARS and free.any():
        gain = np.where(free, np.maximum(likeness, covered[:, None]).sum(axis=0), -np.inf)
        best = int(gain.argmax())
        chosen.append(best)
        covered = np.maximum(covered, likeness[:, best])
        free &= people != people[best]
    return tuple(posts[rows[one]].post_id for one in sorted(chosen))

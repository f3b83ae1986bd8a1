"""Vectors to themes: communities shared with remembered posts, calibrated thresholds, and births from the rest.

All rows are projected vectors of length one. Themes are places in a matrix of centroids; `NONE` is no theme.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from nlp import clusters

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]

NONE = -1
# Posts remembered in all: what the graph of a week can hold within seconds.
_MOST_REMEMBERED = 6000
_LEAST_REMEMBERED = 20
# A theme takes part in a community when it holds this share of the posts remembered in it, and two of them.
_LEAST_SHARE = 0.1
_LEAST_HELD = 2
# The share of a theme's own posts that lie outside of its threshold, and how far outside a post may lie when the
# community says that it belongs and no birth claims it.
_OUTSIDE = 0.05
# The share of a new group that is left out because it lies farthest from its centre.
_STRAY = 0.02
_SLACK = 0.15
_THRESHOLD_BY_DEFAULT = 0.4
_LEAST_FOR_THRESHOLD = 3
# With fewer posts than this a subject is a handful of them, and cutting as fine as in a full week would cut it up.
_FULL_WEEK = 500
# A group has its subject from a theme when it lies this near to its centre, as a share of how near it lies to itself.
# A handful of posts lie near each other by chance, so they need to be farther away than many.
_REPEATS_OF_FEW, _FEW, _REPEATS_OF_MANY, _MANY = 0.55, 5, 0.75, 12
# A group repeats another one of its week only when it can hardly be told from it.
_SAME = 0.8
# A group is a subject of its own only when it is about as tight as themes are: what is left over in a week seldom is.
_TIGHT_ENOUGH = 0.85


@dataclass(frozen=True)
class Known:
    """Known themes: one row of `centroids` and `thresholds` each, and remembered rows with their theme's place."""

    centroids: Vectors
    thresholds: NDArray[np.float32]
    remembered: Vectors
    themes: Labels

    def __len__(self) -> int:
        return len(self.centroids)


@dataclass(frozen=True)
class Matched:
    """Where posts go: a theme they are near enough to (`sure`), or the one that their community suggests.

    `continuity` is the share of remembered posts that would go where they are, None where none is remembered;
    `stability` the agreement of two seeds on the posts.
    """

    sure: Labels
    suggested: Labels
    continuity: float | None
    stability: float | None


@dataclass(frozen=True)
class Born:
    """The new theme of each row, the known theme that its group repeats, and the agreement of two seeds."""

    new: Labels
    old: Labels
    stability: float | None


def capped(themes: Labels) -> Labels:
    """Return the places of the posts to remember: the first of each theme, so many that the graph stays small."""
    distinct, inverse = np.unique(themes, return_inverse=True)
    most = max(_LEAST_REMEMBERED, _MOST_REMEMBERED // max(len(distinct), 1))
    kept = [np.flatnonzero(inverse == place)[:most] for place in range(len(distinct))]
    return np.sort(np.concatenate(kept)) if kept else np.empty(0, dtype=np.int64)


def match(vectors: Vectors, known: Known, *, granularity: float, seed: int) -> Matched:
    """Cluster posts together with remembered ones; each community offers its posts the themes that it remembers.

    With no theme known every post is left over.
    """
    if not len(known):
        nowhere = np.full(len(vectors), NONE, dtype=np.int64)
        return Matched(nowhere, nowhere, None, None)
    held = len(known.remembered)
    together = np.vstack([known.remembered, vectors])
    joined = clusters.graph(together)
    resolution = resolution_for(granularity, held + len(vectors))
    labels, again = (clusters.communities(joined, resolution=resolution, seed=seed + turn) for turn in (0, 1))
    offers = _offers(together, labels, known)
    suggested = _nearest(vectors, labels[held:], offers, known.centroids)
    stayed = _nearest(known.remembered, labels[:held], offers, known.centroids) == known.themes
    cosines = _cosines(vectors, suggested, known.centroids)
    margin = cosines - known.thresholds[suggested]
    return Matched(
        sure=np.where(margin >= 0, suggested, NONE),
        suggested=np.where(margin >= -_SLACK, suggested, NONE),
        continuity=float(stayed.mean()) if held else None,
        stability=float(adjusted_rand_score(labels[held:], again[held:])),
    )


def births(vectors: Vectors, known: Known, *, granularity: float, seed: int, least_posts: int) -> Born:
    """Cluster what no theme took: a group near a theme, known or new, is more of that one; a loose one is nothing."""
    new = np.full(len(vectors), NONE, dtype=np.int64)
    old = new.copy()
    if len(vectors) < least_posts:
        return Born(new, old, None)
    joined = clusters.graph(vectors)
    resolution = resolution_for(granularity, len(vectors))
    labels, again = (clusters.communities(joined, resolution=resolution, seed=seed + turn) for turn in (0, 1))
    tightness = _tightness(known)
    centres = list(known.centroids)
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == label)
        if len(rows) < least_posts:
            break
        own = float(to_the_others(vectors[rows]).mean())
        near = np.array([float((vectors[rows] @ centre).mean()) for centre in centres])
        theme = int(near.argmax()) if centres else NONE
        enough = _repeats(len(rows)) if theme < len(known) else _SAME
        if theme != NONE and near[theme] >= enough * own and _is_inside(vectors[rows], theme, known):
            repeated, number = (old, theme) if theme < len(known) else (new, theme - len(known))
            repeated[rows] = number
        elif own >= tightness:
            cosines = vectors[rows] @ centroid(vectors[rows])
            new[rows[cosines >= np.quantile(cosines, _STRAY, method="lower")]] = len(centres) - len(known)
            centres.append(centroid(vectors[rows]))
    return Born(new, old, float(adjusted_rand_score(labels, again)))


def closest_pairs(scores: Iterable[tuple[float, int, int]]) -> dict[int, int]:
    """Pair lefts with rights by (score, left, right), the highest first, each of both once; return rights by left."""
    found: dict[int, int] = {}
    for _, left, right in sorted(scores, key=lambda one: (-one[0], one[1], one[2])):
        if left not in found and right not in found.values():
            found[left] = right
    return found


def centroid(vectors: Vectors) -> Vectors:
    """Return the mean direction of rows, of length one."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)


def to_the_others(vectors: Vectors) -> Vectors:
    """Return the cosine of each row to the centre of the others.

    Against a centre that they are part of, the posts of a small theme would lie nearer than the next one will.
    """
    others = vectors.sum(axis=0) - vectors
    cosines = np.einsum("ij,ij->i", vectors, others) / np.maximum(np.linalg.norm(others, axis=1), 1e-12)
    return np.asarray(cosines, dtype=np.float32)


def threshold(vectors: Vectors) -> float:
    """Return the cosine to the centre that all but a few of a theme's posts reach."""
    if len(vectors) < _LEAST_FOR_THRESHOLD:
        return _THRESHOLD_BY_DEFAULT
    return float(np.quantile(to_the_others(vectors), _OUTSIDE, method="lower"))


def _repeats(posts: int) -> float:
    return float(np.interp(posts, [_FEW, _MANY], [_REPEATS_OF_FEW, _REPEATS_OF_MANY]))


def _is_inside(vectors: Vectors, theme: int, known: Known) -> bool:
    """Say whether half of a group lies near enough to a known theme; one of this week's has no threshold yet."""
    if theme >= len(known):
        return True
    return bool(np.median(vectors @ known.centroids[theme]) >= known.thresholds[theme] - _SLACK)


def resolution_for(granularity: float, posts: int) -> float:
    """Return the resolution at which so many posts are cut as fine as a full week is by `granularity`."""
    return granularity * float(min(1.0, (posts / _FULL_WEEK) ** 0.25))


def _offers(vectors: Vectors, labels: Labels, known: Known) -> dict[int, Labels]:
    """Return for each community the themes that take part in it; `vectors` are remembered rows, then fresh ones.

    A tight community whose fresh posts are far from all these themes is a subject of its own and offers none: a theme
    that began as a mixture gives it up.
    """
    held = len(known.remembered)
    tightness = _tightness(known)
    found = {}
    for label in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == label)
        counts = np.bincount(known.themes[rows[rows < held]], minlength=len(known))
        taking_part = np.flatnonzero(counts >= max(_LEAST_HELD, _LEAST_SHARE * counts.sum()))
        if not len(taking_part):
            continue
        own = float(to_the_others(vectors[rows]).mean())
        fresh = vectors[rows[rows >= held]]
        near = (fresh @ known.centroids[taking_part].T).sum(axis=0) / max(len(fresh), 1)
        if own < tightness or near.max() >= _repeats(len(fresh)) * own:
            found[label] = taking_part
    return found


def _nearest(vectors: Vectors, labels: Labels, offers: dict[int, Labels], centroids: Vectors) -> Labels:
    """Return for each row the nearest of the themes that its community offers."""
    found = np.full(len(vectors), NONE, dtype=np.int64)
    for label, themes in offers.items():
        rows = np.flatnonzero(labels == label)
        found[rows] = themes[(vectors[rows] @ centroids[themes].T).argmax(axis=1)] if len(rows) else NONE
    return found


def _cosines(vectors: Vectors, themes: Labels, centroids: Vectors) -> Vectors:
    return np.asarray(np.einsum("ij,ij->i", vectors, centroids[themes]), dtype=np.float32)


def _tightness(known: Known) -> float:
    """Return how near the posts of a new theme must be to each other; -1 where no theme is known."""
    own = (known.remembered[known.themes == theme] for theme in np.unique(known.themes))
    means = [float(to_the_others(vectors).mean()) for vectors in own if len(vectors) >= _LEAST_FOR_THRESHOLD]
    return _TIGHT_ENOUGH * statistics.median(means) if means else -1.0

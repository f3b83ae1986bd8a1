"""Themes that keep their identity: a week's posts first find the themes they belong to; the rest may bear new ones.

The posts of a week are clustered together with posts remembered of each known theme. A community offers its posts the
themes whose memory it holds; a post is taken if it is near enough to one, by a threshold calibrated on the theme's own
posts. What is left is clustered by itself and bears themes, once enough people speak of the same. Posts are taken in
the order of their ids and the seed is given, so the same week gives the same themes.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nlp import conversations, matching, topics
from nlp.matching import NONE
from nlp.shapes import LEAST_WORDS, Shape, ThemePost, certainty, shape_of
from nlp.words import count_words

VERSION = "registry-7"

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]

# Posts that a birth needs, beside its people: more in a busy week, where a handful is chance.
_LEAST_POSTS = 4
_LEAST_POSTS_GROWTH = 0.2


@dataclass(frozen=True)
class KnownTheme:
    """A theme as the last run left it: its direction, and the least cosine at which a post is taken."""

    theme_id: int
    centroid: Vectors
    threshold: float


@dataclass(frozen=True)
class Memory:
    """Projected vectors of earlier posts and the themes they are in, each theme's newest and surest first."""

    vectors: Vectors
    theme_ids: Labels


@dataclass(frozen=True)
class BornTheme:
    """A new theme with its posts and how sure each belongs, surest first.

    `later` is the theme that a later week, which ran before this one, bore from the same subject.
    """

    posts: tuple[tuple[int, float], ...]
    shape: Shape
    later: int | None = None

    @property
    def post_ids(self) -> tuple[int, ...]:
        """The posts, surest first."""
        return tuple(post_id for post_id, _ in self.posts)


@dataclass(frozen=True)
class ThemeWeek:
    """The outcome of a week. `assigned` maps posts to a known theme and how sure that is.

    `continuity` is the share of remembered posts that this week's communities would put where they were, and
    `stability` the agreement (adjusted Rand index) of two seeds on this week's posts; None where there is nothing to
    compare.
    """

    assigned: dict[int, tuple[int, float]] = field(default_factory=dict)
    born: list[BornTheme] = field(default_factory=list)
    shapes: dict[int, Shape] = field(default_factory=dict)
    unassigned: int = 0
    continuity: float | None = None
    stability: float | None = None


def run_week(
    posts: Sequence[ThemePost],
    vectors: Vectors,
    *,
    known: Sequence[KnownTheme],
    memory: Memory,
    pinned: Mapping[int, int],
    granularity: float,
    min_people: int,
    seed: int,
    roots: Mapping[int, int] | None = None,
    later: Sequence[KnownTheme] = (),
    asked: str | None = None,
) -> ThemeWeek:
    """Put the posts of a week into themes.

    `vectors` are the posts' projected rows. `pinned` are posts that a person put into a theme: they stay there. A
    theme is born only where at least `min_people` people speak of it. `roots` maps themes that a person merged to the
    one in which they live on: it is described by the posts of all. `later` are themes that only later weeks know.
    `asked` is the language in which themes shall be described, where enough of their posts are in it.
    """
    if not posts:
        return ThemeWeek()
    order = sorted(range(len(posts)), key=lambda row: posts[row].post_id)
    posts, vectors = [posts[row] for row in order], np.asarray(vectors, np.float32)[order]
    known = sorted(known, key=lambda theme: theme.theme_id)
    themes = _known(known, memory)
    placed = _place(posts, vectors, themes, granularity=granularity, min_people=min_people, seed=seed)
    by_id = {theme.theme_id: number for number, theme in enumerate(known)}
    for row, post in enumerate(posts):
        if post.post_id in pinned:
            placed.places[row] = by_id.get(pinned[post.post_id], NONE)
    week = _Week(posts, vectors, known, themes, placed.places, dict(roots or {}), asked)
    assigned, shapes, born = _described(week)
    assigned |= {post.post_id: (pinned[post.post_id], 1.0) for post in posts if post.post_id in pinned}
    taken = len(assigned) + sum(len(one.posts) for one in born)
    born = _recognised(born, {post.post_id: row for row, post in enumerate(posts)}, vectors, later)
    return ThemeWeek(assigned, born, shapes, len(posts) - taken, placed.continuity, placed.stability)


@dataclass(frozen=True)
class _Placed:
    """The theme of each post: below the number of known themes a known one, from there on a new one."""

    places: Labels
    continuity: float | None
    stability: float | None


def _known(known: Sequence[KnownTheme], memory: Memory) -> matching.Known:
    by_id = {theme.theme_id: number for number, theme in enumerate(known)}
    rows = np.array([row for row, theme in enumerate(memory.theme_ids.tolist()) if theme in by_id], dtype=np.int64)
    places = np.array([by_id[theme] for theme in memory.theme_ids[rows].tolist()], dtype=np.int64)
    kept = matching.capped(places)
    width = len(known[0].centroid) if known else memory.vectors.shape[1]
    empty = np.empty((0, width), dtype=np.float32)
    return matching.Known(
        centroids=np.stack([theme.centroid for theme in known]).astype(np.float32) if known else empty,
        thresholds=np.array([theme.threshold for theme in known], dtype=np.float32),
        remembered=np.asarray(memory.vectors, np.float32)[rows[kept]] if len(kept) else empty,
        themes=places[kept],
    )


def _place(
    posts: Sequence[ThemePost],
    vectors: Vectors,
    themes: matching.Known,
    *,
    granularity: float,
    min_people: int,
    seed: int,
) -> _Placed:
    original = _originals(posts)
    founding = np.flatnonzero(original == np.arange(len(posts)))
    rows = vectors[founding]
    matched = matching.match(rows, themes, granularity=granularity, seed=seed)
    rest = np.flatnonzero(matched.sure == NONE)
    least = max(min_people, _LEAST_POSTS, round(_LEAST_POSTS_GROWTH * math.sqrt(len(founding))))
    born = matching.births(rows[rest], themes, granularity=granularity, seed=seed, least_posts=least)
    people = [_people(posts, np.flatnonzero(original == row).tolist()) for row in founding[rest]]
    threads = [posts[row].thread_id for row in founding[rest]]
    new = _enough_people(*conversations.joined(born.new, threads), people, min_people)
    found = matched.sure.copy()
    found[rest] = np.where(
        new != NONE, len(themes) + new, np.where(born.old != NONE, born.old, matched.suggested[rest])
    )
    places = np.full(len(posts), NONE, dtype=np.int64)
    places[founding] = found
    repeating = original != NONE
    places[repeating] = places[original[repeating]]
    short = np.flatnonzero(~repeating)
    places[short] = _nearest_of_all(vectors, places, themes, short)
    return _Placed(places, matched.continuity, matched.stability if len(themes) else born.stability)


def _originals(posts: Sequence[ThemePost]) -> Labels:
    """Return for each post the first one with the same words, itself included, or `NONE` where it is too short."""
    first: dict[str, int] = {}
    return np.array(
        [first.setdefault(p.text, row) if count_words(p.text) >= LEAST_WORDS else NONE for row, p in enumerate(posts)],
        dtype=np.int64,
    )


def _people(posts: Sequence[ThemePost], rows: Sequence[int]) -> set[int]:
    """Return who said a text, or nearly the same."""
    return {posts[row].person_id for row in rows}.union(*(posts[row].repeated_by for row in rows))


def _enough_people(new: Labels, alone: Container[int], people: Sequence[set[int]], min_people: int) -> Labels:
    """Return the new themes of which enough people speak, numbered from 0 without gaps; `alone` are one thread each."""
    found = np.full(len(new), NONE, dtype=np.int64)
    number = 0
    for candidate in np.unique(new[new != NONE]).tolist():
        rows = np.flatnonzero(new == candidate).tolist()
        least = conversations.least_people(min_people, is_one_thread=candidate in alone)
        if len(set().union(*(people[row] for row in rows))) >= least:
            found[rows] = number
            number += 1
    return found


def _nearest_of_all(vectors: Vectors, places: Labels, themes: matching.Known, rows: Labels) -> Labels:
    """Return for posts too short to found anything the theme that each is surely near to."""
    born = [vectors[places == number] for number in range(len(themes), int(places.max(initial=NONE)) + 1)]
    centres = [*themes.centroids, *(matching.centroid(own) for own in born)]
    if not centres or not len(rows):
        return np.full(len(rows), NONE, dtype=np.int64)
    thresholds = [*themes.thresholds, *(matching.threshold(own) for own in born)]
    cosines = vectors[rows] @ np.stack(centres).T
    best = cosines.argmax(axis=1)
    return np.where(cosines.max(axis=1) >= np.array(thresholds)[best], best, NONE)


@dataclass(frozen=True)
class _Week:
    """A week whose posts have their places, by the number of a known theme or beyond."""

    posts: Sequence[ThemePost]
    vectors: Vectors
    known: Sequence[KnownTheme]
    themes: matching.Known
    places: Labels
    roots: Mapping[int, int]
    asked: str | None

    def shown(self) -> Labels:
        """Return under which theme each post is shown: a merged one's under that in which it lives on."""
        by_id = {theme.theme_id: number for number, theme in enumerate(self.known)}
        found = self.places.copy()
        for number, theme in enumerate(self.known):
            found[self.places == number] = by_id.get(self.roots.get(theme.theme_id, theme.theme_id), number)
        return found


def _described(week: _Week) -> tuple[dict[int, tuple[int, float]], dict[int, Shape], list[BornTheme]]:
    """Return the posts of known themes with how sure each belongs, how these themes look, and the new ones."""
    shown = week.shown()
    languages = [post.language for post in week.posts]
    texts, model = [post.text for post in week.posts], topics.Given(shown)
    described = topics.find(texts, languages, week.vectors, model=model, asked=week.asked)
    assigned: dict[int, tuple[int, float]] = {}
    shapes: dict[int, Shape] = {}
    born = []
    for number in sorted({*week.places.tolist(), *shown.tolist()} - {NONE}):
        own, all_rows = (np.flatnonzero(labels == number).tolist() for labels in (week.places, shown))
        keywords = described.phrases.get(number, ())
        said = [week.posts[row] for row in all_rows]
        shape = shape_of(
            week.vectors[own], week.themes, number, posts=said, said=week.vectors[all_rows], keywords=keywords
        )
        sure = [(week.posts[row].post_id, certainty(week.vectors[row], shape)) for row in own]
        if number < len(week.themes):
            theme_id = week.known[number].theme_id
            shapes[theme_id] = shape
            assigned |= {post_id: (theme_id, certainty) for post_id, certainty in sure}
        elif keywords and number in described.subjects:
            born.append(BornTheme(tuple(sorted(sure, key=lambda one: (-one[1], one[0]))), shape))
    return assigned, shapes, born


def _recognised(
    born: Sequence[BornTheme], rows: Mapping[int, int], vectors: Vectors, later: Sequence[KnownTheme]
) -> list[BornTheme]:
    """Return births with the later theme that each is: its posts lie as near to it as its own; closest pair first."""
    nearness = (
        (float((vectors[[rows[post] for post in one.post_ids]] @ theme.centroid).mean()) - theme.threshold, place, at)
        for place, one in enumerate(born)
        for at, theme in enumerate(later)
    )
    found = matching.closest_pairs(pair for pair in nearness if pair[0] >= 0)
    return [
        replace(one, later=later[found[place]].theme_id) if place in found else one for place, one in enumerate(born)
    ]

"""Whether themes keep their identity over weeks: `python -m benchmarks.theme_continuity --data FILE ...`.

Six weeks are made of a labelled file: most labels are spoken of in all of them, some only until the third week and
some from the third week on. Each way of following themes sees one week after the other. *Continuity* is how often the
theme that holds most posts of a label is the same one in two weeks that follow each other.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, v_measure_score

from benchmarks.understanding import data
from benchmarks.understanding.engines import Texts, stock_bertopic
from benchmarks.understanding.themes import Encoded, read
from jobs.themes import MEMORY_PER_THEME
from kernel.errors import SuaraError
from nlp import clusters, matching
from nlp.registry import KnownTheme, Memory, run_week
from nlp.shapes import ThemePost

HELP = "whether themes keep their identity over six simulated weeks, beside other ways of following them"

Labels = NDArray[np.int64]

WEEKS = 6
# Of 77 labels: 50 in all weeks, 13 that leave and 14 that come.
_ALWAYS, _LEAVING = 50 / 77, 13 / 77
_CHANGE = 2
_SAME = 0.7


@dataclass(frozen=True)
class Simulation:
    """Texts, their labels and the week of each, from 0; `new` are the labels that come with week `_CHANGE`."""

    texts: Texts
    labels: NDArray[np.str_]
    weeks: Labels
    new: frozenset[str]

    def of(self, week: int) -> Labels:
        """Return the rows of a week."""
        return np.flatnonzero(self.weeks == week)


def simulate(encoded: Encoded, labels: Sequence[str], *, seed: int) -> Simulation:
    """Deal out the texts of each label over its weeks; the space is fitted on the first and frozen."""
    draw = random.Random(seed)  # noqa: S311 - a sample, no secret
    names = sorted(set(labels))
    draw.shuffle(names)
    always, leaving = round(_ALWAYS * len(names)), round(_LEAVING * len(names))
    first = {name: _CHANGE if place >= always + leaving else 0 for place, name in enumerate(names)}
    last = {name: _CHANGE + 1 if always <= place < always + leaving else WEEKS for place, name in enumerate(names)}
    weeks = np.full(len(labels), -1, dtype=np.int64)
    for row, label in enumerate(labels):
        week = draw.randrange(WEEKS)  # the same in all weeks, so that one that comes or goes is as loud as others
        if first[label] <= week < last[label]:
            weeks[row] = week
    new = frozenset(name for name in names if first[name])
    return Simulation(encoded.texts(np.flatnonzero(weeks == 0).tolist()), np.array(labels), weeks, new)


def registry(simulation: Simulation, *, granularity: float, seed: int) -> Labels:
    """Follow themes as Suara does: known themes and what is remembered of them first, births from the rest."""
    texts, themes = simulation.texts, np.full(len(simulation.labels), -1, dtype=np.int64)
    known: dict[int, KnownTheme] = {}
    remembered: dict[int, list[tuple[int, float, int]]] = defaultdict(list)
    for week in range(WEEKS):
        rows = simulation.of(week).tolist()
        posts = [ThemePost(row, row, texts.words[row], texts.languages[row]) for row in rows]
        kept = [
            (row, theme)
            for theme, held in sorted(remembered.items())
            for _, _, row in sorted(held, key=lambda one: (-one[0], -one[1], one[2]))[:MEMORY_PER_THEME]
        ]
        memory = Memory(texts.vectors[[row for row, _ in kept]], np.array([theme for _, theme in kept], np.int64))
        found = run_week(
            posts, texts.vectors[rows], known=list(known.values()), memory=memory, pinned={}, granularity=granularity,
            min_people=3, seed=seed,
        )  # fmt: skip
        placed = dict(found.assigned)
        known |= {number: KnownTheme(number, shape.centroid, shape.threshold) for number, shape in found.shapes.items()}
        for born in found.born:
            number = len(known)
            known[number] = KnownTheme(number, born.shape.centroid, born.shape.threshold)
            placed |= {post: (number, sure) for post, sure in born.posts}
        for row, (theme, sure) in placed.items():
            themes[row] = theme
            remembered[theme].append((week, sure, row))
    return themes


def hungarian(simulation: Simulation, *, granularity: float, seed: int) -> Labels:
    """Cluster each week afresh and match its centroids with those of all weeks before."""
    vectors, themes = simulation.texts.vectors, np.full(len(simulation.labels), -1, dtype=np.int64)
    centres: list[NDArray[np.float32]] = []
    for week in range(WEEKS):
        rows = simulation.of(week)
        found = clusters.cluster(vectors[rows], resolution=granularity, seed=seed)
        own = [matching.centroid(vectors[rows[found == label]]) for label in range(int(found.max()) + 1)]
        matched = {}
        if centres:
            cosines = np.stack(own) @ np.stack(centres).T
            for label, theme in zip(*linear_sum_assignment(-cosines), strict=True):
                if cosines[label, theme] >= _SAME:
                    matched[int(label)] = int(theme)
        for label, centre in enumerate(own):
            if label in matched:
                centres[matched[label]] = centre
            else:
                matched[label] = len(centres)
                centres.append(centre)
            themes[rows[found == label]] = matched[label]
    return themes


def merged_models(simulation: Simulation, *, granularity: float, seed: int) -> Labels:
    """Fit BERTopic each week and merge the models by its own `merge_models`; topics of no name stay none.

    Raises `SuaraError` where the package is missing in which BERTopic stores the models that it merges.
    """
    if find_spec("safetensors") is None:
        message = "BERTopic merges models by way of the package safetensors, which is not installed"
        raise SuaraError(message, remedy="It comes with: make setup")
    from bertopic import BERTopic

    texts, themes, model = simulation.texts, np.full(len(simulation.labels), -1, dtype=np.int64), None
    for week in range(WEEKS):
        rows = simulation.of(week)
        words, vectors = [texts.words[row] for row in rows], texts.vectors[rows]
        fresh = stock_bertopic(seed).fit(words, embeddings=vectors)
        model = fresh if model is None else BERTopic.merge_models([model, fresh], min_similarity=_SAME)
        themes[rows] = model.transform(words, embeddings=vectors)[0]
    return themes


WAYS: Mapping[str, Callable[..., Labels]] = {
    "registry": registry,
    "hungarian": hungarian,
    "merge_models": merged_models,
}


@dataclass
class Followed:
    """The theme that holds most posts of each label, by week; `first` is the first week of each theme."""

    main: dict[tuple[str, int], int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)


def judge(simulation: Simulation, themes: Labels) -> dict[str, Any]:
    """Return what following the themes was worth."""
    inside = simulation.weeks >= 0
    true, found = simulation.labels[inside], themes[inside]
    followed = Followed()
    for week in range(WEEKS):
        counts: dict[str, Counter[int]] = defaultdict(Counter)
        for row in simulation.of(week).tolist():
            if themes[row] >= 0:
                counts[str(simulation.labels[row])][int(themes[row])] += 1
                followed.first.setdefault(int(themes[row]), week)
        followed.main |= {(label, week): held.most_common(1)[0][0] for label, held in counts.items()}
    pairs = [
        followed.main[label, week] == theme
        for (label, after), theme in followed.main.items()
        if (label, week := after - 1) in followed.main
    ]
    new = [
        label for label in simulation.new
        if followed.first.get(followed.main.get((label, WEEKS - 1), -1), 0) >= _CHANGE
    ]  # fmt: skip
    return {
        "posts": int(inside.sum()),
        "labels": len(set(true)),
        "themes": len(set(found.tolist()) - {-1}),
        "pooled_ari": round(adjusted_rand_score(true, found), 3),
        "v_measure": round(v_measure_score(true, found), 3),
        "unassigned": round(float((found < 0).mean()), 4),
        "continuity": round(float(np.mean(pairs)), 3),
        "pairs": len(pairs),
        "new": len(simulation.new),
        "new_seen_as_new": len(new),
    }


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    data.arguments(parser, rows=0)
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS), help="ways of following (default all)")
    parser.add_argument("--granularity", type=float, nargs="+", default=[2.0], help="as in suara.toml (default 2)")
    parser.add_argument("--simulations", type=int, default=1, help="simulations with seeds of their own (default 1)")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return one row a simulation, way and granularity, and their means where there are several simulations."""
    rows = data.chosen(options)
    encoded, labels = read(rows, options.vectors), [label for _, label in rows]
    figures = []
    for way in options.way:
        for granularity in options.granularity:
            own = []
            for seed in range(options.seed, options.seed + options.simulations):
                simulation = simulate(encoded, labels, seed=seed)
                began = time.process_time()
                themes = WAYS[way](simulation, granularity=granularity, seed=seed)
                seconds = round(time.process_time() - began, 1)
                told = {"way": way, "granularity": granularity, "seed": seed}
                own.append({**told, **judge(simulation, themes), "cpu_seconds": seconds})
            figures += own
            if len(own) > 1:
                figures.append({"way": way, "granularity": granularity, "seed": "mean", **_means(own)})
    return figures


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    columns = ("pooled_ari", "v_measure", "unassigned", "continuity", "new_seen_as_new", "cpu_seconds")
    return {column: round(float(np.mean([row[column] for row in rows])), 3) for column in columns}


if __name__ == "__main__":
    from benchmarks import nlp

    nlp.main(["continuity", *sys.argv[1:]])

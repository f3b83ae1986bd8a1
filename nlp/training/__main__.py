"""`python -m nlp.training --data DIR --date DAY`: learn the weights again, measure them, and write their card.

The encoder is the one that the settings name; the weights are then for its vectors and no others.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kernel.settings import read_settings
from nlp import space
from nlp.encoder import Encoder, load_encoder
from nlp.training import card, measure
from nlp.training.corpora import ENCODED, LEARNED, Example, plain, rows
from nlp.training.fit import arrays, fit, save
from nlp.training.kept import KeptVectors

Vectors = NDArray[np.float32]

_SEED = 42
_GRANULARITY = 2.0


def main() -> None:
    """Learn, measure and write."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the public sets")
    parser.add_argument("--date", required=True, help="day that the card names, YYYY-MM-DD")
    parser.add_argument("--weights", type=Path, default=Path("nlp/weights"), help="where the weights go")
    parser.add_argument("--card", type=Path, default=Path("docs/reference/models.md"), help="where the card goes")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")
    options = parser.parse_args()
    encoder = KeptVectors(load_encoder(read_settings().encoder), options.vectors)
    _learn_space(options.data, encoder, options.weights)
    space.forget()
    figures = measure.languages(options.data)
    learned = {}
    for name, read in LEARNED.items():
        examples = read(options.data, seed=_SEED)
        encoded = _encoded(examples)
        print(f"{name}: {len(examples)} texts, {encoded.sum()} of them with vectors", flush=True)
        chosen = [one for one, has in zip(examples, encoded, strict=True) if has]
        vectors = encoder.encode([one.text for one in chosen])
        fitted = fit(examples, vectors, encoded, encoder=encoder.name, seed=_SEED)
        save(options.weights / f"{name}.npz", arrays(fitted.head))
        figures += measure.unseen(name, chosen, fitted.unseen, fitted.head.classes)
        learned[name] = fitted.head
    figures += measure.outside(learned, options.data, encoder, seed=_SEED)
    figures += measure.themes(options.data, encoder, granularity=_GRANULARITY, seed=_SEED)
    options.card.parent.mkdir(parents=True, exist_ok=True)
    options.card.write_text(card.markdown(figures, encoder=encoder.name, date=options.date), "utf-8")
    print(card.table(figures))


def _learn_space(data: Path, encoder: Encoder, weights: Path) -> None:
    """Write the space for tiny communities: means and first component of parallel sentences."""
    parallel = rows(data, "nusax_senti/nusax_senti.csv.gz")
    vectors = {
        code: encoder.encode([plain(row["text"]) for row in parallel if row["lang"] == name])
        for name, code in (("english", "en"), ("indonesian", "id"))
    }
    means = {code: own.mean(axis=0) for code, own in vectors.items()}
    component = space.first_component(np.vstack([own - means[code] for code, own in vectors.items()]))
    means[space.ANY] = np.mean(list(means.values()), axis=0)
    save(weights / "space.npz", {**means, "component": component, "encoder": np.array(encoder.name)})


def _encoded(examples: Sequence[Example]) -> NDArray[np.bool_]:
    """Say which examples get a vector: all of a source, or as many as `ENCODED` allows."""
    by_source: dict[str, list[int]] = {}
    for place, one in enumerate(examples):
        by_source.setdefault(one.source, []).append(place)
    chosen = np.zeros(len(examples), dtype=np.bool_)
    for source, places in by_source.items():
        random.Random(_SEED).shuffle(places)  # noqa: S311
        chosen[places[: ENCODED.get(source, len(places))]] = True
    return chosen


if __name__ == "__main__":
    main()

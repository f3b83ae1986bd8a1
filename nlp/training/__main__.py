"""`python -m nlp.training --data DIR --date DAY`: learn the weights again, measure them, and write their card.

The encoder is the one that the settings name; the weights are then for its vectors and no others. With `--own` they are
learned from all sets of the folder, those too whose licence lets nobody pass on what was made of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from kernel.settings import read_settings
from nlp import space
from nlp.encoder import Encoder, load_encoder
from nlp.training import card, measure, outside
from nlp.training.corpora import LEARNED, ONE_SIDED, plain, rows
from nlp.training.fit import arrays, fit, save
from nlp.training.kept import KeptVectors

_SEED = 42


def main() -> None:
    """Learn, measure and write."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the public sets")
    parser.add_argument("--date", required=True, help="day that the card names, YYYY-MM-DD")
    parser.add_argument("--weights", type=Path, default=Path("nlp/weights"), help="where the weights go")
    parser.add_argument("--card", type=Path, default=Path("docs/reference/models.md"), help="where the card goes")
    parser.add_argument("--vectors", type=Path, help="file that keeps vectors from run to run")
    parser.add_argument("--own", action="store_true", help="learn from every set: weights that stay with you")
    options = parser.parse_args()
    encoder = KeptVectors(load_encoder(read_settings().encoder), options.vectors)
    _learn_space(options.data, encoder, options.weights)
    space.forget()
    figures, learned = [], {}
    for name, read in LEARNED.items():
        examples = read(options.data, seed=_SEED) + (outside.learned(name, options.data) if options.own else [])
        print(f"{name}: {len(examples)} texts", flush=True)
        vectors = encoder.encode([one.text for one in examples])
        fitted = fit(name, examples, vectors, encoder=encoder.name, seed=_SEED, by_language=name in ONE_SIDED)
        save(options.weights / f"{name}.npz", arrays(fitted.head))
        figures += measure.unseen(name, examples, fitted.unseen, fitted.head.classes)
        learned[name] = fitted.head
    if not options.own:
        figures += measure.outside(learned, options.data, encoder, seed=_SEED)
    options.card.parent.mkdir(parents=True, exist_ok=True)
    options.card.write_text(card.markdown(figures, encoder=encoder.name, date=options.date, own=options.own), "utf-8")
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


if __name__ == "__main__":
    main()

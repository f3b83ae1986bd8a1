"""Figures for the card: how right each step is, by set and language, on texts that it has not learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, f1_score, v_measure_score

from nlp import clusters, language, space
from nlp.encoder import Encoder
from nlp.features import hashed
from nlp.heads import Head, centre
from nlp.training.corpora import Example, rows, sample
from nlp.training.outside import OUTSIDE, WAYS

Vectors = NDArray[np.float32]

_NEIGHBOURS = {"ms": "id", "jv": "id", "su": "id"}
_SAMPLE = 800


@dataclass(frozen=True)
class Figure:
    """One measured number. `answered` is the share of texts on which the step is sure enough to answer."""

    step: str
    data: str
    language: str
    n: int
    measure: str
    value: float
    answered: float | None = None


def unseen(name: str, examples: Sequence[Example], said: Vectors, classes: Sequence[str]) -> list[Figure]:
    """Return the macro-F1 of a head by source and language, on what it said of examples before learning from them."""
    found = []
    for source, code in sorted({(one.source, one.language) for one in examples}):
        mine = np.array([(one.source, one.language) == (source, code) for one in examples])
        true = [one.label for one, is_mine in zip(examples, mine, strict=True) if is_mine]
        if len(set(true)) > 1:
            guessed = [classes[best] for best in said[mine].argmax(axis=1)]
            value = f1_score(true, guessed, average="macro")
            found.append(Figure(name, f"{source} (cross-validated)", code, len(true), "macro-F1", value))
    return found


def outside(heads: Mapping[str, Head], data: Path, encoder: Encoder, *, seed: int) -> list[Figure]:
    """Return the macro-F1 of the heads on sets that no weight has learned from."""
    found = []
    for one in OUTSIDE:
        examples = sample(one.read(data), _SAMPLE, seed=seed)
        texts, told = [example.text for example in examples], [example.language for example in examples]
        said = heads[one.head].probabilities(hashed(texts), centre(encoder.encode(texts), told))
        ways = WAYS[one.ways]
        guessed = np.array([ways.get(name, name) for name in heads[one.head].classes])[said.argmax(axis=1)]
        true = np.array([example.label for example in examples])
        sure = said.max(axis=1) >= one.least
        value = f1_score(true[sure], guessed[sure], average="macro", labels=sorted(set(true)), zero_division=0)
        found.append(Figure(one.head, one.name, told[0], len(true), "macro-F1", value, float(sure.mean())))
    return found


def languages(data: Path) -> list[Figure]:
    """Return the share of texts whose language is found, whole and cut to a few words."""
    found = []
    parallel = rows(data, "nusax_senti/nusax_senti.csv.gz")
    for name, code in (("english", "en"), ("indonesian", "id")):
        whole = [row["text"] for row in parallel if row["lang"] == name]
        for words in (2, 3, 5, None):
            cut = [" ".join(text.split()[:words]) for text in whole]
            label = f"NusaX, first {words} words" if words else "NusaX"
            found.append(_language_figure(label, cut, code))
    reviews = rows(data, "id_public_service_reviews/id_public_service_reviews.csv.gz")
    for low, high in ((1, 3), (4, 8), (9, 60)):
        fitting = [row["Ulasan"] for row in reviews if low <= len(row["Ulasan"].split()) <= high]
        found.append(_language_figure(f"public service reviews, {low}-{high} words", fitting, "id"))
    return found


def _language_figure(label: str, texts: Sequence[str], code: str) -> Figure:
    said = language.detect(texts, languages=("en", "id"), neighbours=_NEIGHBOURS)
    right = sum(one.language == code for one in said) / len(said)
    return Figure("language", label, code, len(texts), "accuracy", right)


def themes(data: Path, encoder: Encoder, *, granularity: float, seed: int) -> list[Figure]:
    """Return how well groups found without labels fit the labels, and how often two languages share a group."""
    intents = rows(data, "banking77/train.csv.gz")
    projected = _projected(encoder, [row["text"] for row in intents], ["en"] * len(intents))
    found = clusters.cluster(projected, resolution=granularity, seed=seed)
    true = [row["category"] for row in intents]
    where = f"Banking77, {len(set(true))} intents, {int(found.max()) + 1} groups at granularity {granularity:g}"
    figures = [
        Figure("themes", where, "en", len(true), "adjusted Rand index", adjusted_rand_score(true, found)),
        Figure("themes", where, "en", len(true), "V-measure", v_measure_score(true, found)),
    ]
    parallel = rows(data, "nusax_senti/nusax_senti.csv.gz")
    pairs = {name: {r["id"]: r["text"] for r in parallel if r["lang"] == name} for name in ("english", "indonesian")}
    ids = sorted(pairs["english"].keys() & pairs["indonesian"].keys())
    told = ["en"] * len(ids) + ["id"] * len(ids)
    said = [pairs["english"][key] for key in ids] + [pairs["indonesian"][key] for key in ids]
    projected = _projected(encoder, said, told)
    found = clusters.cluster(projected, resolution=granularity, seed=seed)
    together = float((found[: len(ids)] == found[len(ids) :]).mean())
    return [*figures, Figure("themes", "NusaX, pairs in one group", "en+id", len(ids), "share", together)]


def _projected(encoder: Encoder, texts: Sequence[str], languages: Sequence[str]) -> Vectors:
    """Return texts in a space of their own."""
    vectors = encoder.encode(texts)
    return space.fit(vectors, languages, texts, encoder=encoder.name).project(vectors, languages, texts)

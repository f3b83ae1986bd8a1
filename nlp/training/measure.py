"""Figures for the card: how right each head is, by set and language, on texts that it has not learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from nlp.encoder import Encoder
from nlp.heads import Head, centre, parts
from nlp.training.corpora import Example, sample
from nlp.training.outside import OUTSIDE, WAYS

Vectors = NDArray[np.float32]

_SAMPLE = 800


@dataclass(frozen=True)
class Figure:
    """One measured number. `answered` is the share of texts on which the head is sure enough to answer."""

    head: str
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
        said = heads[one.head].probabilities(parts(texts), centre(encoder.encode(texts), told))
        ways = WAYS[one.ways]
        guessed = np.array([ways.get(name, name) for name in heads[one.head].classes])[said.argmax(axis=1)]
        true = np.array([example.label for example in examples])
        sure = said.max(axis=1) >= one.least
        value = f1_score(true[sure], guessed[sure], average="macro", labels=sorted(set(true)), zero_division=0)
        found.append(Figure(one.head, one.name, told[0], len(true), "macro-F1", value, float(sure.mean())))
    return found

"""Fits a head: two logistic models, and the one that joins them, fitted on what they said of texts unseen by them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils.class_weight import compute_sample_weight

from nlp.features import rarity
from nlp.heads import Head, centre, parts, softmax
from nlp.training.corpora import Example

Vectors = NDArray[np.float32]

_FOLDS = 4
_WORDS_C, _MEANING_C = 3, 2


@dataclass(frozen=True)
class Fitted:
    """A head, and what it says of each example when it has not learned from that example's group."""

    head: Head
    unseen: Vectors


def fit(examples: Sequence[Example], vectors: Vectors, *, encoder: str, seed: int, by_language: bool = False) -> Fitted:
    """Fit a head on examples and the encoder's rows of their texts.

    Each class counts alike; `by_language`, each class of each language, so that no language tells of a class by itself.
    """
    classes = sorted({one.label for one in examples})
    labels = np.array([classes.index(one.label) for one in examples])
    counts = parts([one.text for one in examples])
    meaning = centre(vectors, [one.language for one in examples])
    alike = [f"{one.language} {one.label}" if by_language else one.label for one in examples]
    weights = compute_sample_weight("balanced", alike)
    folds = _folds(labels, [one.group for one in examples], seed=seed)
    joined = np.zeros((len(examples), 2 * len(classes)), dtype=np.float32)
    for fold in range(_FOLDS):
        learn, hold = folds != fold, folds == fold
        by_words = _logits(_words_model(counts[learn], labels[learn], weights[learn]), counts[hold])
        by_meaning = _logits(_meaning_model(meaning[learn], labels[learn], weights[learn]), meaning[hold])
        joined[hold] = np.hstack([by_words, by_meaning])
    unseen = np.zeros((len(examples), len(classes)), dtype=np.float32)
    for fold in range(_FOLDS):
        hold = folds == fold
        unseen[hold] = softmax(_logits(_mixing_model(joined[~hold], labels[~hold]), joined[hold]))
    words, means = _words_model(counts, labels, weights), _meaning_model(meaning, labels, weights)
    mixed = _mixing_model(joined, labels)
    return Fitted(Head(encoder, tuple(classes), *_weights(words), *_weights(means), *_weights(mixed)), unseen)


def _folds(labels: NDArray[np.int64], groups: Sequence[str], *, seed: int) -> NDArray[np.int64]:
    folds = np.zeros(len(labels), dtype=np.int64)
    splitter = StratifiedGroupKFold(n_splits=_FOLDS, shuffle=True, random_state=seed)
    for number, (_, held) in enumerate(splitter.split(labels, labels, groups)):
        folds[held] = number
    return folds


def _words_model(counts: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]) -> LogisticRegression:
    """Fit on counts in which rare parts weigh more; its weights hold that, so counts are read as they are."""
    rare = rarity(counts)
    model = LogisticRegression(C=_WORDS_C, max_iter=300)
    model.fit(counts @ diags(rare.astype(np.float32)), labels, sample_weight=weights)
    model.coef_ *= rare
    return model


def _meaning_model(vectors: Vectors, labels: NDArray[np.int64], weights: NDArray[np.float64]) -> LogisticRegression:
    return LogisticRegression(C=_MEANING_C, max_iter=500).fit(vectors, labels, sample_weight=weights)


def _mixing_model(logits: Vectors, labels: NDArray[np.int64]) -> LogisticRegression:
    """Join what both say. Classes count as they come here: balanced ones would give certainties that are not right."""
    return LogisticRegression(C=0.1, max_iter=1000).fit(logits, labels)


def _weights(model: LogisticRegression) -> tuple[Vectors, Vectors]:
    """Return one row of weights and one bias a class; two classes share one model in scikit-learn."""
    weights, bias = model.coef_, model.intercept_
    if len(bias) == 1:
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    return weights.astype(np.float32), bias.astype(np.float32)


def _logits(model: LogisticRegression, rows: csr_matrix | Vectors) -> Vectors:
    weights, bias = _weights(model)
    return np.asarray(rows @ weights.T + bias, dtype=np.float32)


def arrays(head: Head) -> dict[str, NDArray[np.generic]]:
    """Return what a head is made of, by the names under which it is stored."""
    return {name: np.asarray(value) for name, value in vars(head).items()}


def save(path: Path, stored: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays with numbers in 16 bits; the same arrays give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in stored.items():
            content = io.BytesIO()
            np.save(content, value if value.dtype.kind == "U" else value.astype(np.float16), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)

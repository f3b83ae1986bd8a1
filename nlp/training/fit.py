"""Fits a head: one logistic model over words and meaning at once, made certain on texts unseen by it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils.class_weight import compute_sample_weight
from threadpoolctl import threadpool_limits

from nlp.features import rarity
from nlp.heads import Head, Vectors, centre, parts, softmax
from nlp.training.corpora import OWN_PHRASES, Example

# Nine tenths of a set say nearly what the whole would; of three quarters, feeling is learned two points worse.
_FOLDS = 10
# How much may be said (C of a logistic model) by meaning and by words.
_MEANING_C, _WORDS_C = 0.4, 0.2
# Heads of which some words tell far more than others, and how far these outweigh them; of feeling, many tell a little.
_TOLD_BY_WORDS = ("type", "abuse", "spam")
_TELLING = 0.6
# So many texts of each class are taken to hold, and as many not to hold, each part of a word: few texts tell little.
# Phrases of our own tell nothing of it: their words were chosen, and other people choose others.
_SMOOTHING = 20
# How far classes count alike where certainty is learned: 0 as they come, by which few texts would ever be told to be of
# a rare class, 1 all alike, by which certainties would not be right. What is called spam is hidden: it is to be right.
_ALIKE = {"sentiment": 0.5, "type": 0.5, "abuse": 0.5, "spam": 0.0}


@dataclass(frozen=True)
class Fitted:
    """A head, and what it says of each example when it has not learned from that example's group."""

    head: Head
    unseen: Vectors


def fit(
    name: str,
    examples: Sequence[Example],
    vectors: Vectors,
    *,
    encoder: str,
    seed: int,
    by_language: bool = False,
) -> Fitted:
    """Fit the head of a name on examples and the encoder's rows of their texts.

    Each class counts alike; `by_language`, each class of each language, so that no language tells of a class by itself.
    """
    classes = sorted({one.label for one in examples})
    labels = np.array([classes.index(one.label) for one in examples])
    counts = parts([one.text for one in examples])
    meaning = centre(vectors, [one.language for one in examples])
    alike = [f"{one.language} {one.label}" if by_language else one.label for one in examples]
    weights = compute_sample_weight("balanced", alike)
    telling_of = np.array([name in _TOLD_BY_WORDS and one.source != OWN_PHRASES for one in examples])

    def learned(rows: NDArray[np.bool_]) -> Head:
        telling = apart(*(of[rows & telling_of] for of in (counts, labels, weights))) ** _TELLING
        model = _joint(counts[rows], meaning[rows], labels[rows], weights[rows], telling=telling)
        return Head(encoder, tuple(classes), *model)

    folds = _folds(labels, [one.group for one in examples], seed=seed)
    logits = np.zeros((len(examples), len(classes)), dtype=np.float32)
    for fold in range(_FOLDS):
        hold = folds == fold
        logits[hold] = learned(~hold).logits(counts[hold], meaning[hold])
    unseen = np.zeros_like(logits)
    for fold in range(_FOLDS):
        hold = folds == fold
        turn, shift = _certainty(logits[~hold], labels[~hold], alike=_ALIKE[name])
        unseen[hold] = softmax(logits[hold] @ turn.T + shift)
    turned = _turned(learned(np.ones(len(examples), dtype=bool)), *_certainty(logits, labels, alike=_ALIKE[name]))
    return Fitted(turned, unseen)


def _folds(labels: NDArray[np.int64], groups: Sequence[str], *, seed: int) -> NDArray[np.int64]:
    folds = np.zeros(len(labels), dtype=np.int64)
    splitter = StratifiedGroupKFold(n_splits=_FOLDS, shuffle=True, random_state=seed)
    for number, (_, held) in enumerate(splitter.split(labels, labels, groups)):
        folds[held] = number
    return folds


def _joint(
    counts: csr_matrix,
    meaning: Vectors,
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    *,
    telling: NDArray[np.float64],
) -> tuple[Vectors, Vectors, Vectors]:
    """Fit on words, of which rare and telling ones weigh more, beside meaning; the weights hold all scales.

    One model of both beats two that are joined afterwards: each says only what the other does not.
    """
    by_word = rarity(counts) * telling * np.sqrt(_WORDS_C)
    scales = np.concatenate([by_word, np.full(meaning.shape[1], np.sqrt(_MEANING_C))])
    both = hstack([counts, csr_matrix(meaning)], format="csr") @ diags(scales)
    model = LogisticRegression(C=1, max_iter=500)
    # The optimiser's steps are many and small: threads would mostly wait for each other.
    with threadpool_limits(1, user_api="blas"):
        model.fit(both, labels, sample_weight=weights)
    coefficients, bias = _weights(model)
    by_words, by_meaning = np.split((coefficients * scales).astype(np.float32), [counts.shape[1]], axis=1)
    return by_words, by_meaning, bias


def apart(counts: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each bucket tells the classes apart, 1 on average: shape (BUCKETS,).

    It is the spread of the logs of the shares of each class's texts that hold it, which for two classes is half of the
    log-count ratio of Wang and Manning (2012). Without two classes no bucket is more than another.
    """
    classes, places = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        return np.ones(counts.shape[1])
    held = csr_matrix((np.ones(len(counts.data)), counts.indices, counts.indptr), shape=counts.shape)
    by_class = csr_matrix((weights, (places, np.arange(len(places)))))
    holding, all_texts = (by_class @ held).toarray(), np.asarray(by_class.sum(axis=1))
    spread = np.log((holding + _SMOOTHING) / (all_texts + 2 * _SMOOTHING)).std(axis=0)
    mass = np.asarray(counts.sum(axis=0)).ravel()
    return np.asarray(spread / max(float(spread @ mass / mass.sum()), 1e-12), dtype=np.float64)


def _certainty(logits: Vectors, labels: NDArray[np.int64], *, alike: float) -> tuple[Vectors, Vectors]:
    """Return the matrix and shift that make logits of unseen texts as certain as they are right."""
    weights = compute_sample_weight("balanced", labels) ** alike
    return _weights(LogisticRegression(C=0.1, max_iter=1000).fit(logits, labels, sample_weight=weights))


def _turned(head: Head, turn: Vectors, shift: Vectors) -> Head:
    """Return a head whose logits are turned: all is linear, so its weights are."""
    return replace(head, words=turn @ head.words, meaning=turn @ head.meaning, bias=turn @ head.bias + shift)


def _weights(model: LogisticRegression) -> tuple[Vectors, Vectors]:
    """Return one row of weights and one bias a class; two classes share one model in scikit-learn."""
    weights, bias = model.coef_, model.intercept_
    if len(bias) == 1:
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    return weights.astype(np.float32), bias.astype(np.float32)


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

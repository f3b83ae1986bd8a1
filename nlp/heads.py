"""What a post is about in kind: sentiment, type of feedback, abuse and spam, each with a calibrated probability.

A head is one logistic model over hashed words and the encoder's vector, made as certain as it is right on held-out
posts. Where no class is likely enough the answer is None: unknown, never neutral. The weights are small and come with
this package; docs/reference/models.md says what they were made of and how right they are. They read the vectors of the
encoder that they were made with, and of no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from kernel.model import FeedbackType, Sentiment
from nlp import space
from nlp.features import hashed

VERSION = "heads-5"
LANGUAGES = ("en", "id")
NAMES = ("sentiment", "type", "abuse", "spam")

Vectors = NDArray[np.float32]

# Below these the answer is None; above the last a post is spam.
_LEAST_SENTIMENT = 0.5
_LEAST_TYPE = 0.45
SPAM = 0.98
# How often a review with 1 to 5 stars is negative, neutral or positive, against a post of which nothing is known.
_STARS = {
    1: (0.90, 0.07, 0.03),
    2: (0.75, 0.20, 0.05),
    3: (0.40, 0.40, 0.20),
    4: (0.07, 0.23, 0.70),
    5: (0.03, 0.07, 0.90),
}


@dataclass(frozen=True)
class Head:
    """A logistic model: rows of weights, one a class, over words (classes, BUCKETS) and meaning (classes, dimensions).

    `encoder` is the name of the encoder whose vectors it was fitted on.
    """

    encoder: str
    classes: tuple[str, ...]
    words: Vectors
    meaning: Vectors
    bias: Vectors

    def logits(self, counts: csr_matrix, centred: Vectors) -> Vectors:
        """Return what speaks for each class: shape (n, classes)."""
        return np.asarray(counts @ self.words.T + centred @ self.meaning.T + self.bias, dtype=np.float32)

    def probabilities(self, counts: csr_matrix, centred: Vectors) -> Vectors:
        """Return the probability of each class: shape (n, classes)."""
        return softmax(self.logits(counts, centred))


@dataclass(frozen=True)
class Verdict:
    """What the heads say of one post; None where they are not sure or do not know the language."""

    sentiment: Sentiment | None = None
    sentiment_score: float | None = None
    feedback_type: FeedbackType | None = None
    type_score: float | None = None
    abuse: float | None = None
    spam: float | None = None


def made_with() -> str | None:
    """Return the name of the encoder that all weights were made with; None where they were made with several."""
    names = {load(name).encoder for name in NAMES} | {space.made_with()}
    return names.pop() if len(names) == 1 else None


@lru_cache
def learned() -> str:
    """Return a digest of all weights: what was said with others is to be said again."""
    weights = files("nlp").joinpath("weights")
    digest = hashlib.sha256()
    for name in NAMES:
        digest.update(weights.joinpath(f"{name}.npz").read_bytes())
    return digest.hexdigest()[:8]


def judge(
    texts: Sequence[str], languages: Sequence[str], vectors: Vectors, ratings: Sequence[int | None], *, encoder: str
) -> list[Verdict]:
    """Return what the heads say of each encoded text; `vectors` are the encoder's own rows, `ratings` its stars.

    Vectors of another encoder than the weights were made with get no verdict.
    """
    verdicts = [Verdict() for _ in texts]
    known = [row for row, language in enumerate(languages) if language in LANGUAGES and texts[row]]
    if not known or encoder != made_with():
        return verdicts
    counts = parts([texts[row] for row in known])
    centred = centre(vectors[known], [languages[row] for row in known])
    found = {name: load(name).probabilities(counts, centred) for name in NAMES}
    found["sentiment"] = found["sentiment"] * np.array([_STARS.get(ratings[row] or 0, (1, 1, 1)) for row in known])
    found["sentiment"] /= found["sentiment"].sum(axis=1, keepdims=True)
    for place, row in enumerate(known):
        verdicts[row] = _verdict({name: rows[place] for name, rows in found.items()})
    return verdicts


def parts(texts: Sequence[str]) -> csr_matrix:
    """Return the words of texts as the heads read them; the beginning, where a title stands, counts like the whole."""
    whole, long = hashed(texts), [row for row, text in enumerate(texts) if len(text) > _BEGINNING]
    # A short text is its own beginning: it is read once.
    places = np.arange(len(texts))
    places[long] = len(texts) + np.arange(len(long))
    beginnings = vstack([whole, hashed([texts[row][:_BEGINNING] for row in long])], format="csr")[places]
    return (whole + beginnings) / 2


# Characters; measured on issues of GitHub, which go on with code and logs of every kind.
_BEGINNING = 120


def centre(vectors: Vectors, languages: Sequence[str]) -> Vectors:
    """Return vectors without the shipped mean of their language, scaled so that a logistic model can use them."""
    means = space.default().means
    return np.asarray((vectors - np.stack([means[language] for language in languages])) * _SCALE, dtype=np.float32)


# e5's vectors differ little from their mean; this brings the differences to about one.
_SCALE = 4.0


@lru_cache
def load(name: str) -> Head:
    """Load the weights of a head."""
    with as_file(files("nlp").joinpath("weights", f"{name}.npz")) as path, np.load(path) as stored:
        told = ("encoder", "classes")
        arrays = {key: stored[key].astype(np.float32) for key in stored.files if key not in told}
        return Head(encoder=str(stored["encoder"]), classes=tuple(stored["classes"].tolist()), **arrays)


def softmax(logits: Vectors) -> Vectors:
    """Return probabilities from rows of logits."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def _verdict(found: dict[str, Vectors]) -> Verdict:
    sentiment, how_sure = _best("sentiment", found, _LEAST_SENTIMENT)
    kind, how_sure_type = _best("type", found, _LEAST_TYPE)
    return Verdict(
        sentiment=cast("Sentiment | None", sentiment),
        sentiment_score=how_sure,
        feedback_type=cast("FeedbackType | None", kind),
        type_score=how_sure_type,
        abuse=float(found["abuse"][load("abuse").classes.index("abusive")]),
        spam=float(found["spam"][load("spam").classes.index("spam")]),
    )


def _best(name: str, found: dict[str, Vectors], least: float) -> tuple[str | None, float | None]:
    best = int(found[name].argmax())
    score = float(found[name][best])
    return (load(name).classes[best], score) if score >= least else (None, None)

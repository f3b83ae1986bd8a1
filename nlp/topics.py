"""Groups of posts to phrases, by BERTopic with parts of our own.

BERTopic brings the frame and c-TF-IDF. Ours are the vectors, which come ready; Leiden communities in place of UMAP and
HDBSCAN, so that nothing is an outlier and equal seeds give equal groups; and the phrases (`nlp.phrases`). No model is
saved: the registry is the state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from nlp import clusters, phrases

if TYPE_CHECKING:
    from bertopic import BERTopic

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]

OUTSIDE = -1
_CANDIDATES = 100
_MOST_PHRASES = 8


class ClusterModel(Protocol):
    """What BERTopic asks of the thing that finds groups."""

    labels_: Labels

    def fit(self, vectors: Vectors, y: object = None) -> object:
        """Set `labels_` for the rows of `vectors`."""
        ...


class KnnLeiden:
    """Communities of the nearest-neighbour graph."""

    def __init__(self, *, granularity: float, seed: int) -> None:
        self.granularity = granularity
        self.seed = seed
        self.labels_: Labels = np.empty(0, dtype=np.int64)

    def fit(self, vectors: Vectors, y: object = None) -> KnnLeiden:
        """Group unit vectors; `y` is not used."""
        self.labels_ = clusters.cluster(np.asarray(vectors, np.float32), resolution=self.granularity, seed=self.seed)
        return self


class Given:
    """Groups that were found elsewhere."""

    def __init__(self, labels: Labels) -> None:
        self.labels_ = labels

    def fit(self, vectors: Vectors, y: object = None) -> Given:
        """Keep the groups as they are."""
        return self


@dataclass(frozen=True)
class Topics:
    """The group of each post, -1 for none, each group's phrases, strongest first, and those about something."""

    labels: Labels
    phrases: Mapping[int, tuple[str, ...]]
    subjects: frozenset[int] = frozenset()


def find(
    texts: Sequence[str], languages: Sequence[str], vectors: Vectors, *, model: ClusterModel, asked: str | None = None
) -> Topics:
    """Group posts by their projected vectors and describe each group; posts of group -1 are background.

    `asked` is the language that phrases shall be of, where a group has enough posts in it.
    """
    if not len(texts):
        return Topics(np.empty(0, dtype=np.int64), {})
    posts = phrases.documents(texts, languages)
    said = (phrase for post in posts for phrase in phrases.ngrams(post))
    first = next(said, None)
    if all(phrase == first for phrase in said):  # BERTopic cannot weigh a vocabulary of one
        model.fit(vectors)
        return Topics(model.labels_, {int(label): () for label in set(model.labels_.tolist()) - {OUTSIDE}})
    topics = _bertopic(model)
    numbered, _ = topics.fit_transform(posts, embeddings=vectors)
    labels = model.labels_
    names = [int(label) for label in np.unique(labels) if label != OUTSIDE]
    groups = [np.flatnonzero(labels == label) for label in names]
    # BERTopic numbers groups by size; a group is recognised by its first post.
    candidates = [
        [(phrase, float(score)) for phrase, score in topics.get_topic(numbered[places[0]]) or [] if phrase]
        for places in groups
    ]
    chosen = phrases.choose(
        candidates, groups, posts, languages=languages, vectors=vectors, most=_MOST_PHRASES, asked=asked
    )
    described = dict(zip(names, chosen, strict=True))
    return Topics(
        labels,
        {name: one.phrases for name, one in described.items()},
        frozenset(name for name, one in described.items() if one.is_subject),
    )


def _bertopic(model: ClusterModel) -> BERTopic:
    # Imported here, because it takes seconds and only a weekly run needs it.
    from bertopic import BERTopic
    from bertopic.dimensionality import BaseDimensionalityReduction
    from bertopic.vectorizers import ClassTfidfTransformer

    return BERTopic(
        language="multilingual",
        top_n_words=_CANDIDATES,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=model,
        vectorizer_model=CountVectorizer(analyzer=phrases.ngrams),
        ctfidf_model=ClassTfidfTransformer(bm25_weighting=True, reduce_frequent_words=True),
    )

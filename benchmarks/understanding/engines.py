"""Ways to find groups of texts: Suara's own first week, and the usual ones for comparison, on the same vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp import topics
from nlp.names import name
from nlp.registry import Memory, run_week
from nlp.shapes import ThemePost

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """Texts with their languages and projected vectors, and how many groups a labelled file says there are."""

    words: Sequence[str]
    languages: Sequence[str]
    vectors: Vectors
    groups: int


@dataclass(frozen=True)
class Found:
    """The group of each text, -1 for none, and the name and phrases of each group."""

    labels: Labels
    names: Mapping[int, str]
    phrases: Mapping[int, Sequence[str]]


def suara(texts: Texts, *, granularity: float, seed: int) -> Found:
    """Run the first week of a registry that knows nothing, every text by a person of its own."""
    posts = [
        ThemePost(place, place, words, language)
        for place, (words, language) in enumerate(zip(texts.words, texts.languages, strict=True))
    ]
    nothing = Memory(np.empty((0, texts.vectors.shape[1]), np.float32), np.empty(0, np.int64))
    week = run_week(
        posts, texts.vectors, known=[], memory=nothing, pinned={}, granularity=granularity, min_people=3, seed=seed
    )
    labels = np.full(len(posts), -1, dtype=np.int64)
    for number, born in enumerate(week.born):
        labels[list(born.post_ids)] = number
    phrases = {number: born.shape.keywords for number, born in enumerate(week.born)}
    return Found(labels, {number: name(words) for number, words in phrases.items()}, phrases)


def stock_bertopic(seed: int) -> Any:
    """Return BERTopic as it comes, with its UMAP seeded."""
    from bertopic import BERTopic
    from umap import UMAP

    reducer = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    return BERTopic(language="multilingual", umap_model=reducer)


def bertopic(texts: Texts, *, granularity: float, seed: int) -> Found:
    """Run BERTopic as it comes, with its UMAP seeded; it has no granularity."""
    model = stock_bertopic(seed)
    found, _ = model.fit_transform(list(texts.words), embeddings=texts.vectors)
    labels = np.array(found, dtype=np.int64)
    phrases = {
        int(label): [word for word, _ in model.get_topic(int(label)) or []] for label in np.unique(labels) if label >= 0
    }
    return Found(labels, {label: ", ".join(words[:4]) for label, words in phrases.items()}, phrases)


def nmf(texts: Texts, *, granularity: float, seed: int) -> Found:
    """Factorise word counts into as many topics as there are labels, which no other engine is told."""
    vectorizer = TfidfVectorizer(min_df=2, max_df=0.5, stop_words="english")
    counts = vectorizer.fit_transform(texts.words)
    model = NMF(texts.groups, random_state=seed, init="nndsvda", max_iter=400)
    weights = model.fit_transform(counts)
    labels = np.where(weights.max(axis=1) > 0, weights.argmax(axis=1), -1).astype(np.int64)
    words = vectorizer.get_feature_names_out()
    strongest = np.argsort(-model.components_, axis=1)[:, :10]
    phrases = {topic: [str(words[place]) for place in places] for topic, places in enumerate(strongest)}
    return Found(labels, {topic: ", ".join(found[:4]) for topic, found in phrases.items()}, phrases)


def leiden(texts: Texts, *, granularity: float, seed: int) -> Found:
    """Run only the communities and the phrases, without what the registry makes of them."""
    model = topics.KnnLeiden(granularity=granularity, seed=seed)
    found = topics.find(texts.words, texts.languages, texts.vectors, model=model)
    return Found(found.labels, {label: name(words) for label, words in found.phrases.items()}, found.phrases)


ENGINES: Mapping[str, Callable[..., Found]] = {"suara": suara, "leiden": leiden, "bertopic": bertopic, "nmf": nmf}
